// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/projectsource"
	"gitlab.com/lcitool/lcitool/internal/workload"
	"gitlab.com/lcitool/lcitool/manifests"
)

// jobImages finds the image of each job.
type jobImages struct {
	verb    *jobVerb
	tree    string            // directory with the project's files
	project string            // its name, for those of images
	pulled  map[string]string // image of each job in the project's own registry, by job
	fresh   map[string][]byte // Dockerfiles as the manifest means them, by environment; nil if there is none
	digest  string            // of the manifest
	told    map[string]bool   // environments whose Dockerfile is stale
}

// prepare reads what all jobs have in common.
func (i *jobImages) prepare(ctx context.Context, p *gitlabci.Pipeline, e gitlabci.Event) error {
	if i.verb.pull {
		i.published(p, e)
		return nil
	}
	file := filepath.Join(i.tree, filepath.FromSlash(defaultManifest))
	data, err := readManifest(i.tree)
	switch {
	case errors.Is(err, fs.ErrNotExist) && i.verb.render:
		return facts.WithHint(fmt.Errorf("--render: there is no %s", file), "leave --render out to build from the Dockerfiles that are there")
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil && i.verb.render:
		return fmt.Errorf("cannot read the manifest: %w", err)
	case err != nil:
		i.verb.app.tell("warning: cannot tell whether Dockerfiles are what the manifest says: %v", err)
		return nil
	}
	m := &manifestVerb{app: i.verb.app, ciDir: i.verb.ciDir}
	var plan *manifests.Plan
	var files []manifests.File
	render := func() (err error) {
		plan, files, err = m.render(ctx, file, data)
		return err
	}
	if !i.verb.render { // the manifest may name any host, and this is only for a warning
		if err := i.verb.app.withoutRequests(render); err != nil {
			i.unknown(err)
			return nil
		}
	} else {
		err = render()
	}
	if err != nil {
		return m.failed(err)
	}
	i.fresh, i.digest = map[string][]byte{}, plan.ManifestDigest
	for _, f := range files {
		if f.Kind == manifests.DockerfileKind {
			i.fresh[f.Environment] = f.Data
		}
	}
	return nil
}

// unknown says why nobody can tell whether Dockerfiles are stale.
func (i *jobImages) unknown(err error) {
	const what = "warning: cannot tell whether Dockerfiles are what the manifest says: "
	var offline *projectsource.OfflineError
	if errors.As(err, &offline) {
		i.verb.app.tell(what+"%s is not in the cache; \"lcitool manifest --check\" fetches it", offline.URL)
		return
	}
	i.verb.app.tell(what+"%v", err)
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

// environment names the Dockerfile that a job's image is made from.
func environment(r gitlabci.Role) string {
	if r.Kind == gitlabci.Cross || r.Kind == gitlabci.Container && strings.Contains(r.Arch, "cross-") {
		return r.Target + "-cross-" + r.Arch
	}
	return r.Target
}

// choose sets the image of a job: made from the Dockerfile of its environment,
// which is what GitLab makes it from, or the one that the pipeline names.
func (i *jobImages) choose(j *jobrun.Job) error {
	role := j.Role()
	if j.Job.Image != nil {
		j.Image.Reference = j.Job.Image.Name
	}
	if i.verb.pull {
		j.Image.Reference, j.Image.Pull = i.pulled[j.Name], !i.verb.app.offline
		if j.Image.Reference == "" && j.Job.Image != nil {
			j.Image.Reference = j.Job.Image.Name
		}
		i.instead(j, role)
		return nil
	}
	name := environment(role)
	if role.Kind == gitlabci.Container {
		name = variable(j, "NAME")
	}
	if role.Target == "" || role.Kind == gitlabci.Cirrus {
		return nil
	}
	if !isPlainName(name) {
		return fmt.Errorf("job %q: its variable NAME is %q, which is not the name of a Dockerfile in %s/containers", j.Name, name, i.verb.ciDir)
	}
	file := path.Join(i.verb.ciDir, "containers", name+".Dockerfile")
	body, err := readTree(i.tree, file, maxDockerfile)
	wanted, planned := i.fresh[name]
	switch {
	case i.verb.render && !planned:
		return facts.WithHint(fmt.Errorf("--render: the manifest has no image %q, which job %q runs in", name, j.Name), "is the pipeline that of this manifest?")
	case i.verb.render:
		body = wanted
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("cannot read the Dockerfile of job %q: %w", j.Name, err)
	}
	if planned && err == nil && !bytes.Equal(body, wanted) || i.verb.render && !i.same(file, wanted) {
		i.differ(name, file)
	}
	j.Image.Build = i.build(j, role, name, body)
	j.Image.Build.Build.File = file
	j.Image.Reference = j.Image.Build.Build.Tag
	j.Image.Only = role.Kind == gitlabci.Container
	i.instead(j, role)
	return nil
}

// instead makes the job take its image for one in which everything is
// installed already, as GitLab's jobs do in images of the registry.
func (i *jobImages) instead(j *jobrun.Job, role gitlabci.Role) {
	if role.Kind == gitlabci.Native || role.Kind == gitlabci.Cross {
		j.Env = append(j.Env, "IMAGE="+j.Image.Reference)
	}
}

func (i *jobImages) same(file string, wanted []byte) bool {
	body, err := readTree(i.tree, file, maxDockerfile)
	return err == nil && bytes.Equal(body, wanted)
}

// differ says once that a Dockerfile is not what the manifest means.
func (i *jobImages) differ(name, file string) {
	if i.told == nil {
		i.told = map[string]bool{}
	}
	if i.told[name] {
		return
	}
	i.told[name] = true
	if i.verb.render {
		i.verb.app.tell("%s is not what the manifest says; building what the manifest says, which GitLab will not do before it is committed", file)
		return
	}
	i.verb.app.tell("%s is not what the manifest says; building from the file, as GitLab does (--render builds what the manifest says)", file)
}

// build describes the image of an environment.
func (i *jobImages) build(j *jobrun.Job, role gitlabci.Role, name string, body []byte) *workload.Image {
	v := i.verb
	o := container.BuildOptions{
		Tag:        "lcitool." + i.project + "." + name,
		Dockerfile: body,
		Labels: map[string]string{
			container.LabelTarget: role.Target, container.LabelArch: role.Arch, jobrun.LabelProject: i.project,
		},
		NoCache: v.build.noCache,
		Exact:   v.build.exact || v.app.getenv("CI") != "",

		AllowUnsafe: v.build.unsafe,
	}
	if i.digest != "" {
		o.Notes = map[string]string{container.LabelManifest: i.digest}
	}
	if v.app.offline {
		o.Pull = container.PullNever
	}
	if v.limits.Network == container.NetworkHost {
		o.Network = container.NetworkHost
	}
	if t, err := v.app.target(role.Target, "", crossArch(role)); err == nil { // else of a target that only the project knows
		o.Delta = imageDelta(t, body)
	}
	image := &workload.Image{Build: o, Bootstrap: v.build.bootstrap && !v.app.offline}
	if image.Bootstrap {
		base, err := i.base(role.Target)
		if err != nil {
			image.Bootstrap = false // the build says what is missing
			v.app.warnf(fmt.Sprintf("job %q", j.Name), "--bootstrap: %v", err)
		}
		image.Base = base
	}
	return image
}

// base says how to make the base image of a target.
func (i *jobImages) base(target string) (container.BootstrapOptions, error) {
	t, err := i.verb.app.target(target, "", "")
	if err != nil {
		return container.BootstrapOptions{}, err
	}
	return bootstrapOptions(i.verb.app, &t.Release, "")
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
