// SPDX-License-Identifier: GPL-2.0-or-later

package envimage

import (
	"cmp"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/container/bootstrap"
	"gitlab.com/lcitool/lcitool/internal/aptsources"
	"gitlab.com/lcitool/lcitool/targets"
)

// Mirrors finds package mirrors in the user's settings and in the machine's own
// package sources.
type Mirrors struct {
	settings map[string]string // by target or distribution, in lower case
	machine  *aptsources.Machine
}

// ReadMirrors reads the machine's package sources. The keys of settings are
// targets or distributions, in lower case.
func ReadMirrors(settings map[string]string, log *slog.Logger) *Mirrors {
	m := &Mirrors{settings: settings}
	var err error
	if m.machine, err = aptsources.Read(os.DirFS("/")); err != nil {
		log.Debug("machine's own mirror not used", "err", err)
		m.machine = &aptsources.Machine{}
	}
	return m
}

// Settings returns the targets and distributions, in lower case, that have
// mirrors in the settings, sorted.
func (m *Mirrors) Settings() []string { return slices.Sorted(maps.Keys(m.settings)) }

// named returns the mirror that the option or the settings name for a release,
// or "".
func (m *Mirrors) named(option string, release *targets.Release) string {
	return cmp.Or(option, m.settings[release.Name], m.settings[strings.ToLower(release.OS.Name)])
}

// isOwn reports whether the release belongs to the machine's own distribution.
func (m *Mirrors) isOwn(release *targets.Release) bool {
	return m.machine.ID == strings.ToLower(release.OS.Name)
}

// For returns the URL of the mirror for a release. option overrides it unless it
// is "".
func (m *Mirrors) For(option string, release *targets.Release) string {
	if mirror := m.named(option, release); mirror != "" {
		return mirror
	}
	if own, err := m.machine.Mirror(); err == nil && m.isOwn(release) {
		return own
	}
	return release.Mirror.URL
}

// sources returns the lines of sources.list for a release.
func (m *Mirrors) sources(option string, release *targets.Release) ([]string, error) {
	mirror := m.named(option, release)
	if mirror == "" && m.isOwn(release) {
		if lines := m.machine.Lines(release.Mirror.Suite, release.Mirror.Components); len(lines) > 0 {
			return lines, nil
		}
	}
	line, err := aptsources.Line(cmp.Or(mirror, release.Mirror.URL), release.Mirror.Suite, release.Mirror.Components)
	lines := []string{line}
	if mirror != "" || err != nil { // a named mirror need not have the other suites
		return lines, err
	}
	for _, p := range release.Mirror.Pockets(release.Mirror.URL) {
		line, err := aptsources.Line(p.URL, p.Suite, release.Mirror.Components)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// Base returns the base image of a release and the mirror that it is built from:
// option, or that of For if it is "".
func (m *Mirrors) Base(option string, r *targets.Release) (bootstrap.Options, error) {
	o := bootstrap.Options{Reference: r.Containers.Base, Distro: strings.ToLower(r.OS.Name)}
	if r.Packaging.Format != "deb" || r.Mirror == nil {
		return o, nil // refused by the engine
	}
	o.Suite = r.Mirror.Suite
	var err error
	o.Sources, err = m.sources(option, r)
	return o, err
}
