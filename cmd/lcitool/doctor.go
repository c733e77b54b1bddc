// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/container/doctor"
	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/workspace"
)

func newDoctor(a *app) *cobra.Command {
	engine := &engineFlags{app: a}
	var format string
	var wanted []string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check whether this machine can run containers",
		Long: `Check everything on this machine that containers need. Print what was found and how
to fix the problems. The exit status is 1 if containers will not work.`,
		Args: cliflags.Args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var images []string
			for _, name := range wanted {
				t, err := a.workspace().Target(name, workspace.Arches{})
				if err != nil {
					return err
				}
				if t.Containers != nil {
					images = append(images, t.Containers.Base)
				}
			}
			checks := doctor.Run(cmd.Context(), doctor.Options{Connect: engine.options(), Images: images, Offline: a.offline})
			if err := a.Result(format, checks, doctor.Lines(checks)); err != nil {
				return err
			}
			for _, c := range checks {
				if c.State == doctor.Fail {
					return statusError(1)
				}
			}
			return nil
		},
	}
	cliflags.Choice(cmd.Flags(), &format, "format", "", "output format: text or json", "text", "json")
	cmd.Flags().StringArrayVarP(&wanted, "target", "t", nil, "target whose base image to check as well; may be repeated")
	engine.flags(cmd)
	return cmd
}
