// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/container/bootstrap"
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
}

// jobImages finds the image of each job.
type jobImages struct {
	ImageOptions
	messages    Messages
	tree        string            // directory with the project's files
	project     string            // its name, for those of images
	pulled      map[string]string // image of each job in the project's own registry, by job
	fresh       map[string][]byte // Dockerfiles as the manifest means them, by environment; nil if there is none
	digest      string            // of the manifest
	warnedStale map[string]bool   // environments
}

// FindImages finds the image of each job of a plan.
func (p *Plan) FindImages(ctx context.Context, o ImageOptions) error {
	i := &jobImages{ImageOptions: o, messages: p.source.messages, tree: p.source.tree, project: imageName(filepath.Base(p.source.Project))}
	if err := i.prepare(ctx, p.source.Pipeline, p.event); err != nil {
		return err
	}
	p.offline, p.images = i.Offline, o
	for _, j := range p.Jobs {
		if j.Trigger {
			continue
		}
		if err := i.choose(j); err != nil {
			return err
		}
	}
	return nil
}

// prepare reads what all jobs have in common.
func (i *jobImages) prepare(ctx context.Context, p *gitlabci.Pipeline, e gitlabci.Event) error {
	if i.Published {
		i.published(p, e)
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

// published finds the images of the project's own registry: those that a push
// to upstream's default branch runs in.
func (i *jobImages) published(p *gitlabci.Pipeline, e gitlabci.Event) {
	up := gitlabci.Event{
		Source: gitlabci.Push, Namespace: e.Namespace, Project: e.Project, DefaultBranch: e.DefaultBranch,
		Branch: e.DefaultBranch, Directory: e.Directory, Variables: e.Variables,
	}
	if name, ok := p.Default("RUN_UPSTREAM_NAMESPACE"); ok {
		up.Namespace = name
	}
	i.pulled = map[string]string{}
	evaluation := p.Evaluate(up) // what GitLab refuses does not matter here
	for k := range evaluation.Jobs {
		if job := &evaluation.Jobs[k]; job.Image != nil {
			i.pulled[job.Name] = job.Image.Name
		}
	}
}

// crossArch is what a job's image makes programs for, "" for its own machine.
func crossArch(r gitlabci.Role) string {
	if r.Kind == gitlabci.Cross {
		return r.Arch
	}
	return ""
}

// choose sets the image of a job: made from the Dockerfile of its environment,
// which is what GitLab makes it from, or the one that the pipeline names.
func (i *jobImages) choose(j *jobrun.Job) error {
	role := j.Role()
	if j.Job.Image != nil {
		j.Image.Reference = gitlabci.WithoutProxy(j.Job.Image.Name)
	}
	if i.Published {
		j.Image.Reference, j.Image.Pull = i.pulled[j.Name], !i.Offline
		if j.Image.Reference == "" && j.Job.Image != nil {
			j.Image.Reference = gitlabci.WithoutProxy(j.Job.Image.Name)
		}
		setImageEnv(j, role)
		return nil
	}
	name := targets.EnvironmentName(role.Target, targets.Arch(crossArch(role)))
	if role.Kind == gitlabci.Container {
		name = variable(j, "NAME")
	}
	if role.Target == "" || role.Kind == gitlabci.Cirrus {
		return nil
	}
	if !isPlainName(name) {
		return fmt.Errorf("job %q: its variable NAME is %q, which is not the name of a Dockerfile in %s/containers", j.Name, name, i.CIDir)
	}
	file := path.Join(i.CIDir, "containers", name+".Dockerfile")
	body, err := safefs.ReadFileIn(i.tree, file, maxDockerfile)
	wanted, planned := i.fresh[name]
	switch {
	case i.Render && !planned:
		return diag.WithHint(fmt.Errorf("--render: the manifest has no image %q, which job %q runs in", name, j.Name), "is the pipeline that of this manifest?")
	case i.Render:
		body = wanted
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("cannot read the Dockerfile of job %q: %w", j.Name, err)
	}
	if planned && err == nil && !bytes.Equal(body, wanted) || i.Render && !i.upToDate(file, wanted) {
		i.warnStale(name, file)
	}
	j.Image.Build = i.build(j, role, name, file, body)
	j.Image.Reference = j.Image.Build.Build.Tag
	j.Image.Only = role.Kind == gitlabci.Container
	setImageEnv(j, role)
	return nil
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
	t := i.Environments.Target(role.Target, crossArch(role))
	image := envimage.New(t, envimage.Options{
		Tag:  "lcitool." + i.project + "." + name,
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
	if image.Bootstrap = i.Bootstrap && !i.Offline; image.Bootstrap {
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

// notInImageName matches what cannot be part of an image's name.
var notInImageName = regexp.MustCompile(`[^a-z0-9]+`)

// imageName makes a part of an image's name of any text.
func imageName(text string) string {
	if name := strings.Trim(notInImageName.ReplaceAllString(strings.ToLower(text), "-"), "-"); name != "" {
		return name
	}
	return "project"
}
