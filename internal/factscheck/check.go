// SPDX-License-Identifier: GPL-2.0-or-later

// Package factscheck looks the package names of the facts up in the
// distributions' own indexes.
package factscheck

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/repodata"
	"gitlab.com/lcitool/lcitool/targets"
)

// mirrors finds the mirror of a release. option overrides it unless it is "".
type mirrors interface {
	For(option string, release *targets.Release) string
}

// A Checker checks the names of targets.
type Checker struct {
	Set     *facts.Set
	Mirrors mirrors
	Client  *repodata.Client
	Mirror  string         // in place of Mirrors, "" for none
	Arches  []targets.Arch // none means this machine's and all that can be crossed to
	Keyring *string        // file of the keys of indexes, "" to verify no signatures; nil for the distribution's
}

// An Error names the target whose indexes cannot be read.
type Error struct {
	Target string
	Err    error
}

func (e *Error) Error() string { return e.Target + ": " + e.Err.Error() }

func (e *Error) Unwrap() error { return e.Err }

// Releases returns the targets with these names, or all whose indexes can be read.
func Releases(catalogue *targets.Catalogue, names []string) ([]*targets.Release, error) {
	all := len(names) == 0
	if all {
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
		case !all && r.Mirror == nil && repodata.Supported(r.Packaging.Format):
			errs = append(errs, &Error{name, errors.New("its facts have no section mirror")})
		case !all:
			errs = append(errs, &Error{name, fmt.Errorf("package indexes of format %q cannot be read", r.Packaging.Format)})
		}
	}
	if len(releases)+len(errs) == 0 {
		errs = append(errs, errors.New("the facts of no target have a section mirror with package indexes that can be read"))
	}
	return releases, errors.Join(errs...)
}

// Expand puts the targets whose indexes can be read in the place of patterns.
func Expand(catalogue *targets.Catalogue, patterns []string) ([]string, error) {
	if !slices.ContainsFunc(patterns, targets.IsPattern) {
		return patterns, nil
	}
	releases, err := Releases(catalogue, nil)
	if err != nil {
		return nil, err
	}
	var known []string
	for _, r := range releases {
		known = append(known, r.Name)
	}
	return targets.Expand(patterns, known)
}

// CheckAll checks targets one after the other, all of them even if some fail.
func (c *Checker) CheckAll(ctx context.Context, releases []*targets.Release) ([]Report, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("all targets together took longer than %v", limit))
	defer cancel()
	reports := []Report{}
	var errs []error
	for _, release := range releases {
		report, err := c.Check(ctx, release)
		reports, errs = append(reports, report), append(errs, err)
	}
	return reports, errors.Join(errs...)
}

// limit is for the indexes of all targets. A mirror that does not answer costs
// half a minute for each file.
const limit = time.Hour

// NewClient returns a client that caches indexes below cacheDir, the user's
// directory for caches.
func NewClient(cacheDir string, offline bool, progress func(repodata.Progress)) (*repodata.Client, error) {
	if cacheDir == "" {
		return nil, diag.WithHint(errors.New("cannot find a directory for the cache"), "set HOME or XDG_CACHE_HOME")
	}
	return repodata.NewClient(repodata.Options{CacheDir: filepath.Join(cacheDir, "indexes"), Offline: offline, Progress: progress})
}

// WarnMirrors warns about names in settings that no target or distribution has.
func WarnMirrors(catalogue *targets.Catalogue, settings []string, warnf func(about, format string, args ...any)) {
	names, meant := unusedMirrors(catalogue, settings)
	for i, name := range names {
		warnf("settings: mirrors", "%q is neither a target nor a distribution%s", name, meant[i])
	}
}

// unusedMirrors returns the names in settings that no target or distribution has,
// with what may have been meant.
func unusedMirrors(catalogue *targets.Catalogue, settings []string) (names, meant []string) {
	known := catalogue.Names()
	for name := range catalogue.Vocabulary().Distributions {
		known = append(known, strings.ToLower(name))
	}
	slices.Sort(known)
	for _, name := range settings {
		if !slices.Contains(known, name) {
			names, meant = append(names, name), append(meant, facts.DidYouMean(name, known))
		}
	}
	return names, meant
}

// Check looks up all names of one target, an index for each architecture at
// the same time.
func (c *Checker) Check(ctx context.Context, release *targets.Release) (Report, error) {
	mirror := c.Mirrors.For(c.Mirror, release)
	report := newReport(release.Name, mirror)
	wanted, err := c.names(release)
	if err != nil {
		return report, err // places in the facts' files
	}
	answers := make([]*repodata.Report, len(wanted))
	errs := make([]error, len(wanted))
	var group errgroup.Group
	for i, w := range wanted {
		group.Go(func() error {
			answers[i], errs[i] = c.Client.Verify(ctx, c.Source(release, mirror, w.arch), w.sorted())
			return nil // report the errors of all architectures
		})
	}
	_ = group.Wait()
	var failed []error
	for i, w := range wanted {
		switch {
		case errs[i] == nil:
			report.add(w, answers[i])
		case errors.Is(errs[i], repodata.ErrNoIndex) && len(c.Arches) == 0 && w.cross:
			report.Skipped = append(report.Skipped, SkippedArch{string(w.arch), len(w.uses), "the distribution has no such architecture"})
		case !slices.Contains(report.Errors, errs[i].Error()): // architectures share a Release file
			report.Errors = append(report.Errors, errs[i].Error())
			failed = append(failed, &Error{release.Name, errs[i]})
		}
	}
	return report, errors.Join(failed...)
}

// Source says where the indexes of one architecture are.
func (c *Checker) Source(release *targets.Release, mirror string, arch targets.Arch) repodata.Source {
	m := release.Mirror
	s := repodata.Source{
		Format:     release.Packaging.Format,
		URL:        mirror,
		Suite:      m.Suite,
		Components: m.Components,
		Arch:       indexArch(release.Packaging.Format, arch),
		Keyring:    m.Keyring,
	}
	if s.Format == "deb" {
		for _, p := range m.Pockets(mirror) {
			s.Pockets = append(s.Pockets, repodata.Pocket{URL: p.URL, Suite: p.Suite})
		}
	} else {
		for _, name := range slices.Sorted(maps.Keys(m.Repos)) {
			s.Repos = append(s.Repos, m.Repos[name])
		}
	}
	if s.Format == "apk" && s.Keyring == "" {
		s.Keyring = "/usr/share/apk/keys" // where Alpine has the keys of all architectures
	}
	if c.Keyring != nil {
		s.Keyring = *c.Keyring
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
