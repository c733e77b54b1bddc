// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
)

func newTargets(a *app) *cobra.Command {
	var containerized bool
	var format string
	cmd := &cobra.Command{
		Use:   "targets",
		Short: "List the targets",
		Args:  needArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			catalogue, err := a.workspace().Catalogue()
			if err != nil {
				return err
			}
			names := catalogue.Names()
			var broken error
			if containerized {
				names, broken = withContainers(catalogue, names)
			}
			return errors.Join(a.list(format, names), broken)
		},
	}
	cmd.Flags().BoolVarP(&containerized, "containerized", "c", false, "list only targets that have a container image")
	cliflags.Choice(cmd.Flags(), &format, "format", "", "text or json", "text", "json")
	return cmd
}

// withContainers keeps the targets that a Dockerfile can be written for. The
// error joins those of the targets that cannot be read.
func withContainers(catalogue releases, names []string) ([]string, error) {
	var kept []string
	var errs []error
	for _, name := range names {
		release, err := catalogue.Release(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if slices.Contains([]string{"apk", "deb", "rpm"}, release.Packaging.Format) {
			kept = append(kept, name)
		}
	}
	return kept, errors.Join(errs...)
}

func newProjects(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "projects",
		Short: "List the projects",
		Long:  "List the projects that are known by name, or look after those that are named by URL.",
		Args:  needArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			set, err := a.workspace().Facts()
			if err != nil {
				return err
			}
			return a.list(format, set.ProjectNames())
		},
	}
	cmd.AddCommand(newProjectsLock(a))
	cliflags.Choice(cmd.Flags(), &format, "format", "", "text or json", "text", "json")
	return cmd
}
