// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/containerjob"
	"gitlab.com/lcitool/lcitool/internal/envimage"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/targets"
)

// fromJob sets the image of a job that builds an image, or that runs in an image
// that another job builds. It uses only the Dockerfile: the job's own image and
// services exist to run docker build on GitLab.
func (i *jobImages) fromJob(ctx context.Context, j *jobrun.Job) (done bool, err error) {
	own, unknown := i.built.index.By(j.Name)
	for _, build := range own {
		image, err := i.fromBuild(ctx, j, build)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			i.messages.warnf(j.Name, "image %s is not built: %v", build.Tags[0], err)
			continue
		case err != nil:
			return false, err
		}
		j.Image.Builds = append(j.Image.Builds, image)
		i.messages.infof("%s: builds image %s from %s; its other commands do not run here", j.Name, build.Tags[0], image.Build.File)
	}
	if len(j.Image.Builds) > 0 {
		for _, line := range unknown {
			i.messages.warnf(j.Name, "cannot build %s", line)
		}
		j.Image.Build, j.Image.Builds, j.Image.BuildOnly = j.Image.Builds[0], j.Image.Builds[1:], true
		j.Image.Reference = j.Image.Build.Build.Tag
		return true, nil
	}
	_, build, ok := i.built.index.For(&j.Job)
	if !ok {
		return false, nil
	}
	image, err := i.fromBuild(ctx, j, build)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	}
	j.Image.Build, j.Image.Reference = image, image.Build.Tag
	return true, nil
}

// fromBuild describes an image that a job builds. The error is fs.ErrNotExist if
// the tree does not have the Dockerfile.
func (i *jobImages) fromBuild(ctx context.Context, j *jobrun.Job, build containerjob.Build) (*envimage.Image, error) {
	d, err := i.built.dockerfile(build)
	if err != nil {
		return nil, err
	}
	text, err := containerjob.UpToStage(d.Text, build.Stage)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.Path, err)
	}
	args := maps.Clone(build.Args)
	maps.DeleteFunc(args, func(name, _ string) bool { return strings.HasPrefix(name, "BUILDKIT_") }) // arguments of BuildKit itself
	role := gitlabci.Role{Kind: gitlabci.Native, Target: d.Target, Arch: d.Cross}
	if d.Cross != "" {
		role.Kind = gitlabci.Cross
	}
	var t *targets.Target
	if d.Target != "" {
		t = i.Environments.Target(d.Target, d.Cross)
	}
	image := i.describe(j, t, role, i.built.tag(i.project, build, d), d.Path, text)
	image.Build.Args = args
	err = image.AddContext(i.tree, build.Context, func() ([]string, error) { return i.source.trackedFiles(ctx) })
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("there is no build context %q", build.Context) // must not match fs.ErrNotExist, which means a missing Dockerfile
	}
	return image, err
}

// trackedFiles returns the files that jobs see, or nil for all.
func (s *Source) trackedFiles(ctx context.Context) ([]string, error) {
	if s.snapshot == nil {
		return nil, nil
	}
	return s.snapshot.Names(ctx)
}

// fromRegistry sets where the published image of a job is pulled from: the
// project's registry, else upstream's. The registry of an unknown fork is not
// used, because its placeholder name may belong to someone else.
func (i *jobImages) fromRegistry(j *jobrun.Job) {
	if !inRegistry(j.Image.Reference, variable(j, "CI_REGISTRY_IMAGE")) {
		return
	}
	switch upstream := gitlabci.WithoutProxy(i.upstreamImages()[j.Name]); {
	case upstream != "" && i.event.Namespace == ForkNamespace:
		j.Image.Reference = upstream
	case upstream != "" && upstream != j.Image.Reference:
		j.Image.Alternatives = []string{upstream}
	}
	j.Image.Local = i.nobodys(j)
}

// nobodys reports whether an image is in the registry of an unknown fork.
func (i *jobImages) nobodys(j *jobrun.Job) bool {
	registry := variable(j, "CI_REGISTRY_IMAGE")
	return i.event.Namespace == ForkNamespace && inRegistry(j.Image.Reference, registry)
}

func inRegistry(reference, registry string) bool {
	rest, ok := strings.CutPrefix(reference, registry)
	return ok && registry != "" && (rest == "" || strings.ContainsAny(rest[:1], "/:@"))
}

// upstreamImages returns the images in upstream's registry, by job name: those
// that a push to its default branch uses.
func (i *jobImages) upstreamImages() map[string]string {
	if i.upstream != nil {
		return i.upstream
	}
	i.upstream = map[string]string{}
	e := i.event
	up := gitlabci.Event{
		Source: gitlabci.Push, Namespace: e.Namespace, Project: e.Project, DefaultBranch: e.DefaultBranch, Host: e.Host,
		Branch: e.DefaultBranch, Directory: e.Directory, Variables: e.Variables,
	}
	name, ok := i.Upstream.Of(i.source.Pipeline, e)
	if ok {
		up.Namespace = name
	} else if e.Namespace == ForkNamespace {
		return i.upstream
	}
	evaluation := i.source.Pipeline.Evaluate(up) // its problems do not matter here
	for k := range evaluation.Jobs {
		if job := &evaluation.Jobs[k]; job.Image != nil {
			i.upstream[job.Name] = job.Image.Name
		}
	}
	return i.upstream
}

// rename applies Prefix and Tag to the image of a job, if it is one of the
// project's.
func (i *jobImages) rename(j *jobrun.Job, role gitlabci.Role) {
	reference := j.Image.Reference
	_, _, made := i.built.index.For(&j.Job)
	if role.Target == "" && !made && !inRegistry(reference, variable(j, "CI_REGISTRY_IMAGE")) {
		return
	}
	name, tag := splitTag(containerjob.Reference(reference))
	if i.Prefix != "" {
		short := imagePath(name)
		if role.Target != "" && role.Kind != gitlabci.Container {
			short = targets.EnvironmentName(role.Target, targets.Arch(crossArch(role)))
		}
		name = i.Prefix + short
	}
	if i.Tag != "" {
		tag = i.Tag
	}
	j.Image.Reference, j.Image.AlwaysPull = name+":"+tag, i.Published && !i.Offline
	setImageEnv(j, role)
}

// splitTag splits a reference at its tag or digest.
func splitTag(reference string) (name, tag string) {
	at := strings.LastIndexAny(reference, ":@")
	if at < 0 {
		return reference, "latest"
	}
	return reference[:at], reference[at+1:]
}
