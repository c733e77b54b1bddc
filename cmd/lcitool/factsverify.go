// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/factscheck"
	"gitlab.com/lcitool/lcitool/internal/repodata"
	"gitlab.com/lcitool/lcitool/internal/termtext"
	"gitlab.com/lcitool/lcitool/targets"
)

func newFactsVerify(a *app) *cobra.Command {
	v := factsVerify{app: a}
	var arches []string
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check package names against the distributions' own indexes",
		Long: `Check that every package name that the facts give exists in the distribution's
own package index, and say for each name that is no package what it is: virtual,
with the packages that provide it, or missing, with the names most like it. The
status is 1 if any is missing.

The names are those for this machine's architecture and for every one that the
target can be cross compiled for; with --arch, those for the named ones.

The mirror is the one of --mirror, else of the settings (a section mirrors, by
target or distribution), else the one this machine's own packages come from,
when the target is of its distribution, else the one in the target's facts.`,
		Args: needArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := choice(cmd, "format", v.format, "text", "json", "junit"); err != nil {
				return err
			}
			for _, name := range arches {
				arch, err := targets.ParseArch(name)
				if err != nil {
					return &usageError{cmd, err}
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
	flags.StringArrayVarP(&arches, "arch", "a", nil, "architecture to check; may be repeated")
	completeArches(cmd, "arch", targets.Arches())
	flags.StringVar(&v.checker.Mirror, "mirror", "", "URL of the distribution's mirror: http, https or file")
	flags.StringVar(&v.keyring, "keyring", "", "file with the keys that sign the mirror's indexes; \"\" turns verification off (default the distribution's, if installed)")
	flags.StringVar(&v.format, "format", "text", "text, json or junit")
	return cmd
}

// A factsVerify carries out one call of facts verify.
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
	names, err := v.expand(catalogue)
	if err != nil {
		return err
	}
	releases, err := factscheck.Releases(catalogue, names)
	if err != nil {
		return err
	}
	if v.checker.Mirror != "" && !sameDistribution(releases) {
		return &usageError{cmd, errors.New("argument --mirror: name the targets of one distribution with --target")}
	}
	ctx, cancel := context.WithTimeoutCause(cmd.Context(), verifyLimit, fmt.Errorf("all targets together took longer than %v", verifyLimit))
	defer cancel()
	bars := v.app.downloads()
	if err := v.prepare(catalogue, bars); err != nil {
		return err
	}
	var reports []factscheck.Report
	var errs []error
	for _, release := range releases {
		report, err := v.checker.Check(ctx, release)
		reports, errs = append(reports, report), append(errs, err)
	}
	bars.end()
	if err := v.app.showVerified(v.format, reports); err != nil {
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for _, r := range reports {
		if r.Counts.Missing > 0 {
			return statusError(1) // the report says why
		}
	}
	return nil
}

// prepare reads facts and settings, and readies the client.
// expand puts the targets that can be checked in the place of patterns.
func (v *factsVerify) expand(catalogue *targets.Catalogue) ([]string, error) {
	if !slices.ContainsFunc(v.targets, targets.IsPattern) {
		return v.targets, nil
	}
	releases, err := factscheck.Releases(catalogue, nil)
	if err != nil {
		return nil, err
	}
	var known []string
	for _, r := range releases {
		known = append(known, r.Name)
	}
	return targets.Expand(v.targets, known)
}

func (v *factsVerify) prepare(catalogue *targets.Catalogue, bars *downloads) (err error) {
	c := &v.checker
	if c.Set, err = v.app.workspace().Facts(); err != nil {
		return err
	}
	c.Mirrors = v.app.mirrors()
	if err := v.app.checkWarnings(); err != nil {
		return err
	}
	names, meant := factscheck.UnusedMirrors(catalogue, c.Mirrors)
	for i, name := range names {
		v.app.warnf("settings: mirrors", "%q is neither a target nor a distribution%s", name, meant[i])
	}
	dir := v.app.cacheDir()
	if dir == "" {
		return diag.WithHint(errors.New("cannot find a directory for the cache"), "set HOME or XDG_CACHE_HOME")
	}
	c.Client, err = repodata.NewClient(repodata.Options{
		CacheDir: filepath.Join(dir, "indexes"), Offline: v.app.offline, Progress: bars.show,
	})
	return err
}

// verifyLimit is for the indexes of all targets. A mirror that is silent costs
// half a minute for each file.
const verifyLimit = time.Hour

func sameDistribution(releases []*targets.Release) bool {
	for _, r := range releases {
		if r.OS.Name != releases[0].OS.Name {
			return false
		}
	}
	return true
}

// showVerified sends the reports to stdout, and what they warn of to stderr.
func (a *app) showVerified(format string, reports []factscheck.Report) error {
	for _, r := range reports {
		for _, w := range r.Warnings {
			a.warnf(r.Target, "%s", w)
		}
		for _, s := range r.Skipped {
			a.warnf(r.Target, "%d names for %s not checked: %s", s.Names, s.Arch, s.Reason)
		}
		for _, s := range r.Signatures {
			if !s.Verified {
				a.infof("note: %s: signature not verified: %s", s.URL, s.Detail)
			}
		}
	}
	switch format {
	case "json":
		return a.json(append([]factscheck.Report{}, reports...))
	case "junit":
		var b bytes.Buffer
		if err := factscheck.JUnit(&b, reports); err != nil {
			return err
		}
		return a.write(b.Bytes())
	}
	return a.verifiedText(reports)
}

// verifiedText writes counts, and a table of the names that are no packages.
func (a *app) verifiedText(reports []factscheck.Report) error {
	var out bytes.Buffer
	for _, r := range reports {
		c := r.Counts
		if len(r.Names) == 0 && len(r.Errors) > 0 {
			continue // nothing is known
		}
		fmt.Fprintf(&out, "%s: %d names: %d present, %d virtual, %d missing\n",
			r.Target, c.Present+c.Virtual+c.Missing, c.Present, c.Virtual, c.Missing)
		if c.Virtual+c.Missing == 0 {
			continue
		}
		table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "  STATUS\tARCH\tNAME\tMAPPING\tREMARK")
		for _, status := range []repodata.Status{repodata.Missing, repodata.Virtual} {
			for _, n := range r.Names {
				if n.Status == status {
					fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%s\n", n.Status, n.Arch, n.Name, n.Where(), n.Note())
				}
			}
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	lines := strings.Split(termtext.Text(out.String()), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return a.write([]byte(strings.Join(lines, "\n")))
}
