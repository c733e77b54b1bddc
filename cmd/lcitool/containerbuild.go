// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/render"
	"gitlab.com/lcitool/lcitool/targets"
)

// imageBuild is the verb that builds a target's image.
type imageBuild struct {
	output
	engine    engineFlags
	target    string
	projects  string
	tag       string
	bootstrap bool
	noCache   bool
	pull      bool
}

func newContainerBuild(a *app) *cobra.Command {
	b := &imageBuild{output: output{app: a}, engine: engineFlags{app: a}}
	cmd := &cobra.Command{
		Use:   "build -t TARGET -p PROJECTS",
		Short: "Build the image of a build environment",
		Long: `Build the image that a target's Dockerfile describes and tag it lcitool.TARGET, or
lcitool.TARGET-cross-ARCH when it is for another architecture. The tag moves when
the new image is there. Nothing is built when nothing has changed since.`,
		Args: needArgs(),
		RunE: b.run,
	}
	f := cmd.Flags()
	f.StringVarP(&b.target, "target", "t", "", "target to build for (required)")
	f.StringVarP(&b.projects, "projects", "p", "", "projects whose dependencies to install (required)")
	f.StringVarP(&b.cross, "cross-arch", "x", "", "architecture to build for")
	f.StringVar(&b.tag, "tag", "", "name of the image instead of lcitool.TARGET")
	f.BoolVar(&b.bootstrap, "bootstrap", false, "make the base image from the distribution's mirror if it cannot be pulled")
	f.BoolVar(&b.noCache, "no-cache", false, "run every step again")
	f.BoolVar(&b.pull, "pull", false, "ask the registry for a newer base image")
	b.engine.flags(cmd)
	return cmd
}

func (b *imageBuild) run(cmd *cobra.Command, _ []string) error {
	if b.target == "" || b.projects == "" {
		return errors.New("--target and --projects are required")
	}
	if err := b.checkArches(cmd); err != nil {
		return err
	}
	t, packages, err := b.resolve(cmd.Context(), b.target, b.projects, render.CheckDockerfile)
	if err != nil {
		return err
	}
	body, err := render.Dockerfile(t, packages, render.DockerfileOptions{})
	if err != nil {
		return err
	}
	engine, err := b.engine.connect(cmd.Context(), cmd)
	if err != nil {
		return err
	}
	tag := b.tag
	if tag == "" {
		tag = imageTag(t)
	}
	result, err := b.build(cmd.Context(), engine, t, b.options(t, tag, body))
	if err != nil {
		return err
	}
	if result.Cached {
		b.app.tell("nothing has changed since image '%s' was built", tag)
	}
	return b.app.lines([]string{fmt.Sprintf("Image '%s' successfully built.", tag)})
}

// imageTag is the tag of a target's image that is promised to users.
func imageTag(t targets.Target) string {
	if t.Cross == "" {
		return "lcitool." + t.Name
	}
	return "lcitool." + t.Name + "-cross-" + string(t.Cross)
}

func (b *imageBuild) options(t targets.Target, tag string, dockerfile []byte) container.BuildOptions {
	arch := t.Host
	if t.Cross != "" {
		arch = t.Cross
	}
	o := container.BuildOptions{
		Tag:        tag,
		Dockerfile: dockerfile,
		Labels: map[string]string{
			container.LabelTarget:   t.Name,
			container.LabelProjects: b.projects,
			container.LabelArch:     string(arch),
		},
		NoCache: b.noCache,
		Log:     b.app.stderr,
	}
	switch {
	case b.app.offline:
		o.Pull = container.PullNever
	case b.pull:
		o.Pull = container.PullNewer
	}
	return o
}

// build builds, and makes the base image first where that was asked for and
// is needed.
func (b *imageBuild) build(ctx context.Context, engine *container.Engine, t targets.Target, o container.BuildOptions) (container.BuildResult, error) {
	result, err := engine.Build(ctx, o)
	var failed *container.BuildError
	if !errors.As(err, &failed) || !failed.BaseMissing {
		return result, err
	}
	if !b.bootstrap {
		return result, facts.WithHint(err, fmt.Sprintf("lcitool container bootstrap %s makes the base image from the distribution's mirror; --bootstrap does so here", t.Name))
	}
	b.app.tell("base image %s is not to be had; making it from the distribution's mirror", t.Containers.Base)
	base, err := bootstrapOptions(b.app, &t.Release, "")
	if err != nil {
		return result, err
	}
	if _, err := engine.Bootstrap(ctx, base); err != nil {
		return result, err
	}
	return engine.Build(ctx, o)
}
