// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/aptsources"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
	"gitlab.com/lcitool/lcitool/targets"
)

// mirrors are the addresses that the user's settings and the machine's own
// package sources give.
type mirrors struct {
	settings map[string]string // by target or distribution, in lower case
	machine  *aptsources.Machine
}

const maxSettings = 1 << 20

// mirrors reads where mirrors are said to be.
func (a *app) mirrors() (*mirrors, error) {
	m := &mirrors{}
	file, err := a.settingsFile()
	if err != nil {
		return nil, err
	}
	if file != "" {
		if m.settings, err = readMirrors(file, a.warn); err != nil {
			return nil, err
		}
	}
	m.machine, err = aptsources.Read(os.DirFS("/"))
	if err != nil {
		a.log().Debug("machine's own mirror not used", "err", err)
		m.machine = &aptsources.Machine{}
	}
	return m, nil
}

// settingsFile is the file named by --config, or the user's own if there is
// one, else "".
func (a *app) settingsFile() (string, error) {
	if a.config != "" {
		f, err := os.Open(a.config)
		if err != nil {
			return "", &usageError{a.command, fmt.Errorf("argument --config: cannot read %q: %w", a.config, err)}
		}
		return a.config, f.Close()
	}
	dir := a.configDir()
	if dir == "" {
		return "", nil
	}
	for _, name := range []string{"config.yml", "config.yaml"} {
		file := filepath.Join(dir, name)
		_, err := os.Stat(file)
		if err == nil {
			return file, nil
		}
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) { // HOME=/dev/null is no home
			return "", fmt.Errorf("cannot read the settings: %w", err)
		}
	}
	return "", nil
}

// readMirrors reads the section mirrors of a file of settings. Other sections
// have no effect, which warn is called with.
func readMirrors(file string, warn func(*facts.Fault)) (map[string]string, error) {
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
			warn(yamldoc.Faultf(section.Pos, "unknown key %s%s", yamldoc.Quote(section.Key), facts.DidYouMean(section.Key, []string{"mirrors"})))
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

// named is the mirror that somebody named for a release: an option's value, or
// what the settings say; "" when nobody did.
func (m *mirrors) named(option string, release *targets.Release) string {
	return cmp.Or(option, m.settings[release.Name], m.settings[strings.ToLower(release.OS.Name)])
}

// isOwn reports whether the release is of the machine's own distribution.
func (m *mirrors) isOwn(release *targets.Release) bool {
	return m.machine.ID == strings.ToLower(release.OS.Name)
}

// of is the address of the mirror for a release.
func (m *mirrors) of(option string, release *targets.Release) string {
	if mirror := m.named(option, release); mirror != "" {
		return mirror
	}
	if own, err := m.machine.Mirror(); err == nil && m.isOwn(release) {
		return own
	}
	return release.Mirror.URL
}

// sources gives the lines of a sources.list for a release.
func (m *mirrors) sources(option string, release *targets.Release) ([]string, error) {
	mirror := m.named(option, release)
	if mirror == "" && m.isOwn(release) {
		if lines := m.machine.Lines(release.Mirror.Suite, release.Mirror.Components); len(lines) > 0 {
			return lines, nil
		}
	}
	line, err := aptsources.Line(cmp.Or(mirror, release.Mirror.URL), release.Mirror.Suite, release.Mirror.Components)
	return []string{line}, err
}

// checkSettings warns of mirrors that no target has any use for.
func (v *verifier) checkSettings() error {
	catalogue, err := v.app.catalogue()
	if err != nil {
		return err
	}
	known := catalogue.Names()
	for name := range catalogue.Vocabulary().Distributions {
		known = append(known, strings.ToLower(name))
	}
	slices.Sort(known)
	for _, name := range sortedKeys(v.mirrors.settings) {
		if !slices.Contains(known, name) {
			v.app.warnf("settings: mirrors", "%q is neither a target nor a distribution%s", name, facts.DidYouMean(name, known))
		}
	}
	return nil
}
