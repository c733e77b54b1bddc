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

	"gitlab.com/lcitool/lcitool/container/api"
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

// maxDockerfile limits the size of a Dockerfile in the project, in bytes.
const maxDockerfile = 4 << 20

// Environments returns facts about the build environments that jobs run in.
type Environments interface {
	// Dockerfiles renders the Dockerfiles of a manifest, by environment name, and
	// returns the manifest's digest. With requests false it sends no network
	// requests, and the error may be a *projectsource.OfflineError.
	Dockerfiles(ctx context.Context, file string, manifest []byte, ciDir string, requests bool) (files map[string][]byte, digest string, err error)
	// Target returns a target, or nil if lcitool's facts do not have it.
	Target(name, crossArch string) *targets.Target
	// Base returns how to build the base image of a target.
	Base(target string) (bootstrap.Options, error)
}

// ImageOptions say how to find the images of jobs.
type ImageOptions struct {
	Environments Environments
	CIDir        string // with the Dockerfiles, below the project
	Render       bool   // build what the manifest says instead of the committed Dockerfiles
	Published    bool   // use those of the project's own registry
	Bootstrap    bool   // build base images that cannot be pulled
	NoCache      bool
	Exact        bool // build Dockerfiles as they are, without reusing older images
	AllowUnsafe  bool
	Offline      bool
	Network      api.Network // of builds
	Upstream     Upstream
	Prefix       string // replaces the registry and path in published images' names; "" for the project's registry
	Tag          string // of published images; "" for the pipeline's tag
	Default      string // for jobs without an image; "" for RunnerImage
}

// RunnerImage is the image that GitLab.com's runners use for jobs without one.
const RunnerImage = "docker.io/library/ruby:3.1"

// named reports whether the user names the published images.
func (o ImageOptions) named() bool { return o.Prefix != "" || o.Tag != "" }

type jobImages struct {
	ImageOptions
	messages    Messages
	tree        string // directory with the project's files
	project     string // its name, for those of images
	source      *Source
	event       gitlabci.Event
	built       *builtImages
	upstream    map[string]string // image of each job in upstream's registry, by job name; nil until computed
	fresh       map[string][]byte // rendered Dockerfiles, by environment; nil if there is no manifest
	digest      string            // of the manifest
	warnedStale map[string]bool   // environments that warnStale has reported
	saidDefault bool
}

// FindImages sets the image of each job of a plan.
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
		i.messages.infof("warning: cannot compare the Dockerfiles with the manifest: %v", err)
		return nil
	}
	// Without Render, the result is used only for a warning. A manifest may name
	// any host, so no requests are sent then.
	i.fresh, i.digest, err = i.Environments.Dockerfiles(ctx, file, data, i.CIDir, i.Render)
	if err != nil && !i.Render {
		i.unknown(err)
		return nil
	}
	return err
}

// unknown warns that stale Dockerfiles cannot be detected.
func (i *jobImages) unknown(err error) {
	const what = "warning: cannot compare the Dockerfiles with the manifest: "
	var offline *projectsource.OfflineError
	if errors.As(err, &offline) {
		i.messages.infof(what+"%s is not in the cache; \"lcitool manifest --check\" fetches it", offline.URL)
		return
	}
	i.messages.infof(what+"%v", err)
}

func crossArch(r gitlabci.Role) string {
	if r.Kind == gitlabci.Cross {
		return r.Arch
	}
	return ""
}

// chooseDefault sets the default image for a job that has none, and reports it
// once.
func (i *jobImages) chooseDefault(j *jobrun.Job) {
	if j.Image.Reference != "" || j.Image.Build != nil || !j.Job.NoImage() || j.Role().Kind == gitlabci.Cirrus {
		return
	}
	j.Image.Reference = cmp.Or(i.Default, RunnerImage)
	if i.Default == "" && !i.saidDefault {
		i.saidDefault = true
		i.messages.infof("jobs without an image run in %s, as on GitLab.com; --default-image chooses another", RunnerImage)
	}
}

// choose sets the image of a job: built from the Dockerfile of its environment,
// built as another job of the pipeline builds it, or published.
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

// fromEnvironment sets the image of a job that runs in a build environment of
// the manifest. The image is built from the environment's Dockerfile.
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

// setImageEnv sets IMAGE, which tells a job's script that the packages are
// installed, as in images of the project's registry.
func setImageEnv(j *jobrun.Job, role gitlabci.Role) {
	if role.Kind == gitlabci.Native || role.Kind == gitlabci.Cross {
		j.Env = append(j.Env, "IMAGE="+j.Image.Reference)
	}
}

func (i *jobImages) upToDate(file string, wanted []byte) bool {
	body, err := safefs.ReadFileIn(i.tree, file, maxDockerfile)
	return err == nil && bytes.Equal(body, wanted)
}

// warnStale warns once that a committed Dockerfile differs from the rendered
// one.
func (i *jobImages) warnStale(name, file string) {
	if i.warnedStale == nil {
		i.warnedStale = map[string]bool{}
	}
	if i.warnedStale[name] {
		return
	}
	i.warnedStale[name] = true
	if i.Render {
		i.messages.infof("%s differs from the manifest; building what the manifest describes, as GitLab does once it is committed", file)
		return
	}
	i.messages.infof("%s differs from the manifest; building from the file, as GitLab does (--render builds what the manifest describes)", file)
}

func (i *jobImages) build(j *jobrun.Job, role gitlabci.Role, name, file string, body []byte) *envimage.Image {
	return i.describe(j, i.Environments.Target(role.Target, crossArch(role)), role, "lcitool."+i.project+"."+name, file, body)
}

// describe returns the image of a Dockerfile. t may be nil.
func (i *jobImages) describe(j *jobrun.Job, t *targets.Target, role gitlabci.Role, tag, file string, body []byte) *envimage.Image {
	image := envimage.New(t, envimage.Options{
		Tag:  tag,
		Body: envimage.Committed(t, body),
		File: file,
		Labels: map[string]string{
			api.LabelTarget: role.Target, api.LabelArch: role.Arch, jobrun.LabelProject: i.project,
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
			image.Bootstrap = false // the build reports the missing image
			i.messages.warnf(fmt.Sprintf("job %q", j.Name), "--bootstrap: %v", err)
		}
		image.Base = base
	}
	return &image
}

// isPlainName reports whether an environment's name is a valid file name and not
// a path.
func isPlainName(name string) bool {
	return name != "." && fs.ValidPath(name) && path.Base(name) == name
}

func variable(j *jobrun.Job, name string) string {
	v, _ := j.Variables.Get(name)
	return v.Value
}
