// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/targets"
)

func newTargets(a *app) *cobra.Command {
	var containerized bool
	var format string
	cmd := &cobra.Command{
		Use:   "targets",
		Short: "List the targets",
		Long:  "List the targets. A target is a release of a distribution or of another operating system,\nfor example debian-13.",
		Args:  cliflags.Args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			catalogue, err := a.workspace().Catalogue()
			if err != nil {
				return err
			}
			names := catalogue.Names()
			var broken error
			if containerized {
				names, broken = targets.Containerized(catalogue, names)
			}
			return errors.Join(a.List(format, names), broken)
		},
	}
	cmd.Flags().BoolVarP(&containerized, "containerized", "c", false, "list only targets that have a container image")
	cliflags.Choice(cmd.Flags(), &format, "format", "", "output format: text or json", "text", "json")
	return cmd
}

func newProjects(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "projects [flags]", // it needs no COMMAND
		Short: "List the projects",
		Long:  "List the projects that are known by name, or lock those that are named by URL.",
		Args:  cliflags.Args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			set, err := a.workspace().Facts()
			if err != nil {
				return err
			}
			return a.List(format, set.ProjectNames())
		},
	}
	cmd.AddCommand(newProjectsLock(a))
	cliflags.Choice(cmd.Flags(), &format, "format", "", "output format: text or json", "text", "json")
	return cmd
}
