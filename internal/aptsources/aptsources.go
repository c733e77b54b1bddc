// SPDX-License-Identifier: GPL-2.0-or-later

// Package aptsources reads where a Debian or Ubuntu machine gets its own
// distribution's packages from.
package aptsources

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strings"
)

// ErrNone is returned if no source of a machine is a mirror of its distribution.
var ErrNone = errors.New("no mirror of its own distribution in the machine's package sources")

// A Machine is a distribution release with its sources. The zero Machine has none.
type Machine struct {
	ID       string // the distribution, as in os-release: "debian", "ubuntu"
	Codename string // of its release; on Debian's testing and unstable that of the next one, or ""

	rolling bool // it has no version: Debian's testing or unstable
	entries []entry
}

// Read reads a machine's os-release and apt sources. root is its root directory,
// as os.DirFS("/") gives it.
func Read(root fs.FS) (*Machine, error) {
	m := &Machine{}
	err := m.readRelease(root)
	if err != nil {
		return nil, err
	}
	m.entries, err = readEntries(root)
	return m, err
}

// Mirror is the base URL of the machine's own archive, below which dists/ is.
// An entry counts when it is enabled, plain http or https, at an archive named
// like the distribution, for the machine's own release, and not signed with the
// keyring of a third party: their repositories use the same suites. Mirror
// returns the first entry that counts, or ErrNone.
func (m *Machine) Mirror() (string, error) {
	for _, e := range m.entries {
		if pocket, ok := m.pocket(e); ok && pocket != "-security" {
			return strings.TrimRight(e.uri, "/"), nil
		}
	}
	return "", ErrNone
}

// Lines returns the lines of a sources.list for another release of the same
// distribution on the machine's own mirrors, updates and security fixes among
// them if the release has them separately. It returns none if Mirror fails.
func (m *Machine) Lines(suite string, components []string) []string {
	rolling := slices.Contains([]string{"sid", "unstable", "testing", "experimental"}, suite)
	var lines []string
	for _, e := range m.entries {
		pocket, ok := m.pocket(e)
		if !ok || pocket != "" && rolling || !slices.Contains([]string{"", "-updates", "-security"}, pocket) {
			continue
		}
		line := fmt.Sprintf("deb %s %s%s %s", e.uri, suite, pocket, strings.Join(components, " "))
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// Line returns the line of a sources.list for a mirror that the user named.
func Line(mirror, suite string, components []string) (string, error) {
	u, err := url.Parse(mirror)
	if err != nil || strings.ContainsAny(mirror, " \t\r\n[]") || u.Host == "" && u.Scheme != "file" {
		return "", fmt.Errorf("mirror %q is not a URL", mirror)
	}
	if u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "file" {
		return "", fmt.Errorf("mirror %q must begin with http://, https:// or file://", mirror)
	}
	return fmt.Sprintf("deb %s %s %s", mirror, suite, strings.Join(components, " ")), nil
}

// pocket reports whether an entry is of the machine's own distribution and
// release, and which part of the release it is: "", "-updates", "-security",
// "-backports", "-proposed-updates".
func (m *Machine) pocket(e entry) (pocket string, ok bool) {
	u, err := url.Parse(e.uri)
	if err != nil || m.ID == "" || u.Scheme != "http" && u.Scheme != "https" ||
		u.Host == "" || u.User != nil || u.RawQuery != "" || !slices.Contains(e.components, "main") {
		return "", false
	}
	if e.signedBy != "" && !strings.HasPrefix(path.Base(e.signedBy), m.ID+"-archive") {
		return "", false
	}
	suite := e.suite
	for _, p := range []string{"-proposed-updates", "-updates", "-security", "-backports"} {
		if base, found := strings.CutSuffix(suite, p); found {
			suite, pocket = base, p
			break
		}
	}
	archive := path.Base(path.Clean(u.Path))
	if archive != m.ID && (archive != m.ID+"-security" || pocket != "-security") {
		return "", false
	}
	switch suite {
	case m.Codename:
		return pocket, true
	case "sid", "unstable", "testing":
		return pocket, m.rolling
	case "stable", "oldstable", "oldoldstable": // others use these names, but not Debian's keyring
		return pocket, e.signedBy != "" && !m.rolling
	}
	return pocket, false
}

// readRelease reads which distribution the machine has.
func (m *Machine) readRelease(root fs.FS) error {
	text, err := fs.ReadFile(root, "etc/os-release")
	if errors.Is(err, fs.ErrNotExist) {
		text, err = fs.ReadFile(root, "usr/lib/os-release")
	}
	if err != nil {
		return fmt.Errorf("cannot tell the machine's distribution: %w", err)
	}
	m.rolling = true
	for line := range strings.SplitSeq(string(text), "\n") {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		value = strings.Trim(value, `"'`)
		switch key {
		case "ID":
			m.ID = value
		case "VERSION_CODENAME":
			m.Codename = value
		case "VERSION_ID":
			m.rolling = value == ""
		}
	}
	m.rolling = m.rolling && m.ID == "debian"
	return nil
}
