// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/container/bootstrap"
	"gitlab.com/lcitool/lcitool/internal/render"
	"gitlab.com/lcitool/lcitool/internal/workspace"
	"gitlab.com/lcitool/lcitool/targets"
)

func newContainerBootstrap(a *app) *cobra.Command {
	engine := &engineFlags{app: a}
	var mirror string
	var force bool
	cmd := &cobra.Command{
		Use:   "bootstrap TARGET",
		Short: "Make a target's base image from its package mirror",
		Long: `Make the image that a target's Dockerfiles start from out of the distribution's own
packages, for machines that reach a mirror and no registry. The mirror is --mirror,
else the machine's own package sources, else the target's default.`,
		Args: needArgs("TARGET"),
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := a.workspace().Target(args[0], workspace.Arches{})
			if err != nil {
				return err
			}
			if err := render.CheckDockerfile(t); err != nil {
				return err
			}
			o, err := a.baseImage(&t.Release, mirror)
			if err != nil {
				return err
			}
			o.Force, o.Offline, o.Log = force, a.offline, a.stderr
			e, err := engine.connect(cmd.Context(), cmd)
			if err != nil {
				return err
			}
			result, err := bootstrap.Image(cmd.Context(), e, o)
			if err != nil {
				return err
			}
			if result.Existed {
				return a.lines([]string{fmt.Sprintf("Image '%s' already exists.", o.Reference)})
			}
			return a.lines([]string{fmt.Sprintf("Image '%s' made from %s.", o.Reference, o.Sources[0])})
		},
	}
	cmd.Flags().StringVar(&mirror, "mirror", "", "URL of the package mirror")
	cmd.Flags().BoolVar(&force, "force", false, "rebuild the image even if it exists")
	engine.flags(cmd)
	return cmd
}

// baseImage says how to make the base image of a release, from a mirror, or the
// usual one for "".
func (a *app) baseImage(r *targets.Release, mirror string) (bootstrap.Options, error) {
	return a.mirrors().Base(mirror, r)
}
