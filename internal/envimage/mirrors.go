// SPDX-License-Identifier: GPL-2.0-or-later

package envimage

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/container/bootstrap"
	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/aptsources"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
	"gitlab.com/lcitool/lcitool/targets"
)

// Mirrors are the addresses that the user's settings and the machine's own
// package sources give.
type Mirrors struct {
	settings map[string]string // by target or distribution, in lower case
	machine  *aptsources.Machine
}

const maxSettings = 1 << 20

// ReadMirrors reads a file of settings, "" for none, and the machine's package
// sources. Sections of the settings that have no effect are passed to warn.
func ReadMirrors(settings string, warn func(*facts.Fault), log *slog.Logger) (*Mirrors, error) {
	m := &Mirrors{}
	var err error
	if settings != "" {
		if m.settings, err = readSettings(settings, warn); err != nil {
			return nil, err
		}
	}
	m.machine, err = aptsources.Read(os.DirFS("/"))
	if err != nil {
		log.Debug("machine's own mirror not used", "err", err)
		m.machine = &aptsources.Machine{}
	}
	return m, nil
}

// readSettings reads the section mirrors of a file of settings. Other sections
// have no effect, which warn is called with.
func readSettings(file string, warn func(*facts.Fault)) (map[string]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read the settings: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSettings+1))
	if err != nil {
		return nil, fmt.Errorf("cannot read the settings: %w", err)
	}
	if len(text) > maxSettings {
		return nil, fmt.Errorf("%s: larger than %d bytes", file, maxSettings)
	}
	doc, err := yamldoc.Parse(file, text, 0)
	if err != nil || doc.IsNull() {
		return nil, err
	}
	sections, err := doc.Mapping()
	if err != nil {
		return nil, err
	}
	if twice := doc.Duplicates(); len(twice) > 0 {
		return nil, twice[0]
	}
	found := map[string]string{}
	for _, section := range sections {
		if section.Key != "mirrors" {
			warn(diag.Errorf(section.Pos, "unknown key %s%s", yamldoc.Quote(section.Key), facts.DidYouMean(section.Key, []string{"mirrors"})))
			continue
		}
		if section.Value.IsNull() {
			continue
		}
		entries, err := section.Value.Mapping()
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			url, err := e.Value.Text()
			if err != nil {
				return nil, err
			}
			found[strings.ToLower(e.Key)] = url
		}
	}
	return found, nil
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
	return []string{line}, err
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
