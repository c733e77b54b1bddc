// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// maxDotenv is the largest report of variables that GitLab takes, in bytes.
const maxDotenv = 5 << 10

var dotenvName = regexp.MustCompile(`^[A-Za-z0-9_]+$`)

// AddDotenv gives a job the variables that the jobs before it have left.
func (r *Runner) AddDotenv(j *Job) {
	variables := map[string]string{}
	for _, from := range j.ArtifactsFrom {
		for _, file := range r.dotenvFiles(from) {
			if err := readDotenv(file, variables); err != nil {
				r.warn(j, fmt.Sprintf("variables of job %q are not set: %v", from.Name, err))
			}
		}
	}
	if len(variables) == 0 {
		return
	}
	named := ""
	if j.Job.Image != nil {
		named = j.Job.Image.Name
	}
	name := j.Name
	j.Job = j.Job.WithDotenv(variables)
	j.Name = name // which that of the trigger begins with in a child pipeline
	if j.Job.Image != nil && j.Job.Image.Name != named && j.Image.Build == nil {
		j.Image.Reference = gitlabci.WithoutProxy(j.Job.Image.Name)
	}
}

// dotenvFiles lists the reports of variables among the artifacts of a job.
func (r *Runner) dotenvFiles(from *Job) []string {
	var paths []string
	if from.Job.Artifacts != nil && r.Artifacts != nil {
		for _, report := range from.Job.Artifacts.Reports {
			if report.Kind == "dotenv" {
				paths = append(paths, report.Paths...)
			}
		}
	}
	if len(paths) == 0 {
		return nil
	}
	if has, err := r.Artifacts.Has(from.Name, from.Runs); err != nil || !has {
		return nil
	}
	dir := r.Artifacts.Dir(from.Name)
	set := newFileSet(paths, nil, r.Tree.MountPath)
	var files []string
	_ = filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error { // what cannot be read has no variables
		if rel, relErr := filepath.Rel(dir, name); err == nil && relErr == nil && d.Type().IsRegular() && set.has(filepath.ToSlash(rel)) {
			files = append(files, name)
		}
		return nil
	})
	return files
}

// readDotenv reads variables as GitLab does: NAME=VALUE in each line, white
// space around both taken away, quotes kept.
func readDotenv(file string, into map[string]string) error {
	data, err := safefs.ReadFile(file, maxDotenv)
	if err != nil {
		return err
	}
	read := map[string]string{}
	for n, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
		name, value, ok := strings.Cut(line, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || !dotenvName.MatchString(name) {
			return fmt.Errorf("%s:%d: expected NAME=VALUE, got %q", filepath.Base(file), n+1, line)
		}
		read[name] = value
	}
	for name, value := range read {
		into[name] = value
	}
	return nil
}
