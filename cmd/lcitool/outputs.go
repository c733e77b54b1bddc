// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"cmp"
	"slices"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/render"
	"gitlab.com/lcitool/lcitool/internal/workspace"
	"gitlab.com/lcitool/lcitool/targets"
)

// An output is a command that renders something for a target and projects.
type output struct {
	app *app
	archFlags
	check   func(targets.Target) error // says whether the output can be made for a target
	body    func(targets.Target, *targets.Packages) ([]byte, error)
	options func() []string // for the header, which has the command that generated the output
	json    func() bool     // says whether the output is JSON; nil for never
}

// render returns the text of the output, and separately the comment above it.
func (o *output) render(cmd *cobra.Command, target, pattern string) (t targets.Target, header string, text []byte, err error) {
	if err := o.archFlags.check(cmd); err != nil {
		return t, "", nil, err
	}
	t, packages, err := o.app.workspace().ResolvePattern(cmd.Context(), o.Arches, target, pattern, o.check)
	if err != nil {
		return t, "", nil, err
	}
	if err := o.app.checkWarnings(); err != nil {
		return t, "", nil, err
	}
	if text, err = o.body(t, packages); err != nil {
		return t, "", nil, err
	}
	args := slices.Concat([]string{cmd.Name()}, o.options(), o.Portable(), []string{target, workspace.PortablePattern(pattern)})
	header, err = render.Header(args)
	return t, header, append(text, '\n'), err
}

// print prints the output, with its header unless the format is JSON.
func (o *output) print(cmd *cobra.Command, args []string) error {
	_, header, text, err := o.render(cmd, args[0], args[1])
	if err != nil {
		return err
	}
	if o.json != nil && o.json() {
		header = ""
	}
	return o.app.Write(append([]byte(header), text...))
}

func noOptions() []string { return nil }

const projectsHelp = `

"lcitool targets" lists the targets, "lcitool projects" the projects. PROJECTS are names,
patterns such as 'libvirt*', or paths or URLs of project files, separated by commas; "all"
stands for all known projects.`

func newDockerfile(a *app) *cobra.Command {
	var base, layers, format string
	o := &output{app: a, check: render.CheckDockerfile}
	o.body = func(t targets.Target, packages *targets.Packages) ([]byte, error) {
		body, err := render.Dockerfile(t, packages, render.DockerfileOptions{Base: base, Layers: render.Layers(layers)})
		if err != nil {
			return nil, err
		}
		if layers == string(render.ForeignLayer) && o.Cross == "" {
			a.warnf("", "without --cross-arch there is no foreign layer")
		}
		return body.Text, nil
	}
	o.options = func() []string {
		if base != "" {
			return []string{"--base", base, "--layers", layers}
		}
		return []string{"--layers", layers}
	}
	cmd := &cobra.Command{
		Use:   "dockerfile TARGET PROJECTS",
		Short: "Print the Dockerfile of a build environment",
		Long: `Print a Dockerfile for TARGET. The image that it describes contains all that PROJECTS
need to be built.` + projectsHelp,
		Args: cliflags.Args("TARGET", "PROJECTS"),
		RunE: func(cmd *cobra.Command, args []string) error {
			t, header, text, err := o.render(cmd, args[0], args[1])
			if err != nil {
				return err
			}
			if format == "json" {
				return a.JSON(renderedDockerfile{t.Name, string(t.Cross), cmp.Or(base, t.Containers.Base), header + string(text)})
			}
			return a.Write(append([]byte(header), text...))
		},
	}
	o.flags(cmd)
	cliflags.Choice(cmd.Flags(), &format, "format", "", "output format: text or json", "text", "json")
	cmd.Flags().StringVarP(&base, "base", "b", "", "base image (default that of the target)")
	cliflags.Choice(cmd.Flags(), &layers, "layers", "l", "layers to print: all, native or foreign", "all", "native", "foreign")
	return cmd
}

// A renderedDockerfile is the JSON output of "dockerfile".
type renderedDockerfile struct {
	Target     string `json:"target"`
	Cross      string `json:"cross_arch"` // "" for the machine's own
	Base       string `json:"base"`       // image
	Dockerfile string `json:"dockerfile"` // its text
}

func newBuildEnvScript(a *app) *cobra.Command {
	o := &output{app: a, check: render.CheckBuildEnvScript, body: render.BuildEnvScript, options: noOptions}
	cmd := &cobra.Command{
		Use:   "buildenvscript TARGET PROJECTS",
		Short: "Print a script that sets up a build environment on a machine",
		Long: `Print a script for bash. It defines the function install_buildenv, which installs all that
PROJECTS need to be built on a machine that runs TARGET, and exports variables for builds.
The script itself installs nothing:

  source setup.sh && install_buildenv` + projectsHelp,
		Args: cliflags.Args("TARGET", "PROJECTS"),
		RunE: o.print,
	}
	o.flags(cmd)
	return cmd
}

func newVariables(a *app) *cobra.Command {
	var format string
	o := &output{app: a, check: workspace.AnyTarget, json: func() bool { return format == "json" }}
	o.body = func(t targets.Target, packages *targets.Packages) ([]byte, error) {
		return render.Variables(t, packages, render.VariablesFormat(format))
	}
	o.options = func() []string {
		if format == "shell" {
			return nil
		}
		return []string{"--format", format}
	}
	cmd := &cobra.Command{
		Use:   "variables TARGET PROJECTS",
		Short: "Print the packages and tools of a build environment",
		Long: `Print the packages that PROJECTS need on TARGET, and the package manager and build tools
to use there, as variables. The format yaml has the packages only.` + projectsHelp,
		Args: cliflags.Args("TARGET", "PROJECTS"),
		RunE: o.print,
	}
	o.flags(cmd)
	cliflags.Choice(cmd.Flags(), &format, "format", "f", "output format: shell, json or yaml", "shell", "json", "yaml")
	return cmd
}
