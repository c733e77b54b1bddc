// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/container/bootstrap"
	"gitlab.com/lcitool/lcitool/internal/containerjob"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/envimage"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/projectsource"
	"gitlab.com/lcitool/lcitool/internal/safefs"
	"gitlab.com/lcitool/lcitool/manifests"
	"gitlab.com/lcitool/lcitool/targets"
)

// maxDockerfile bounds a Dockerfile of the project, in bytes.
const maxDockerfile = 4 << 20

// Environments is what is known of the build environments that jobs run in.
type Environments interface {
	// Dockerfiles renders those of a manifest, by environment, and gives the
	// manifest's digest. Without requests, an error may be a
	// *projectsource.OfflineError.
	Dockerfiles(ctx context.Context, file string, manifest []byte, ciDir string, requests bool) (files map[string][]byte, digest string, err error)
	// Target gives a target, nil if only the project knows it.
	Target(name, crossArch string) *targets.Target
	// Base says how to make the base image of a target.
	Base(target string) (bootstrap.Options, error)
}

// ImageOptions say how the images of jobs are found.
type ImageOptions struct {
	Environments Environments
	CIDir        string // with the Dockerfiles, below the project
	Render       bool   // build what the manifest says instead of the committed Dockerfiles
	Published    bool   // use those of the project's own registry
	Bootstrap    bool   // make base images that cannot be pulled
	NoCache      bool
	Exact        bool // build from Dockerfiles as they are, not on top of older images
	AllowUnsafe  bool
	Offline      bool
	Network      container.Network // of builds
	Upstream     Upstream
	Prefix       string // of published images: what stands before their name; "" for the project's registry
	Tag          string // of published images; "" for that of the pipeline
	Default      string // of jobs that name none; "" for RunnerImage
}

// RunnerImage is what jobs that name no image run in on GitLab.com's runners.
const RunnerImage = "docker.io/library/ruby:3.1"

// named reports whether images are published ones that the user names.
func (o ImageOptions) named() bool { return o.Prefix != "" || o.Tag != "" }

// jobImages finds the image of each job.
type jobImages struct {
	ImageOptions
	messages    Messages
	tree        string // directory with the project's files
	project     string // its name, for those of images
	source      *Source
	event       gitlabci.Event
	built       *builtImages
	upstream    map[string]string // image of each job in the registry of upstream, by job; nil if not asked for yet
	fresh       map[string][]byte // Dockerfiles as the manifest means them, by environment; nil if there is none
	digest      string            // of the manifest
	warnedStale map[string]bool   // environments
	saidDefault bool
}

// FindImages finds the image of each job of a plan.
func (p *Plan) FindImages(ctx context.Context, o ImageOptions) error {
	i := &jobImages{
		ImageOptions: o, messages: p.source.messages, tree: p.source.tree, project: containerjob.ImageName(filepath.Base(p.source.Project)),
		source: p.source, event: p.event, built: p.built,
	}
	if err := i.prepare(ctx); err != nil {
		return err
	}
	p.offline, p.images = i.Offline, o
	p.built.readAll()
	for _, j := range p.Jobs {
		if j.Trigger {
			continue
		}
		if err := i.choose(ctx, j); err != nil {
			return err
		}
		i.chooseDefault(j)
	}
	return nil
}

// prepare reads what all jobs have in common.
func (i *jobImages) prepare(ctx context.Context) error {
	if i.Published || i.named() {
		return nil
	}
	file := filepath.Join(i.tree, filepath.FromSlash(manifests.DefaultPath))
	data, err := safefs.ReadFileIn(i.tree, manifests.DefaultPath, manifests.MaxSize)
	switch {
	case errors.Is(err, fs.ErrNotExist) && i.Render:
		return diag.WithHint(fmt.Errorf("--render: there is no %s", file), "leave --render out to build from the Dockerfiles that are there")
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil && i.Render:
		return fmt.Errorf("cannot read the manifest: %w", err)
	case err != nil:
		i.messages.infof("warning: cannot tell whether Dockerfiles are what the manifest says: %v", err)
		return nil
	}
	// Without --render this is only for a warning, and the manifest may name any host.
	i.fresh, i.digest, err = i.Environments.Dockerfiles(ctx, file, data, i.CIDir, i.Render)
	if err != nil && !i.Render {
		i.unknown(err)
		return nil
	}
	return err
}

// unknown says why nobody can tell whether Dockerfiles are stale.
func (i *jobImages) unknown(err error) {
	const what = "warning: cannot tell whether Dockerfiles are what the manifest says: "
	var offline *projectsource.OfflineError
	if errors.As(err, &offline) {
		i.messages.infof(what+"%s is not in the cache; \"lcitool manifest --check\" fetches it", offline.URL)
		return
	}
	i.messages.infof(what+"%v", err)
}

// crossArch is what a job's image makes programs for, "" for its own machine.
func crossArch(r gitlabci.Role) string {
	if r.Kind == gitlabci.Cross {
		return r.Arch
	}
	return ""
}

// chooseDefault sets the image of a job that has none so far, and says so once.
func (i *jobImages) chooseDefault(j *jobrun.Job) {
	if j.Image.Reference != "" || j.Image.Build != nil || j.Job.Image != nil || j.Role().Kind == gitlabci.Cirrus {
		return
	}
	j.Image.Reference = cmp.Or(i.Default, RunnerImage)
	if i.Default == "" && !i.saidDefault {
		i.saidDefault = true
		i.messages.infof("jobs without an image run in %s, as on GitLab.com; --default-image chooses another", RunnerImage)
	}
}

// choose sets the image of a job: made from the Dockerfile of its environment,
// made as another job of the pipeline makes it, or a published one.
func (i *jobImages) choose(ctx context.Context, j *jobrun.Job) error {
	role := j.Role()
	if j.Job.Image != nil {
		j.Image.Reference = gitlabci.WithoutProxy(j.Job.Image.Name)
	}
	switch {
	case i.named():
		i.rename(j, role)
		return nil
	case i.Published:
		if published := i.upstreamImages()[j.Name]; published != "" {
			j.Image.Reference = published
		}
		j.Image.AlwaysPull, j.Image.Local = !i.Offline, i.nobodys(j)
		setImageEnv(j, role)
		return nil
	case role.Kind == gitlabci.Cirrus:
		return nil
	}
	if done, err := i.fromEnvironment(j, role); done || err != nil {
		return err
	}
	if done, err := i.fromJob(ctx, j); done || err != nil {
		return err
	}
	i.fromRegistry(j)
	return nil
}

// fromEnvironment sets the image of a job that has a build environment of the
// manifest: it is made from the Dockerfile of that, as GitLab makes it.
func (i *jobImages) fromEnvironment(j *jobrun.Job, role gitlabci.Role) (done bool, err error) {
	name := targets.EnvironmentName(role.Target, targets.Arch(crossArch(role)))
	if role.Kind == gitlabci.Container {
		name = variable(j, "NAME")
	}
	switch {
	case role.Target == "":
		return false, nil
	case !isPlainName(name) && i.built.builds(&j.Job):
		return false, nil
	case !isPlainName(name):
		return false, fmt.Errorf("job %q: its variable NAME is %q, which is not the name of a Dockerfile in %s/containers", j.Name, name, i.CIDir)
	}
	file := path.Join(i.CIDir, "containers", name+".Dockerfile")
	body, err := safefs.ReadFileIn(i.tree, file, maxDockerfile)
	wanted, planned := i.fresh[name]
	switch {
	case i.Render && !planned:
		return false, diag.WithHint(fmt.Errorf("--render: the manifest has no image %q, which job %q runs in", name, j.Name), "is the pipeline that of this manifest?")
	case i.Render:
		body = wanted
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("cannot read the Dockerfile of job %q: %w", j.Name, err)
	}
	if planned && err == nil && !bytes.Equal(body, wanted) || i.Render && !i.upToDate(file, wanted) {
		i.warnStale(name, file)
	}
	j.Image.Build = i.build(j, role, name, file, body)
	j.Image.Reference = j.Image.Build.Build.Tag
	j.Image.BuildOnly = role.Kind == gitlabci.Container
	setImageEnv(j, role)
	return true, nil
}

// setImageEnv makes the job take its image for one in which everything is
// installed already, as GitLab's jobs do in images of the registry.
func setImageEnv(j *jobrun.Job, role gitlabci.Role) {
	if role.Kind == gitlabci.Native || role.Kind == gitlabci.Cross {
		j.Env = append(j.Env, "IMAGE="+j.Image.Reference)
	}
}

func (i *jobImages) upToDate(file string, wanted []byte) bool {
	body, err := safefs.ReadFileIn(i.tree, file, maxDockerfile)
	return err == nil && bytes.Equal(body, wanted)
}

// warnStale says once that a Dockerfile is not what the manifest means.
func (i *jobImages) warnStale(name, file string) {
	if i.warnedStale == nil {
		i.warnedStale = map[string]bool{}
	}
	if i.warnedStale[name] {
		return
	}
	i.warnedStale[name] = true
	if i.Render {
		i.messages.infof("%s is not what the manifest says; building what the manifest says, which GitLab will not do before it is committed", file)
		return
	}
	i.messages.infof("%s is not what the manifest says; building from the file, as GitLab does (--render builds what the manifest says)", file)
}

// build describes the image of an environment.
func (i *jobImages) build(j *jobrun.Job, role gitlabci.Role, name, file string, body []byte) *envimage.Image {
	return i.describe(j, i.Environments.Target(role.Target, crossArch(role)), role, "lcitool."+i.project+"."+name, file, body)
}

// describe describes an image with the Dockerfile of a target, which is nil if
// it is not known.
func (i *jobImages) describe(j *jobrun.Job, t *targets.Target, role gitlabci.Role, tag, file string, body []byte) *envimage.Image {
	image := envimage.New(t, envimage.Options{
		Tag:  tag,
		Body: envimage.Committed(t, body),
		File: file,
		Labels: map[string]string{
			container.LabelTarget: role.Target, container.LabelArch: role.Arch, jobrun.LabelProject: i.project,
		},
		Manifest:    i.digest,
		NoCache:     i.NoCache,
		Exact:       i.Exact,
		AllowUnsafe: i.AllowUnsafe,
		Offline:     i.Offline,
		Network:     i.Network,
	})
	maps.DeleteFunc(image.Build.Labels, func(_, value string) bool { return value == "" })
	image.Bootstrap = i.Bootstrap && !i.Offline && role.Target != ""
	if image.Bootstrap {
		base, err := i.Environments.Base(role.Target)
		if err != nil {
			image.Bootstrap = false // the build says what is missing
			i.messages.warnf(fmt.Sprintf("job %q", j.Name), "--bootstrap: %v", err)
		}
		image.Base = base
	}
	return &image
}

// isPlainName reports whether a name of an environment is a file's name and
// no path.
func isPlainName(name string) bool {
	return name != "." && fs.ValidPath(name) && path.Base(name) == name
}

// variable gives the value that a job sees, "" for none.
func variable(j *jobrun.Job, name string) string {
	for _, v := range j.Variables {
		if v.Name == name {
			return v.Value
		}
	}
	return ""
}
