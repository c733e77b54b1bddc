// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/imageplan"
	"gitlab.com/lcitool/lcitool/internal/userdirs"
	"gitlab.com/lcitool/lcitool/targets"
)

type imageFlags struct{ imageplan.Options }

func (i *imageFlags) flags(f *pflag.FlagSet) {
	f.BoolVar(&i.Bootstrap, "bootstrap", false, "build the base image from the distribution's package mirror if it cannot be pulled (Debian and Ubuntu only)")
	f.BoolVar(&i.NoCache, "no-cache", false, "do not use cached layers when building images")
	f.BoolVar(&i.PullBase, "pull", false, "pull a newer base image if the registry has one")
	f.BoolVar(&i.KeepPackages, "package-cache", false, "keep downloaded packages for later builds (Debian and Ubuntu only)")
	f.BoolVar(&i.Exact, "exact", false, "build the whole Dockerfile instead of adding packages to an older image (the default if CI is set)")
	unsafeFlag(f, &i.AllowUnsafe)
}

func unsafeFlag(f *pflag.FlagSet, value *bool) {
	f.BoolVar(value, "allow-unsafe-build", false, "build Dockerfiles that could read or change files of this machine through a bug in its podman")
}

func newContainerBuild(a *app) *cobra.Command {
	var arches archFlags
	engine := engineFlags{app: a}
	var how imageFlags
	var want imageplan.Wanted
	var format string
	var labels []string
	cmd := &cobra.Command{
		Use:   "build -t TARGET -p PROJECTS",
		Short: "Build the image of a build environment",
		Long: `Build the image that a target's Dockerfile describes and tag it lcitool.TARGET, or
lcitool.TARGET-cross-ARCH with --cross-arch. The tag moves to the new image when the
build has succeeded. If nothing has changed since the last build, nothing is built. If
packages were added and nothing else changed, they are installed on top of the existing
image. This happens at most five times in a row, and not with --exact or if the
environment variable CI is set.

With --arch, the image is for another architecture and is tagged lcitool.TARGET-ARCH.
Building it is slow because the architecture is emulated (with qemu-user-static);
--cross-arch needs no emulation. The base image comes from the registry, or with
--bootstrap from the distribution's package mirror.`,
		Args: cliflags.Args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if want.Target == "" || want.Projects == "" {
				return errors.New("--target and --projects are required")
			}
			if err := arches.check(cmd); err != nil {
				return err
			}
			if want.Arch != "" {
				if err := knownArch(cmd, "arch", &want.Arch, targets.Machines()); err != nil {
					return err
				}
			}
			var err error
			if want.Labels, err = imageplan.ParseLabels(labels); err != nil {
				return cliflags.Usagef(cmd, "argument --label: %w", err)
			}
			want.Cross = arches.Cross
			return a.containerBuild(cmd, &engine, how, want, format)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&want.Target, "target", "t", "", "target to build for (required)")
	f.StringVarP(&want.Projects, "projects", "p", "", "projects whose dependencies to install, separated by commas (required)")
	arches.crossFlag(cmd)
	f.StringVar(&want.Arch, "arch", "", "architecture of the image (default that of this machine)")
	completeArches(cmd, "arch", targets.Machines())
	f.StringVar(&want.Tag, "tag", "", "name of the image (default lcitool.TARGET)")
	f.StringArrayVar(&labels, "label", nil, "label to add to the image: NAME=VALUE, or toolbox for the label that toolbox requires; may be repeated")
	cliflags.Choice(f, &format, "format", "", "output format: text or json", "text", "json")
	how.flags(f)
	a.verboseFlag(f)
	engine.flags(cmd)
	return cmd
}

// A builtImage is the JSON output of "container build".
type builtImage struct {
	Image   string   `json:"image"`
	ID      string   `json:"id"`
	Target  string   `json:"target"`
	Cached  bool     `json:"cached"` // nothing had changed
	Added   []string `json:"added"`  // packages added to an older image; null if the image was built as a whole
	Seconds float64  `json:"seconds"`
}

func (a *app) containerBuild(cmd *cobra.Command, flags *engineFlags, how imageFlags, want imageplan.Wanted, format string) error {
	planner := a.planner(how)
	image, err := planner.Image(cmd.Context(), want)
	if err != nil {
		return err
	}
	engine, err := flags.connect(cmd.Context(), cmd)
	if err != nil {
		return err
	}
	result, err := a.ensure(cmd.Context(), engine, image, a.Stderr)
	if err != nil {
		return planner.Advise(err, want.Target)
	}
	if result.Cached {
		a.Infof("nothing has changed since image '%s' was built", image.Build.Tag)
	}
	if format == "json" {
		return a.JSON(builtImage{image.Build.Tag, result.ID, want.Target, result.Cached, result.Added, result.Duration.Seconds()})
	}
	return a.Lines([]string{fmt.Sprintf("Image '%s' successfully built.", image.Build.Tag)})
}

func (a *app) planner(how imageFlags) *imageplan.Planner {
	p := &imageplan.Planner{
		Options: how.Options, Workspace: a.workspace(), Mirrors: a.mirrors, CacheDir: userdirs.Cache(a.Getenv), Offline: a.offline, Warnf: a.warnf,
	}
	p.Exact = p.Exact || a.Getenv("CI") != ""
	return p
}
