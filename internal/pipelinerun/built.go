// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"

	"gitlab.com/lcitool/lcitool/internal/containerjob"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/targets"
)

// builtImages are the images that jobs of the pipeline build from Dockerfiles in
// the tree.
type builtImages struct {
	index *containerjob.Index
	tree  string
	files map[string]*readFile // by what builds them, see buildKey
}

type readFile struct {
	*containerjob.Dockerfile
	err error // fs.ErrNotExist if there is no such file
}

// newBuiltImages reads the commands of a pipeline's jobs. An image that no job
// of this pipeline builds is looked up in parent, which may be nil.
func newBuiltImages(e *gitlabci.Evaluation, tree string, parent *builtImages) *builtImages {
	b := &builtImages{index: containerjob.NewIndex(e), tree: tree, files: map[string]*readFile{}}
	if parent != nil {
		b.index.Parent = parent.index
	}
	return b
}

// buildKey returns a key that is equal for builds of the same image.
func buildKey(b containerjob.Build) string {
	key := fmt.Sprintf("%q %q %q", b.Dockerfiles, b.Context, b.Stage)
	for _, name := range slices.Sorted(maps.Keys(b.Args)) {
		key += fmt.Sprintf(" %q=%q", name, b.Args[name])
	}
	return key
}

// dockerfile reads the Dockerfile of a build. It caches the result.
func (b *builtImages) dockerfile(build containerjob.Build) (*containerjob.Dockerfile, error) {
	key := buildKey(build)
	if b.files[key] == nil {
		d, err := containerjob.ReadDockerfile(b.tree, build)
		b.files[key] = &readFile{d, err}
	}
	return b.files[key].Dockerfile, b.files[key].err
}

func (b *builtImages) builds(job *gitlabci.Job) bool {
	if job.Role().Kind == gitlabci.Container {
		return true
	}
	if b == nil {
		return false
	}
	all, _ := b.index.By(job.Name)
	return slices.ContainsFunc(all, func(build containerjob.Build) bool {
		_, err := b.dockerfile(build)
		return !errors.Is(err, fs.ErrNotExist)
	})
}

// of returns the build of the image that a job builds, or else of the image it
// runs in. ok is false if the tree has no Dockerfile for it.
func (b *builtImages) of(job *gitlabci.Job) (containerjob.Build, *containerjob.Dockerfile, bool) {
	all, _ := b.index.By(job.Name)
	if _, build, ok := b.index.For(job); ok {
		all = append(slices.Clone(all), build)
	}
	for _, build := range all {
		if d, err := b.dockerfile(build); err == nil {
			return build, d, true
		}
	}
	return containerjob.Build{}, nil, false
}

// role returns the role of a job. If its variables do not name a target, the
// Dockerfile of its image may.
func (b *builtImages) role(job *gitlabci.Job) gitlabci.Role {
	role := job.Role()
	if b == nil || role.Target != "" {
		return role
	}
	_, d, ok := b.of(job)
	if !ok {
		return role
	}
	role.Target, role.Arch = d.Name, d.Cross
	if d.Target != "" {
		role.Target = d.Target
	}
	if role.Arch == "" {
		role.Arch = "x86_64"
	}
	if b.builds(job) {
		role.Kind = gitlabci.Container
	}
	return role
}

// Role returns the role of a job, from its variables or from the Dockerfile of
// its image.
func (e *Evaluation) Role(job *gitlabci.Job) gitlabci.Role { return e.built.role(job) }

// ImageSource says how the image of a job is built. by is the name of the job
// that builds it, "" for job itself; dockerfile is a path below the project. ok
// is false if no job builds it.
func (e *Evaluation) ImageSource(job *gitlabci.Job) (by, dockerfile string, ok bool) {
	build, d, ok := e.built.of(job)
	if !ok {
		return "", "", false
	}
	if own, _ := e.built.index.By(job.Name); !slices.ContainsFunc(own, func(b containerjob.Build) bool { return buildKey(b) == buildKey(build) }) {
		by, _, _ = e.built.index.For(job)
	}
	return by, d.Path, true
}

// isFor reports whether a job is for a target: its variables say so, or its
// image's Dockerfile has the target's name or was generated for it.
func (b *builtImages) isFor(job *gitlabci.Job, target string) bool {
	if job.Role().Target == target {
		return true
	}
	if b == nil {
		return false
	}
	_, d, ok := b.of(job)
	return ok && (target == d.Name || target == d.Target || target == targets.EnvironmentName(d.Target, targets.Arch(d.Cross)))
}

// tag returns the tag of a build. Builds of different images have different
// tags.
func (b *builtImages) tag(project string, build containerjob.Build, d *containerjob.Dockerfile) string {
	sum := sha256.Sum256([]byte(buildKey(build)))
	for key, other := range b.files {
		if other.err == nil && key != buildKey(build) && containerjob.ImageName(other.Name) == containerjob.ImageName(d.Name) {
			return fmt.Sprintf("%s-%x", d.Tag(project), sum[:4])
		}
	}
	return d.Tag(project)
}

// readAll reads all Dockerfiles, so that tags do not depend on which jobs run.
func (b *builtImages) readAll() {
	for _, build := range b.index.All() {
		_, _ = b.dockerfile(build) // the error is kept for the jobs that need it
	}
}

// imagePath returns the last element of an image's name, without registry, tag
// and digest.
func imagePath(reference string) string {
	name := path.Base(filepath.ToSlash(reference))
	for i, r := range name {
		if r == ':' || r == '@' {
			return name[:i]
		}
	}
	return name
}
