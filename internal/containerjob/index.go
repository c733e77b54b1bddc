// SPDX-License-Identifier: GPL-2.0-or-later

package containerjob

import (
	"slices"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
)

// An Index says which job of a pipeline builds which image.
type Index struct {
	Parent *Index // of the pipeline that started this one, nil for none

	jobs    map[string][]Build  // by job
	unknown map[string][]string // by job
	makers  map[string][]maker  // by reference
}

// A maker is a job that builds an image.
type maker struct {
	job     string
	outside bool // it is not in the pipeline of the event
	build   Build
}

// NewIndex evaluates the commands of a pipeline's jobs.
func NewIndex(e *gitlabci.Evaluation) *Index {
	x := &Index{jobs: map[string][]Build{}, unknown: map[string][]string{}, makers: map[string][]maker{}}
	for i := range e.Jobs {
		job := &e.Jobs[i]
		builds, unknown := Of(job)
		x.jobs[job.Name], x.unknown[job.Name] = builds, unknown
		for _, b := range builds {
			for _, tag := range b.Tags {
				x.makers[tag] = append(x.makers[tag], maker{job.Name, job.When == gitlabci.Never, b})
			}
		}
	}
	return x
}

// By returns the images that a job builds. unknown has a line for each reason
// why it may build others.
func (x *Index) By(job string) (builds []Build, unknown []string) {
	return x.jobs[job], x.unknown[job]
}

// For returns the build of the image that a job runs in. If several jobs build
// it, it prefers a job that this one needs, then one in the pipeline, then the
// first.
func (x *Index) For(job *gitlabci.Job) (by string, _ Build, ok bool) {
	if job.Image == nil || job.Image.Name == "" {
		return "", Build{}, false
	}
	all := slices.Clone(x.makers[Reference(job.Image.Name)])
	switch {
	case len(all) == 0 && x.Parent != nil:
		return x.Parent.For(job)
	case len(all) == 0:
		return "", Build{}, false
	}
	weight := func(m maker) int {
		switch {
		case slices.ContainsFunc(job.Needs, func(n gitlabci.Need) bool { return n.Job == m.job }):
			return 0
		case !m.outside:
			return 1
		}
		return 2
	}
	best := slices.MinFunc(all, func(a, b maker) int { return weight(a) - weight(b) })
	return best.job, best.build, true
}

// All returns the builds of all jobs and of the parent's, in no particular
// order.
func (x *Index) All() []Build {
	var out []Build
	for _, builds := range x.jobs {
		out = append(out, builds...)
	}
	if x.Parent != nil {
		out = append(out, x.Parent.All()...)
	}
	return out
}
