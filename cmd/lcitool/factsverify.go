// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/envimage"
	"gitlab.com/lcitool/lcitool/internal/repodata"
	"gitlab.com/lcitool/lcitool/targets"
)

func newFactsVerify(a *app) *cobra.Command {
	v := verifier{app: a}
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
				v.arches = append(v.arches, arch)
			}
			v.ownKeyring = cmd.Flags().Changed("keyring")
			return v.run(cmd)
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVarP(&v.targets, "target", "t", nil, "target to check, may be repeated (default all that have package indexes)")
	flags.StringArrayVarP(&arches, "arch", "a", nil, "architecture to check, may be repeated")
	flags.StringVar(&v.mirror, "mirror", "", "address of the distribution's mirror: http, https or file")
	flags.StringVar(&v.keyring, "keyring", "", "file of the keys that the mirror's indexes are signed with; \"\" verifies no signatures (default the distribution's, if installed)")
	flags.StringVar(&v.format, "format", "text", "text, json or junit")
	return cmd
}

// A verifier carries out one call of facts verify.
type verifier struct {
	app        *app
	targets    []string       // none means all
	arches     []targets.Arch // none means the host's and all that can be crossed to
	mirror     string
	keyring    string
	ownKeyring bool // keyring was given, be it empty
	format     string

	mirrors *envimage.Mirrors
	client  *repodata.Client
	set     *facts.Set
}

func (v *verifier) run(cmd *cobra.Command) error {
	releases, err := v.releases()
	if err != nil {
		return err
	}
	if v.mirror != "" && !sameDistribution(releases) {
		return &usageError{cmd, errors.New("argument --mirror: name the targets of one distribution with --target")}
	}
	ctx, cancel := context.WithTimeoutCause(cmd.Context(), verifyLimit, fmt.Errorf("all targets together took longer than %v", verifyLimit))
	defer cancel()
	bars := v.app.downloads()
	if err := v.prepare(bars); err != nil {
		return err
	}
	var reports []targetReport
	var errs []error
	for _, release := range releases {
		report, err := v.verify(ctx, release)
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
func (v *verifier) prepare(bars *downloads) (err error) {
	if v.set, err = v.app.workspace().Facts(); err != nil {
		return err
	}
	if v.mirrors, err = v.app.mirrors(); err != nil {
		return err
	}
	if err := errors.Join(v.app.checkWarnings(), v.checkSettings()); err != nil {
		return err
	}
	dir := v.app.cacheDir()
	if dir == "" {
		return facts.WithHint(errors.New("no place for the cache"), "set HOME or XDG_CACHE_HOME")
	}
	v.client, err = repodata.NewClient(repodata.Options{
		CacheDir: filepath.Join(dir, "indexes"), Offline: v.app.offline, Progress: bars.show,
	})
	return err
}

// verifyLimit is for the indexes of all targets. A mirror that is silent costs
// half a minute for each file.
const verifyLimit = time.Hour

// A verifyError names the target whose indexes cannot be had.
type verifyError struct {
	target string
	err    error
}

func (e *verifyError) Error() string { return e.target + ": " + e.err.Error() }

func (e *verifyError) Unwrap() error { return e.err }

// releases gives the targets asked for, or all whose indexes can be read.
func (v *verifier) releases() ([]*targets.Release, error) {
	catalogue, err := v.app.workspace().Catalogue()
	if err != nil {
		return nil, err
	}
	names := v.targets
	if len(names) == 0 {
		names = catalogue.Names()
	}
	var releases []*targets.Release
	var errs []error
	for _, name := range names {
		r, err := catalogue.Release(name)
		switch {
		case err != nil:
			errs = append(errs, err)
		case repodata.Supported(r.Packaging.Format) && r.Mirror != nil:
			releases = append(releases, r)
		case len(v.targets) > 0 && r.Mirror == nil && repodata.Supported(r.Packaging.Format):
			errs = append(errs, &verifyError{name, errors.New("its facts have no section mirror")})
		case len(v.targets) > 0:
			errs = append(errs, &verifyError{name, fmt.Errorf("package indexes of format %q cannot be read", r.Packaging.Format)})
		}
	}
	return releases, errors.Join(errs...)
}

func sameDistribution(releases []*targets.Release) bool {
	for _, r := range releases {
		if r.OS.Name != releases[0].OS.Name {
			return false
		}
	}
	return true
}

// verify looks up all names of one target, an index for each architecture at
// the same time.
func (v *verifier) verify(ctx context.Context, release *targets.Release) (targetReport, error) {
	mirror := v.mirrors.For(v.mirror, release)
	report := newTargetReport(release.Name, mirror)
	wanted, err := v.names(release)
	if err != nil {
		return report, err // places in the facts' files
	}
	answers := make([]*repodata.Report, len(wanted))
	errs := make([]error, len(wanted))
	var group errgroup.Group
	for i, w := range wanted {
		group.Go(func() error {
			answers[i], errs[i] = v.client.Verify(ctx, v.source(release, mirror, w.arch), w.sorted())
			return nil // all are tried, so that all that is wrong is said
		})
	}
	_ = group.Wait()
	var failed []error
	for i, w := range wanted {
		switch {
		case errs[i] == nil:
			report.add(w, answers[i])
		case errors.Is(errs[i], repodata.ErrNoIndex) && len(v.arches) == 0 && w.cross:
			report.Skipped = append(report.Skipped, skippedArch{string(w.arch), len(w.uses), "the distribution has no such architecture"})
		case !slices.Contains(report.Errors, errs[i].Error()): // architectures share a Release file
			report.Errors = append(report.Errors, errs[i].Error())
			failed = append(failed, &verifyError{release.Name, errs[i]})
		}
	}
	return report, errors.Join(failed...)
}

// source says where the indexes of one architecture are.
func (v *verifier) source(release *targets.Release, mirror string, arch targets.Arch) repodata.Source {
	m := release.Mirror
	s := repodata.Source{
		Format:     release.Packaging.Format,
		URL:        mirror,
		Suite:      m.Suite,
		Components: m.Components,
		Arch:       indexArch(release.Packaging.Format, arch),
		Keyring:    m.Keyring,
	}
	for _, name := range sortedKeys(m.Repos) {
		s.Repos = append(s.Repos, m.Repos[name])
	}
	if s.Format == "apk" && s.Keyring == "" {
		s.Keyring = "/usr/share/apk/keys" // the keys of all architectures, where Alpine is
	}
	if v.ownKeyring {
		s.Keyring = v.keyring
	}
	return s
}

// indexArch is the name that the packaging format's indexes have for arch.
func indexArch(format string, arch targets.Arch) string {
	switch format {
	case "deb":
		return arch.Deb()
	case "apk":
		switch arch {
		case "armv6l":
			return "armhf"
		case "armv7l":
			return "armv7"
		case "i686":
			return "x86"
		}
	}
	return string(arch)
}
