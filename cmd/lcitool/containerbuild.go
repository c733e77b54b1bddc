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
	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/envimage"
	"gitlab.com/lcitool/lcitool/internal/render"
	"gitlab.com/lcitool/lcitool/internal/workspace"
	"gitlab.com/lcitool/lcitool/targets"
)

// imageFlags say how images are built.
type imageFlags struct {
	bootstrap bool
	noCache   bool
	pull      bool
	exact     bool
	unsafe    bool // build what this builder lets reach the host
	keep      bool // downloaded packages
}

// flags are those of every verb that builds images of targets.
func (i *imageFlags) flags(f *pflag.FlagSet) {
	f.BoolVar(&i.bootstrap, "bootstrap", false, "build the base image from the distribution's mirror if it cannot be pulled")
	f.BoolVar(&i.noCache, "no-cache", false, "do not use cached steps")
	f.BoolVar(&i.pull, "pull", false, "pull a newer base image if the registry has one")
	f.BoolVar(&i.keep, "package-cache", false, "keep downloaded packages for later builds (deb only)")
	f.BoolVar(&i.exact, "exact", false, "build the whole Dockerfile instead of adding to an older image")
	i.unsafeFlag(f)
}

// unsafeFlag is the way around what a Dockerfile is refused for.
func (i *imageFlags) unsafeFlag(f *pflag.FlagSet) {
	f.BoolVar(&i.unsafe, "allow-unsafe-build", false, "build Dockerfiles that could read or change files of this machine through a bug of its podman")
}

func newContainerBuild(a *app) *cobra.Command {
	o := &output{app: a}
	engine := engineFlags{app: a}
	var how imageFlags
	var want wantedImage
	var format string
	cmd := &cobra.Command{
		Use:   "build -t TARGET -p PROJECTS",
		Short: "Build the image of a build environment",
		Long: `Build the image that a target's Dockerfile describes and tag it lcitool.TARGET, or
lcitool.TARGET-cross-ARCH when it is for another architecture. The tag moves when
the new image is there. Nothing is built when nothing has changed since. When
packages were added and that is all, they are installed on top of the image that is
there: five times at most, not where the variable CI is set, and not with --exact.`,
		Args: needArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if want.target == "" || want.projects == "" {
				return errors.New("--target and --projects are required")
			}
			if err := o.checkArches(cmd); err != nil {
				return err
			}
			want.cross = o.Cross
			return a.containerBuild(cmd, &engine, how, want, format)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&want.target, "target", "t", "", "target to build for (required)")
	f.StringVarP(&want.projects, "projects", "p", "", "projects whose dependencies to install (required)")
	crossArchFlag(cmd, &o.Cross)
	f.StringVar(&want.tag, "tag", "", "name of the image (default lcitool.TARGET)")
	cliflags.Choice(f, &format, "format", "", "text or json", "text", "json")
	how.flags(f)
	engine.flags(cmd)
	return cmd
}

// A builtImage is what "container build" says as JSON.
type builtImage struct {
	Image   string   `json:"image"`
	ID      string   `json:"id"`
	Target  string   `json:"target"`
	Cached  bool     `json:"cached"` // nothing had changed
	Added   []string `json:"added"`  // packages that were installed on top of an older image; null if it was made as a whole
	Seconds float64  `json:"seconds"`
}

func (a *app) containerBuild(cmd *cobra.Command, flags *engineFlags, how imageFlags, want wantedImage, format string) error {
	image, err := a.image(cmd.Context(), how, want)
	if err != nil {
		return err
	}
	engine, err := flags.connect(cmd.Context(), cmd)
	if err != nil {
		return err
	}
	log, done := forProgram(a.stderr)
	result, err := image.Ensure(cmd.Context(), engine, log)
	done()
	if err != nil {
		return a.adviseBuild(err, how, want.target)
	}
	if result.Cached {
		a.infof("nothing has changed since image '%s' was built", image.Build.Tag)
	}
	if format == "json" {
		return a.json(builtImage{image.Build.Tag, result.ID, want.target, result.Cached, result.Added, result.Duration.Seconds()})
	}
	return a.lines([]string{fmt.Sprintf("Image '%s' successfully built.", image.Build.Tag)})
}

// A wantedImage is an image that is asked for.
type wantedImage struct {
	target   string
	cross    string
	projects string   // as a label of the image has them
	list     []string // projects and references, instead of the pattern in projects
	manifest string   // digest of the manifest that has the projects, "" for none
	tag      string   // "" for the usual one
	network  container.Network
}

// image says how to build an image of a target.
func (a *app) image(ctx context.Context, how imageFlags, want wantedImage) (envimage.Image, error) {
	list := want.list
	if list == nil {
		var err error
		if list, err = a.workspace().Patterns(want.projects); err != nil {
			return envimage.Image{}, err
		}
	}
	t, packages, err := a.workspace().Resolve(ctx, workspace.Arches{Cross: want.cross}, want.target, list, render.CheckDockerfile)
	if err != nil {
		return envimage.Image{}, err
	}
	body, err := render.Dockerfile(t, packages, render.DockerfileOptions{})
	if err != nil {
		return envimage.Image{}, err
	}
	arch := t.Host
	if t.Cross != "" {
		arch = t.Cross
	}
	image := envimage.New(&t, envimage.Options{
		Tag:  want.tag,
		Body: body,
		Labels: map[string]string{
			container.LabelTarget: t.Name, container.LabelProjects: want.projects, container.LabelArch: string(arch),
		},
		Manifest:    want.manifest,
		NoCache:     how.noCache,
		Exact:       how.exact || a.getenv("CI") != "",
		AllowUnsafe: how.unsafe,
		Offline:     a.offline,
		PullBase:    how.pull,
		Network:     want.network,
	})
	if how.keep {
		a.keepPackages(t, &image)
	}
	if image.Bootstrap = how.bootstrap && !a.offline; image.Bootstrap {
		image.Base, err = a.baseImage(&t.Release, "")
	}
	return image, err
}

// keepPackages keeps the packages that a build fetches for later ones.
func (a *app) keepPackages(t targets.Target, image *envimage.Image) {
	switch dir := a.cacheDir(); {
	case dir == "":
		a.warnf(t.Name, "--package-cache has no effect: neither XDG_CACHE_HOME nor HOME says where")
	case !image.KeepPackages(t, filepath.Join(dir, "packages")):
		a.warnf(t.Name, "--package-cache has no effect: only deb packages can be kept")
	}
}

// adviseBuild adds to the error of a build what can be done about it, such as
// about a base image that cannot be pulled.
func (a *app) adviseBuild(err error, how imageFlags, target string) error {
	var failed *container.BuildError
	switch {
	case !errors.As(err, &failed):
		return err
	case !failed.BaseMissing && a.offline && failed.Code != 0:
		return diag.WithHint(err, "--offline gives the steps of a build no network")
	case !failed.BaseMissing:
		return err
	case how.bootstrap: // and offline, or it would have been made
		return diag.WithHint(err, "--offline keeps --bootstrap from making the base image from the distribution's mirror")
	}
	return diag.WithHint(err, fmt.Sprintf("lcitool container bootstrap %s makes the base image from the distribution's mirror; --bootstrap does so here", target))
}
