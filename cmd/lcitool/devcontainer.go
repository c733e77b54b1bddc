// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/devcontainer"
	"gitlab.com/lcitool/lcitool/internal/render"
	"gitlab.com/lcitool/lcitool/internal/workspace"
)

func newDevcontainer(a *app) *cobra.Command {
	var arches archFlags
	var ciDir string
	cmd := &cobra.Command{
		Use:   "devcontainer TARGET [PROJECTS]",
		Short: "Print a devcontainer.json for editors",
		Long: `Print a devcontainer.json, with which editors open the project in a container. Save
it as .devcontainer/devcontainer.json in the project directory. Without PROJECTS, the
container is built from the Dockerfile that "lcitool manifest" generated for the target.
With PROJECTS, it uses the image that "lcitool container build" builds for them. That
command runs before each start and does nothing if nothing has changed.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 {
				return nil
			}
			return cliflags.Args("TARGET")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := arches.check(cmd); err != nil {
				return err
			}
			d, err := a.devcontainer(cmd, arches.Cross, ciDir, args)
			if err != nil {
				return err
			}
			return a.JSON(d)
		},
	}
	arches.crossFlag(cmd)
	f := cmd.Flags()
	f.StringVar(&a.baseDir, "base-dir", "", "project directory (default the current directory)")
	f.StringVar(&ciDir, "ci-dir", "ci", "directory of the generated files, relative to the project directory")
	return cmd
}

func (a *app) devcontainer(cmd *cobra.Command, cross, ciDir string, args []string) (*devcontainer.File, error) {
	if !filepath.IsLocal(ciDir) {
		return nil, cliflags.Usagef(cmd, "argument --ci-dir: %q is not below the project's directory", ciDir)
	}
	arches := workspace.Arches{Cross: cross}
	if len(args) == 2 {
		t, _, err := a.workspace().ResolvePattern(cmd.Context(), arches, args[0], args[1], render.CheckDockerfile)
		if err != nil {
			return nil, err
		}
		return devcontainer.Built(t, args[1], devcontainer.Dirs{Base: a.workspace().BaseDir(), Data: a.dataDir, Facts: a.factsDir}), nil
	}
	t, err := a.workspace().Target(args[0], arches)
	if err == nil {
		err = render.CheckDockerfile(t)
	}
	if err != nil {
		return nil, err
	}
	return devcontainer.Committed(t, a.workspace().BaseDir(), ciDir)
}
