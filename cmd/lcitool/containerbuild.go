// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/render"
	"gitlab.com/lcitool/lcitool/internal/workload"
	"gitlab.com/lcitool/lcitool/targets"
)

// imageBuild is the verb that builds a target's image.
type imageBuild struct {
	output
	engine    engineFlags
	target    string
	projects  string
	list      []string // of projects and references, instead of the pattern in projects
	tag       string
	bootstrap bool
	noCache   bool
	pull      bool
	exact     bool
	unsafe    bool              // build what this builder lets reach the host
	keep      bool              // downloaded packages
	notes     map[string]string // for the image, as container.BuildOptions has them
}

func newContainerBuild(a *app) *cobra.Command {
	b := &imageBuild{output: output{app: a}, engine: engineFlags{app: a}}
	cmd := &cobra.Command{
		Use:   "build -t TARGET -p PROJECTS",
		Short: "Build the image of a build environment",
		Long: `Build the image that a target's Dockerfile describes and tag it lcitool.TARGET, or
lcitool.TARGET-cross-ARCH when it is for another architecture. The tag moves when
the new image is there. Nothing is built when nothing has changed since. When
packages were added and that is all, they are installed on top of the image that is
there: five times at most, not where the variable CI is set, and not with --exact.`,
		Args: needArgs(),
		RunE: b.run,
	}
	f := cmd.Flags()
	f.StringVarP(&b.target, "target", "t", "", "target to build for (required)")
	f.StringVarP(&b.projects, "projects", "p", "", "projects whose dependencies to install (required)")
	f.StringVarP(&b.cross, "cross-arch", "x", "", "architecture to build for")
	f.StringVar(&b.tag, "tag", "", "name of the image instead of lcitool.TARGET")
	b.buildFlags(f)
	b.engine.flags(cmd)
	return cmd
}

// buildFlags are those of every verb that builds images.
func (b *imageBuild) buildFlags(f *pflag.FlagSet) {
	f.BoolVar(&b.bootstrap, "bootstrap", false, "make the base image from the distribution's mirror if it cannot be pulled")
	f.BoolVar(&b.noCache, "no-cache", false, "run every step again")
	f.BoolVar(&b.pull, "pull", false, "ask the registry for a newer base image")
	f.BoolVar(&b.keep, "package-cache", false, "keep downloaded packages for later builds; saves time where the mirror is far away (deb only)")
	f.BoolVar(&b.exact, "exact", false, "build from the Dockerfile as it is, not on top of an older image")
	b.unsafeFlag(f)
}

// unsafeFlag is the way around what a Dockerfile is refused for.
func (b *imageBuild) unsafeFlag(f *pflag.FlagSet) {
	f.BoolVar(&b.unsafe, "allow-unsafe-build", false, "build Dockerfiles that can reach this machine's files through a flaw of its podman")
}

func (b *imageBuild) run(cmd *cobra.Command, _ []string) error {
	if b.target == "" || b.projects == "" {
		return errors.New("--target and --projects are required")
	}
	if err := b.checkArches(cmd); err != nil {
		return err
	}
	image, err := b.image(cmd.Context())
	if err != nil {
		return err
	}
	engine, err := b.engine.connect(cmd.Context(), cmd)
	if err != nil {
		return err
	}
	log, done := forProgram(b.app.stderr)
	result, err := image.Ensure(cmd.Context(), engine, log)
	done()
	if err != nil {
		return b.advise(err)
	}
	if result.Cached {
		b.app.tell("nothing has changed since image '%s' was built", image.Build.Tag)
	}
	return b.app.lines([]string{fmt.Sprintf("Image '%s' successfully built.", image.Build.Tag)})
}

// image says what to build.
func (b *imageBuild) image(ctx context.Context) (workload.Image, error) {
	list := b.list
	if list == nil {
		var err error
		if list, err = b.app.patterns(b.projects); err != nil {
			return workload.Image{}, err
		}
	}
	t, packages, err := b.resolveList(ctx, b.target, list, render.CheckDockerfile)
	if err != nil {
		return workload.Image{}, err
	}
	body, err := render.Dockerfile(t, packages, render.DockerfileOptions{})
	if err != nil {
		return workload.Image{}, err
	}
	image := workload.Image{Build: b.options(t, body.Text), Bootstrap: b.bootstrap && !b.app.offline}
	image.Build.Delta = bodyDelta(t, body)
	if b.keep {
		b.keepPackages(t, &image.Build)
	}
	if image.Bootstrap {
		image.Base, err = bootstrapOptions(b.app, &t.Release, "")
	}
	return image, err
}

// imageTag is the tag of a target's image that is promised to users.
func imageTag(t targets.Target) string {
	if t.Cross == "" {
		return "lcitool." + t.Name
	}
	return "lcitool." + t.Name + "-cross-" + string(t.Cross)
}

func (b *imageBuild) options(t targets.Target, dockerfile []byte) container.BuildOptions {
	tag := b.tag
	if tag == "" {
		tag = imageTag(t)
	}
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
		Notes:   b.notes,
		NoCache: b.noCache,
		Exact:   b.exact || b.app.getenv("CI") != "",
		Offline: b.app.offline,

		AllowUnsafe: b.unsafe,
	}
	switch {
	case b.app.offline:
		o.Pull = container.PullNever
	case b.pull:
		o.Pull = container.PullNewer
	}
	return o
}

// imageDelta is bodyDelta for a committed Dockerfile.
func imageDelta(t targets.Target, dockerfile []byte) *container.Delta {
	packages, rest, ok := render.Addable(t, dockerfile)
	if !ok {
		return nil
	}
	return bodyDelta(t, render.Body{Text: dockerfile, Packages: packages, Rest: rest})
}

// bodyDelta says how packages are added to the image of a target; nil if the
// image has to be built as a whole.
func bodyDelta(t targets.Target, body render.Body) *container.Delta {
	if body.Rest == nil {
		return nil
	}
	return &container.Delta{
		Rest:     body.Rest,
		Packages: body.Packages,
		Layer:    func(added []string) ([]byte, error) { return render.AddLayer(t, added) },
	}
}

// keepPackages has the packages that a build fetches kept for later ones.
func (b *imageBuild) keepPackages(t targets.Target, o *container.BuildOptions) {
	recipe, ok := render.WithPackageCache(t, o.Dockerfile)
	if !ok {
		b.app.warnf(t.Name, "--package-cache has no effect: only deb packages can be kept")
		return
	}
	dir := b.app.cacheDir()
	if dir == "" {
		b.app.warnf(t.Name, "--package-cache has no effect: neither XDG_CACHE_HOME nor HOME says where")
		return
	}
	o.Recipe, o.CacheDir = recipe, filepath.Join(dir, "packages")
}

// advise adds to the error of a build what can be done about it, such as about
// a base image that is not to be had.
func (b *imageBuild) advise(err error) error {
	var failed *container.BuildError
	if !errors.As(err, &failed) {
		return err
	}
	if !failed.BaseMissing {
		if b.app.offline && failed.Code != 0 {
			return facts.WithHint(err, "--offline gives the steps of a build no network")
		}
		return err
	}
	if b.bootstrap { // and offline, or it would have been made
		return facts.WithHint(err, "--offline keeps --bootstrap from making the base image from the distribution's mirror")
	}
	return facts.WithHint(err, fmt.Sprintf("lcitool container bootstrap %s makes the base image from the distribution's mirror; --bootstrap does so here", b.target))
}
