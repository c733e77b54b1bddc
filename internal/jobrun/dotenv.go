// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

const (
	maxDotenv          = 1 << 20 // bytes read of one dotenv report
	maxDotenvStored    = 5 << 10 // GitLab's limit in bytes, for the report as the runner compresses it
	maxDotenvVariables = 150     // GitLab's highest limit, that of the most expensive plan
	maxDotenvName      = 255
)

var dotenvName = lazyregexp.New(`^[A-Za-z0-9_]+$`)

// AddDotenv adds the dotenv variables of earlier jobs to j.
func (r *Runner) AddDotenv(j *Job) {
	if r.Artifacts == nil {
		return
	}
	variables := map[string]string{}
	for _, from := range j.ArtifactsFrom {
		if has, err := r.Artifacts.Has(from.Name, from.Runs); err != nil || !has {
			continue
		}
		if err := r.dotenv(from, variables); err != nil {
			r.warn(j, fmt.Sprintf("variables of job %q are not set: %v", from.Name, err))
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
	if j.withoutDotenv == nil {
		before := j.Variables
		j.withoutDotenv = &before
	}
	j.Job = j.Job.WithDotenv(variables)
	j.Name = name // in a child pipeline, the name begins with the trigger job's
	if j.Job.Image != nil && j.Job.Image.Name != named && j.Image.Build == nil {
		j.Image.Reference = gitlabci.WithoutProxy(j.Job.Image.Name)
	}
}

// dotenv reads the stored dotenv reports of a job.
func (r *Runner) dotenv(from *Job, into map[string]string) error {
	var paths []string
	if from.Job.Artifacts != nil {
		for _, report := range from.Job.Artifacts.Reports {
			if report.Kind == "dotenv" {
				paths = append(paths, report.Paths...)
			}
		}
	}
	if len(paths) == 0 {
		return nil
	}
	dir, err := r.Artifacts.Open(from.Name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer dir.Close()
	set := newFileSet(paths, nil, r.dirs(from)...)
	var files []string
	_ = dir.Walk(func(name string, d fs.DirEntry, err error) error { // unreadable files have no variables
		if err == nil && d.Type().IsRegular() && set.has(name) {
			files = append(files, name)
		}
		return nil
	})
	return readDotenv(dir, files, into)
}

// checkDotenv returns an error for dotenv reports that GitLab refuses. There the
// upload fails, and the job with it.
func (r *Runner) checkDotenv(j *Job) error {
	return r.dotenv(j, map[string]string{})
}

func readDotenv(dir *safefs.Dir, files []string, into map[string]string) error {
	read := map[string]string{}
	var stored countingWriter
	for _, file := range files {
		data, err := dir.ReadFile(file, maxDotenv)
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
		z := gzip.NewWriter(&stored)
		_, err = z.Write(data)
		if err := errors.Join(err, z.Close()); err != nil {
			return err
		}
		if err := parseDotenv(filepath.Base(file), string(data), read); err != nil {
			return err
		}
	}
	switch {
	case stored >= maxDotenvStored:
		return fmt.Errorf("the report has %d bytes compressed, and GitLab takes less than %d", stored, maxDotenvStored)
	case len(read) > maxDotenvVariables:
		return fmt.Errorf("the report has %d variables, and GitLab takes %d", len(read), maxDotenvVariables)
	}
	maps.Copy(into, read)
	return nil
}

// parseDotenv parses variables as GitLab does: one NAME=VALUE per line, white
// space around both removed, quotes kept. A byte order mark is ignored.
func parseDotenv(file, text string, into map[string]string) error {
	n := 0
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		n++
		name, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || !dotenvName.MatchString(name) || len(name) > maxDotenvName {
			return fmt.Errorf("%s:%d: expected NAME=VALUE, got %q", file, n, strings.TrimRight(line, "\r\n"))
		}
		into[name] = value
	}
	return nil
}

type countingWriter int

func (w *countingWriter) Write(p []byte) (int, error) {
	*w += countingWriter(len(p))
	return len(p), nil
}
