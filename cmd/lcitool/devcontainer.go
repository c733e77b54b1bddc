// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/render"
	"gitlab.com/lcitool/lcitool/internal/workspace"
	"gitlab.com/lcitool/lcitool/targets"
)

// A devcontainer is the file .devcontainer/devcontainer.json. Its fields are
// defined in https://containers.dev/implementors/json_reference.
type devcontainer struct {
	Name              string             `json:"name"`
	InitializeCommand []string           `json:"initializeCommand,omitempty"` // on the machine, before the container starts
	Image             string             `json:"image,omitempty"`
	Build             *devcontainerBuild `json:"build,omitempty"`
	Init              bool               `json:"init"` // reap orphaned processes of the editor
}

// A devcontainerBuild has paths relative to devcontainer.json.
type devcontainerBuild struct {
	Dockerfile string `json:"dockerfile"`
	Context    string `json:"context"`
}

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

func (a *app) devcontainer(cmd *cobra.Command, cross, ciDir string, args []string) (*devcontainer, error) {
	if !filepath.IsLocal(ciDir) {
		return nil, cliflags.Usagef(cmd, "argument --ci-dir: %q is not below the project's directory", ciDir)
	}
	if len(args) == 2 {
		return a.devcontainerImage(cmd, cross, args[0], args[1])
	}
	t, err := a.workspace().Target(args[0], workspace.Arches{Cross: cross})
	if err != nil {
		return nil, err
	}
	if err := render.CheckDockerfile(t); err != nil {
		return nil, err
	}
	file := path.Join(filepath.ToSlash(ciDir), "containers", t.Environment()+".Dockerfile")
	if _, err := os.Stat(filepath.Join(a.workspace().BaseDir(), file)); errors.Is(err, fs.ErrNotExist) {
		return nil, diag.WithHint(fmt.Errorf("the project has no %s", file),
			fmt.Sprintf(`"lcitool manifest" writes it if the manifest has %s; with PROJECTS none is needed`, t.Environment()))
	} else if err != nil {
		return nil, err
	}
	d := newDevcontainerFile(t)
	d.Build = &devcontainerBuild{Dockerfile: "../" + file, Context: "../" + path.Dir(file)}
	return d, nil
}

// devcontainerImage returns a devcontainer that uses an image built by lcitool.
func (a *app) devcontainerImage(cmd *cobra.Command, cross, target, pattern string) (*devcontainer, error) {
	t, _, err := a.workspace().ResolvePattern(cmd.Context(), workspace.Arches{Cross: cross}, target, pattern, render.CheckDockerfile)
	if err != nil {
		return nil, err
	}
	d := newDevcontainerFile(t)
	d.Image = "localhost/lcitool." + t.Environment()
	d.InitializeCommand = []string{"lcitool"}
	if a.dataDir != "" {
		d.InitializeCommand = append(d.InitializeCommand, "--data-dir", workspace.PortablePath(".", a.dataDir))
	}
	d.InitializeCommand = append(d.InitializeCommand, "container", "build", "--target", t.Name, "--projects", workspace.PortablePattern(pattern))
	if cross != "" {
		d.InitializeCommand = append(d.InitializeCommand, "--cross-arch", cross)
	}
	return d, nil
}

func newDevcontainerFile(t targets.Target) *devcontainer {
	return &devcontainer{Name: t.Environment(), Init: true}
}
