// SPDX-License-Identifier: GPL-2.0-or-later

// Package containerjob finds the images that jobs of a pipeline build.
//
// It runs nothing. It parses the commands of a job as a shell does, expands
// variables, and keeps the commands with which docker, podman, buildah or kaniko
// build an image. It leaves out commands that depend on something known only at
// run time, such as the output of a command.
package containerjob

import (
	"path"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
)

// A Build is an image that a job builds.
type Build struct {
	Tags        []string          // the image's references, never empty
	Dockerfiles []string          // paths below the project; the first that exists is the Dockerfile
	Context     string            // directory below the project, "." for the project itself
	Args        map[string]string // ARG values
	Stage       string            // the last one to build, "" for all
}

// unknownWhy is the reason why a build is left out.
const unknownWhy = "depends on what is only known while the job runs"

// Of returns the images that a job builds. unknown has a line for each reason
// why it may build others.
func Of(job *gitlabci.Job) (builds []Build, unknown []string) {
	scripts := append(append([]string{}, job.BeforeScript...), job.Script...)
	if !namesBuilder(scripts, job.Variables) {
		return nil, nil // parsing every script would take longer than reading the pipeline
	}
	s := newShell(job)
	s.scripts(scripts)
	for _, b := range s.builds {
		if len(b.Tags) > 0 {
			builds = append(builds, b.Build)
		}
	}
	return builds, s.unknown
}

// namesBuilder reports whether a script or a variable has the name of a program
// that builds images. The variables that GitLab sets name none: docker.io is one
// of their values, in every job.
func namesBuilder(scripts []string, variables gitlabci.VariableSet) bool {
	names := func(text string) bool {
		return slices.ContainsFunc(builders(), func(name string) bool { return strings.Contains(text, name) })
	}
	if slices.ContainsFunc(scripts, names) {
		return true
	}
	for v := range variables.All() {
		if v.From != gitlabci.FromGitLab && names(v.Value) {
			return true
		}
	}
	return false
}

// builders returns the names of the programs that shell.program knows, except
// those that only run or name what others have built.
func builders() []string {
	return []string{"docker", "podman", "nerdctl", "buildah", "img", "executor"}
}

// Reference returns an image's reference with its default tag, so that
// references to the same image are equal.
func Reference(name string) string {
	name = strings.TrimPrefix(gitlabci.WithoutProxy(name), "docker://")
	if last := name[strings.LastIndexByte(name, '/')+1:]; !strings.ContainsAny(last, ":@") {
		name += ":latest"
	}
	return name
}

// below converts a path in a command to one below the project. dir is the
// command's directory below the project. ok is false for a path outside.
func (s *shell) below(dir, name string) (_ string, ok bool) {
	if path.IsAbs(name) {
		rest, inside := strings.CutPrefix(path.Clean(name)+"/", path.Clean(s.project)+"/")
		if !inside || s.project == "" {
			return "", false
		}
		return path.Clean(rest), true
	}
	name = path.Join(dir, name)
	return name, name != ".." && !strings.HasPrefix(name, "../")
}
