// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/container/bootstrap"
	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/imageplan"
	"gitlab.com/lcitool/lcitool/internal/render"
	"gitlab.com/lcitool/lcitool/internal/workspace"
	"gitlab.com/lcitool/lcitool/targets"
)

func newContainerBootstrap(a *app) *cobra.Command {
	engine := &engineFlags{app: a}
	var mirror, arch string
	var force bool
	cmd := &cobra.Command{
		Use:   "bootstrap TARGET",
		Short: "Build the base image of a target from a package mirror",
		Long: `Build the base image of a target's Dockerfiles from the packages of the distribution,
for machines that can reach a package mirror but no registry. This is possible for Debian
and Ubuntu. The mirror is the first of these that exists: --mirror; the one in the
settings; this machine's own package sources, if they are of the same distribution; the
one in the facts of the target.

With --arch, the image is for another architecture and is called
lcitool.base.TARGET-ARCH. Building it is slow because the architecture is emulated
(with qemu-user-static).`,
		Args: cliflags.Args("TARGET"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := a.bootstrapOptions(cmd, args[0], mirror, arch)
			if err != nil {
				return err
			}
			o.Force = force
			if err := o.Check(); err != nil {
				return err
			}
			e, err := engine.connect(cmd.Context(), cmd)
			if err != nil {
				return err
			}
			result, err := bootstrap.Image(cmd.Context(), e, o)
			if err != nil {
				return err
			}
			if result.Existed {
				return a.Lines([]string{fmt.Sprintf("Image '%s' already exists.", o.Reference)})
			}
			return a.Lines([]string{fmt.Sprintf("Image '%s' made from %s.", o.Reference, o.Sources[0])})
		},
	}
	cmd.Flags().StringVar(&mirror, "mirror", "", "URL of the package mirror (default from the settings, this machine's package sources or the target)")
	cmd.Flags().BoolVar(&force, "force", false, "rebuild the image even if it exists")
	cmd.Flags().StringVar(&arch, "arch", "", "architecture of the image (default that of this machine)")
	completeArches(cmd, "arch", targets.Machines())
	engine.flags(cmd)
	return cmd
}

func (a *app) bootstrapOptions(cmd *cobra.Command, target, mirror, arch string) (o bootstrap.Options, err error) {
	t, err := a.workspace().Target(target, workspace.Arches{})
	if err != nil {
		return o, err
	}
	if err := render.CheckDockerfile(t); err != nil {
		return o, err
	}
	if o, err = a.mirrors().Base(mirror, &t.Release); err != nil {
		return o, err
	}
	o.Offline, o.Log = a.offline, a.Stderr
	if arch == "" {
		return o, nil
	}
	if err := knownArch(cmd, "arch", &arch, targets.Machines()); err != nil {
		return o, err
	}
	return imageplan.ForeignBase(o, target, targets.Arch(arch))
}
