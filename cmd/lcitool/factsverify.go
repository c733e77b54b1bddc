// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/factscheck"
	"gitlab.com/lcitool/lcitool/internal/repodata"
	"gitlab.com/lcitool/lcitool/internal/scheduler/progress"
	"gitlab.com/lcitool/lcitool/internal/userdirs"
	"gitlab.com/lcitool/lcitool/targets"
)

func newFactsVerify(a *app) *cobra.Command {
	v := factsVerify{app: a}
	var arches []string
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check package names against the package indexes of distributions",
		Long: `Check that every package name in the facts exists in the package index of the
distribution. A name that is not a package is reported as virtual, with the packages
that provide it, or as missing, with the most similar names. The exit status is 1 if
any name is missing.

The names are those for this machine's architecture and for every architecture that the
target can be cross-compiled for. With --arch, they are those for the given ones.

The mirror is the first of these that exists: --mirror; the one in the settings (section
mirrors, by target or distribution); the one that this machine's own packages come from,
if the target is of the same distribution; the one in the facts of the target.`,
		Args: cliflags.Args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, name := range arches {
				arch, err := targets.ParseArch(name)
				if err != nil {
					return cliflags.Usage(cmd, err)
				}
				v.checker.Arches = append(v.checker.Arches, arch)
			}
			if cmd.Flags().Changed("keyring") {
				v.checker.Keyring = &v.keyring
			}
			return v.run(cmd)
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVarP(&v.targets, "target", "t", nil, "target to check, or a pattern such as 'debian-*'; may be repeated (default all with package indexes)")
	flags.StringArrayVarP(&arches, "arch", "a", nil, "architecture to check; may be repeated (default this machine's and all that the target can be cross-compiled for)")
	completeArches(cmd, "arch", targets.Arches())
	flags.StringVar(&v.checker.Mirror, "mirror", "", "URL of the package mirror: http, https or file (default from the settings, this machine's package sources or the target)")
	flags.StringVar(&v.keyring, "keyring", "", "file with the keys that verify the signatures of the mirror's indexes; \"\" disables verification (default the distribution's keyring, if installed)")
	cliflags.Choice(flags, &v.format, "format", "", "output format: text, json or junit", "text", "json", "junit")
	return cmd
}

type factsVerify struct {
	app     *app
	targets []string // none means all
	format  string
	keyring string
	checker factscheck.Checker
}

func (v *factsVerify) run(cmd *cobra.Command) error {
	catalogue, err := v.app.workspace().Catalogue()
	if err != nil {
		return err
	}
	names, err := factscheck.Expand(catalogue, v.targets)
	if err != nil {
		return err
	}
	releases, err := factscheck.Releases(catalogue, names)
	if err != nil {
		return err
	}
	other := func(r *targets.Release) bool { return r.OS.Name != releases[0].OS.Name }
	if v.checker.Mirror != "" && slices.ContainsFunc(releases, other) {
		return cliflags.Usagef(cmd, "argument --mirror: name the targets of one distribution with --target")
	}
	bars := v.app.Downloads()
	if err := v.prepare(catalogue, bars); err != nil {
		return err
	}
	reports, failed := v.checker.CheckAll(cmd.Context(), releases)
	bars.End()
	factscheck.Warnings(reports, v.app.warnf, v.app.Infof)
	if err := errors.Join(failed, v.print(reports)); err != nil {
		return err
	}
	if slices.ContainsFunc(reports, func(r factscheck.Report) bool { return r.Counts.Missing > 0 }) {
		return statusError(1) // the report has the reason
	}
	return nil
}

func (v *factsVerify) prepare(catalogue *targets.Catalogue, bars *progress.Downloads) (err error) {
	c := &v.checker
	if c.Set, err = v.app.workspace().Facts(); err != nil {
		return err
	}
	mirrors := v.app.mirrors()
	c.Mirrors = mirrors
	if err := v.app.checkWarnings(); err != nil {
		return err
	}
	factscheck.WarnMirrors(catalogue, mirrors.Settings(), v.app.warnf)
	show := func(p repodata.Progress) { bars.Show(p.URL, p.Done, p.Total, p.Ended) }
	c.Client, err = factscheck.NewClient(userdirs.Cache(v.app.Getenv), v.app.offline, show)
	return err
}

func (v *factsVerify) print(reports []factscheck.Report) error {
	write := factscheck.WriteText
	if v.format == "junit" {
		write = factscheck.JUnit
	}
	return v.app.ResultText(v.format, reports, func(w io.Writer) error { return write(w, reports) })
}
