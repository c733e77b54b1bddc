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

// Mirrors are the addresses that the user's settings and the machine's own
// package sources give.
type Mirrors struct {
	settings map[string]string // by target or distribution, in lower case
	machine  *aptsources.Machine
}

// ReadMirrors takes the mirrors that settings name by target or distribution, in
// lower case, and reads the machine's package sources.
func ReadMirrors(settings map[string]string, log *slog.Logger) *Mirrors {
	m := &Mirrors{settings: settings}
	var err error
	if m.machine, err = aptsources.Read(os.DirFS("/")); err != nil {
		log.Debug("machine's own mirror not used", "err", err)
		m.machine = &aptsources.Machine{}
	}
	return m
}

// Settings lists what the settings name mirrors for, sorted: targets and
// distributions in lower case.
func (m *Mirrors) Settings() []string { return slices.Sorted(maps.Keys(m.settings)) }

// named is the mirror that somebody named for a release: an option's value, or
// what the settings say; "" when nobody did.
func (m *Mirrors) named(option string, release *targets.Release) string {
	return cmp.Or(option, m.settings[release.Name], m.settings[strings.ToLower(release.OS.Name)])
}

// isOwn reports whether the release is of the machine's own distribution.
func (m *Mirrors) isOwn(release *targets.Release) bool {
	return m.machine.ID == strings.ToLower(release.OS.Name)
}

// For is the address of the mirror for a release.
func (m *Mirrors) For(option string, release *targets.Release) string {
	if mirror := m.named(option, release); mirror != "" {
		return mirror
	}
	if own, err := m.machine.Mirror(); err == nil && m.isOwn(release) {
		return own
	}
	return release.Mirror.URL
}

// sources gives the lines of a sources.list for a release.
func (m *Mirrors) sources(option string, release *targets.Release) ([]string, error) {
	mirror := m.named(option, release)
	if mirror == "" && m.isOwn(release) {
		if lines := m.machine.Lines(release.Mirror.Suite, release.Mirror.Components); len(lines) > 0 {
			return lines, nil
		}
	}
	line, err := aptsources.Line(cmp.Or(mirror, release.Mirror.URL), release.Mirror.Suite, release.Mirror.Components)
	lines := []string{line}
	if mirror != "" || err != nil { // it need not have more than the release
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

// Base says which base image a release wants, and from which mirror it is to be
// made: the one of the option, or For's if it is "".
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
