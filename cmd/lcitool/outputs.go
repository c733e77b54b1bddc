// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"cmp"
	"context"
	"slices"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/render"
	"gitlab.com/lcitool/lcitool/internal/workspace"
	"gitlab.com/lcitool/lcitool/targets"
)

// An output is a verb that renders a target with projects.
type output struct {
	app *app
	workspace.Arches
}

func (o *output) flags(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&o.Host, "host-arch", "a", "", "architecture of the build machine (default this machine's)")
	completeArches(cmd, "host-arch", targets.Machines())
	crossArchFlag(cmd, &o.Cross)
}

// checkArches refuses architectures that nobody knows, and puts our names in
// the place of others.
func (o *output) checkArches(cmd *cobra.Command) error {
	for _, f := range []struct {
		flag    string
		value   *string
		choices []targets.Arch
	}{{"host-arch", &o.Host, targets.Machines()}, {"cross-arch", &o.Cross, targets.Arches()}} {
		if *f.value == "" && !cmd.Flags().Changed(f.flag) {
			continue
		}
		*f.value = archName(*f.value)
		if err := cliflags.CheckChoice(cmd, f.flag, *f.value, archNames(f.choices)...); err != nil {
			return err
		}
	}
	return nil
}

// resolve gives the target with the packages that the projects of a pattern
// list need there. check says whether the output can be made for a target; it
// is asked before packages are looked for.
func (o *output) resolve(ctx context.Context, target, pattern string, check func(targets.Target) error) (targets.Target, *targets.Packages, error) {
	list, err := o.app.workspace().Patterns(pattern)
	if err != nil {
		return targets.Target{}, nil, err
	}
	t, packages, err := o.app.workspace().Resolve(ctx, o.Arches, target, list, check)
	if err != nil {
		return targets.Target{}, nil, err
	}
	return t, packages, o.app.checkWarnings()
}

// header is the comment above the output, with the command that makes it again.
func (o *output) header(verb string, options []string, target, pattern string) (string, error) {
	args := append(slices.Concat([]string{verb}, options), o.Arches.Portable()...)
	return render.Header(append(args, target, workspace.PortablePattern(pattern)))
}

// print writes header and body, which end in a newline.
func (o *output) print(header string, body []byte) error {
	return o.app.Write(slices.Concat([]byte(header), body, []byte("\n")))
}

func anything(targets.Target) error { return nil }

func newDockerfile(a *app) *cobra.Command {
	o := &output{app: a}
	var base, layers, format string
	cmd := &cobra.Command{
		Use:   "dockerfile TARGET PROJECTS",
		Short: "Print the Dockerfile of a build environment",
		Args:  cliflags.Args("TARGET", "PROJECTS"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.checkArches(cmd); err != nil {
				return err
			}
			t, packages, err := o.resolve(cmd.Context(), args[0], args[1], render.CheckDockerfile)
			if err != nil {
				return err
			}
			body, err := render.Dockerfile(t, packages, render.DockerfileOptions{Base: base, Layers: render.Layers(layers)})
			if err != nil {
				return err
			}
			if layers == string(render.ForeignLayer) && o.Cross == "" {
				a.warnf("", "without --cross-arch there is no foreign layer")
			}
			options := []string{"--layers", layers}
			if base != "" {
				options = append([]string{"--base", base}, options...)
			}
			header, err := o.header("dockerfile", options, args[0], args[1])
			if err != nil {
				return err
			}
			if format == "json" {
				return a.JSON(renderedDockerfile{t.Name, string(t.Cross), cmp.Or(base, t.Containers.Base), header + string(body.Text) + "\n"})
			}
			return o.print(header, body.Text)
		},
	}
	o.flags(cmd)
	cliflags.Choice(cmd.Flags(), &format, "format", "", "text or json", "text", "json")
	cmd.Flags().StringVarP(&base, "base", "b", "", "base image (default the target's)")
	cliflags.Choice(cmd.Flags(), &layers, "layers", "l", "layers to render: all, native or foreign", "all", "native", "foreign")
	return cmd
}

// A renderedDockerfile is what "dockerfile" says as JSON.
type renderedDockerfile struct {
	Target     string `json:"target"`
	Cross      string `json:"cross_arch"` // "" for the machine's own
	Base       string `json:"base"`       // image
	Dockerfile string `json:"dockerfile"` // its text
}

func newBuildEnvScript(a *app) *cobra.Command {
	o := &output{app: a}
	cmd := &cobra.Command{
		Use:   "buildenvscript TARGET PROJECTS",
		Short: "Print a script that makes a machine a build environment",
		Args:  cliflags.Args("TARGET", "PROJECTS"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.checkArches(cmd); err != nil {
				return err
			}
			t, packages, err := o.resolve(cmd.Context(), args[0], args[1], render.CheckBuildEnvScript)
			if err != nil {
				return err
			}
			body, err := render.BuildEnvScript(t, packages)
			if err != nil {
				return err
			}
			header, err := o.header("buildenvscript", nil, args[0], args[1])
			if err != nil {
				return err
			}
			return o.print(header, body)
		},
	}
	o.flags(cmd)
	return cmd
}

func newVariables(a *app) *cobra.Command {
	o := &output{app: a}
	var format string
	cmd := &cobra.Command{
		Use:   "variables TARGET PROJECTS",
		Short: "Print the packages and tools of a build environment",
		Args:  cliflags.Args("TARGET", "PROJECTS"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.checkArches(cmd); err != nil {
				return err
			}
			t, packages, err := o.resolve(cmd.Context(), args[0], args[1], anything)
			if err != nil {
				return err
			}
			body, err := render.Variables(t, packages, render.VariablesFormat(format))
			if err != nil {
				return err
			}
			var options []string
			if format != "shell" {
				options = []string{"--format", format}
			}
			header, err := o.header("variables", options, args[0], args[1])
			if err != nil {
				return err
			}
			if format == "json" {
				header = ""
			}
			return o.print(header, body)
		},
	}
	o.flags(cmd)
	cliflags.Choice(cmd.Flags(), &format, "format", "f", "shell, json or yaml", "shell", "json", "yaml")
	return cmd
}
