// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/render"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
	"gitlab.com/lcitool/lcitool/targets"
)

// A releases reads the facts of targets by name.
type releases interface {
	Release(name string) (*targets.Release, error)
}

// architectures are those that a target is looked at for: host is "" for this
// machine's, cross for none.
type architectures struct{ host, cross string }

// An output is a verb that renders a target with projects.
type output struct {
	app *app
	architectures
}

func (o *output) flags(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&o.host, "host-arch", "a", "", "architecture of the build machine (default this machine's)")
	cmd.Flags().StringVarP(&o.cross, "cross-arch", "x", "", "architecture to build for")
}

// checkArches refuses architectures that nobody knows.
func (o *output) checkArches(cmd *cobra.Command) error {
	names := make([]string, 0, 16)
	for _, arch := range targets.Arches() {
		names = append(names, string(arch))
	}
	hosts := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return targets.Arch(name).IsWindows() })
	for _, f := range []struct {
		flag, value string
		choices     []string
	}{{"host-arch", o.host, hosts}, {"cross-arch", o.cross, names}} {
		if f.value == "" && !cmd.Flags().Changed(f.flag) {
			continue
		}
		if err := choice(cmd, f.flag, f.value, f.choices...); err != nil {
			return err
		}
	}
	return nil
}

// supports says whether the output can be made for a release; it is asked
// before packages are looked for.
type supports func(targets.Target) error

// resolve gives the target with the packages that the projects of a pattern
// list need there.
func (o *output) resolve(ctx context.Context, target, pattern string, check supports) (targets.Target, *targets.Packages, error) {
	list, err := o.app.patterns(pattern)
	if err != nil {
		return targets.Target{}, nil, err
	}
	return o.app.resolveList(ctx, o.architectures, target, list, check)
}

// resolveList is resolve for a list of projects and references.
func (a *app) resolveList(ctx context.Context, arches architectures, target string, list []string, check supports) (targets.Target, *targets.Packages, error) {
	var none targets.Target
	t, err := a.target(target, arches.host, arches.cross)
	var cross *targets.CrossError
	if err != nil && !errors.As(err, &cross) {
		return none, nil, err
	}
	if err := check(t); err != nil {
		return none, nil, err
	}
	if cross != nil {
		return none, nil, cross
	}
	set, names, err := a.projects(ctx, list)
	if err != nil {
		return none, nil, err
	}
	packages, err := targets.Select(set, t, names)
	if err != nil {
		return none, nil, err
	}
	for _, mapping := range packages.Dropped {
		a.log().Debug("no package", "mapping", mapping, "target", t.Name)
	}
	for _, p := range packages.Unavailable {
		a.warn(yamldoc.Faultf(p.Pos, "mapping %q: %s has no package %s for %s machines", p.Mapping, t.Name, p.Name, t.Host))
	}
	return t, packages, a.checkWarnings()
}

// target gives a target for the architectures; host may be "" for this
// machine's, cross for none. The target is given with a *targets.CrossError
// too.
func (a *app) target(name, host, cross string) (targets.Target, error) {
	catalogue, err := a.catalogue()
	if err != nil {
		return targets.Target{}, err
	}
	release, err := catalogue.Release(name)
	if err != nil {
		return targets.Target{}, err
	}
	arch, err := hostArch(host)
	if err != nil {
		return targets.Target{}, err
	}
	return release.For(arch, targets.Arch(cross))
}

// header is the comment above the output, with the command that makes it
// anew. The architecture of this machine is named where it is not the usual
// one, since packages depend on it. Directories of facts are left out: where
// they are is a matter of the machine.
func (o *output) header(verb string, options []string, target, pattern string) (string, error) {
	args := slices.Concat([]string{verb}, options)
	host := o.host
	if arch, err := hostArch(""); host == "" && err == nil && arch != "x86_64" {
		host = string(arch)
	}
	if host != "" {
		args = append(args, "--host-arch", host)
	}
	if o.cross != "" {
		args = append(args, "--cross-arch", o.cross)
	}
	return render.Header(append(args, target, portablePattern(pattern)))
}

// print writes header and body, which end in a newline.
func (o *output) print(header string, body []byte) error {
	return o.app.write(slices.Concat([]byte(header), body, []byte("\n")))
}

func anything(targets.Target) error { return nil }

func newDockerfile(a *app) *cobra.Command {
	o := &output{app: a}
	var base, layers string
	cmd := &cobra.Command{
		Use:   "dockerfile TARGET PROJECTS",
		Short: "Print the Dockerfile of a build environment",
		Args:  needArgs("TARGET", "PROJECTS"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := choice(cmd, "layers", layers, "all", "native", "foreign"); err != nil {
				return err
			}
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
			if layers == string(render.ForeignLayer) && o.cross == "" {
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
			return o.print(header, body.Text)
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVarP(&base, "base", "b", "", "image to start from (default the target's own)")
	cmd.Flags().StringVarP(&layers, "layers", "l", "all", "all, native or foreign")
	return cmd
}

func newBuildEnvScript(a *app) *cobra.Command {
	o := &output{app: a}
	cmd := &cobra.Command{
		Use:   "buildenvscript TARGET PROJECTS",
		Short: "Print a script that makes a machine a build environment",
		Args:  needArgs("TARGET", "PROJECTS"),
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
		Args:  needArgs("TARGET", "PROJECTS"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := choice(cmd, "format", format, "shell", "json", "yaml"); err != nil {
				return err
			}
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
	cmd.Flags().StringVarP(&format, "format", "f", "shell", "shell, json or yaml")
	return cmd
}
