// SPDX-License-Identifier: GPL-2.0-or-later

// Package containerjob finds the images that jobs of a pipeline build.
//
// Nothing is run. The commands of a job are read with a shell's parser,
// variables in them are replaced, and the lines that have docker, podman,
// buildah or kaniko build an image are kept. What depends on something that is
// only known while the job runs, such as the output of a command, is not.
package containerjob

import (
	"path"
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

// unknownWhy says why a build is left out.
const unknownWhy = "depends on what is only known while the job runs"

// Of gives the images that a job builds, and why it may build others that are
// not among them, a line each.
func Of(job *gitlabci.Job) (builds []Build, unknown []string) {
	s := newShell(job)
	s.scripts(append(append([]string{}, job.BeforeScript...), job.Script...))
	for _, b := range s.builds {
		if len(b.Tags) > 0 {
			builds = append(builds, b.Build)
		}
	}
	return builds, s.unknown
}

// Reference gives an image's reference with the tag that it has if it names
// none, so that two references of one image are the same text.
func Reference(name string) string {
	name = strings.TrimPrefix(gitlabci.WithoutProxy(name), "docker://")
	if last := name[strings.LastIndexByte(name, '/')+1:]; !strings.ContainsAny(last, ":@") {
		name += ":latest"
	}
	return name
}

// below gives the path below the project of one that a command names, which
// runs in the directory dir below it. ok is false for a path outside.
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
