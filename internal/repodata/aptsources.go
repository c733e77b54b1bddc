// SPDX-License-Identifier: GPL-2.0-or-later

package repodata

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strings"
)

// A Mirror is where a machine gets its own distribution's packages.
type Mirror struct {
	ID  string // the distribution, as in os-release: "debian", "ubuntu"
	URL string // the archive's base, below which dists/ is
}

// ErrNoMirror says that the machine's own sources name no mirror of its distribution.
var ErrNoMirror = errors.New("no mirror of its own distribution in the machine's package sources")

// AptMirror finds the mirror that a Debian or Ubuntu machine uses for its own
// archive, by its os-release and apt sources. An entry counts when it is
// enabled, plain http or https, at an archive named like the distribution, for
// the machine's own release, and not signed with somebody else's keyring:
// others' repositories use the same suites. The first one that counts is it.
//
// root is the machine's root folder, as os.DirFS("/") gives it.
func AptMirror(root fs.FS) (Mirror, error) {
	id, codename, err := osRelease(root)
	if err != nil {
		return Mirror{}, err
	}
	entries, err := aptEntries(root)
	if err != nil {
		return Mirror{}, err
	}
	for _, e := range entries {
		if e.ownArchive(id, codename) {
			return Mirror{ID: id, URL: strings.TrimRight(e.uri, "/")}, nil
		}
	}
	return Mirror{}, ErrNoMirror
}

// osRelease reads which distribution the machine has.
func osRelease(root fs.FS) (id, codename string, err error) {
	text, err := fs.ReadFile(root, "etc/os-release")
	if errors.Is(err, fs.ErrNotExist) {
		text, err = fs.ReadFile(root, "usr/lib/os-release")
	}
	if err != nil {
		return "", "", fmt.Errorf("cannot tell the machine's distribution: %w", err)
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		value = strings.Trim(value, `"'`)
		switch key {
		case "ID":
			id = value
		case "VERSION_CODENAME":
			codename = value
		}
	}
	return id, codename, nil
}

// An aptEntry is one address and suite that apt is told to use.
type aptEntry struct {
	uri, suite string
	components []string
	signedBy   string // empty when not said
}

func (e aptEntry) ownArchive(id, codename string) bool {
	u, err := url.Parse(e.uri)
	if err != nil || id == "" || (u.Scheme != "http" && u.Scheme != "https") ||
		u.Host == "" || u.User != nil || u.RawQuery != "" {
		return false
	}
	if path.Base(path.Clean(u.Path)) != id || !slices.Contains(e.components, "main") {
		return false
	}
	if e.signedBy != "" && !strings.HasPrefix(path.Base(e.signedBy), id+"-archive") {
		return false
	}
	suite := e.suite
	for _, pocket := range []string{"-updates", "-backports", "-proposed-updates"} {
		suite = strings.TrimSuffix(suite, pocket)
	}
	if codename == "" { // Debian's testing and unstable name none
		return suite == "sid" || suite == "unstable" || suite == "testing"
	}
	return suite == codename
}

// aptEntries reads all of apt's sources, in the order in which apt does. What
// apt would not understand is left out: apt complains about it.
func aptEntries(root fs.FS) ([]aptEntry, error) {
	names := []string{"etc/apt/sources.list"}
	found, err := fs.ReadDir(root, "etc/apt/sources.list.d")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot read apt's sources: %w", err)
	}
	for _, f := range found { // sorted by name
		if ext := path.Ext(f.Name()); ext == ".list" || ext == ".sources" {
			names = append(names, path.Join("etc/apt/sources.list.d", f.Name()))
		}
	}
	var entries []aptEntry
	for _, name := range names {
		text, err := fs.ReadFile(root, name)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read apt's sources: %w", err)
		}
		if path.Ext(name) == ".sources" {
			entries = append(entries, parseDeb822(text)...)
		} else {
			entries = append(entries, parseOneLine(text)...)
		}
	}
	return entries, nil
}

// parseOneLine reads "deb [option=value …] URI SUITE COMPONENT…" lines.
func parseOneLine(text []byte) []aptEntry {
	var entries []aptEntry
	for line := range strings.SplitSeq(string(text), "\n") {
		line, _, _ = strings.Cut(line, "#")
		line, ok := strings.CutPrefix(strings.TrimSpace(line), "deb")
		if !ok || line == "" || (line[0] != ' ' && line[0] != '\t' && line[0] != '[') {
			continue
		}
		var e aptEntry
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			options, rest, closed := strings.Cut(line[1:], "]")
			if !closed {
				continue
			}
			line = rest
			for option := range strings.FieldsSeq(options) {
				if key, value, _ := strings.Cut(option, "="); strings.EqualFold(key, "signed-by") {
					e.signedBy = value
				}
			}
		}
		words := strings.Fields(line)
		if len(words) < 3 {
			continue
		}
		e.uri, e.suite, e.components = words[0], words[1], words[2:]
		entries = append(entries, e)
	}
	return entries
}

// parseDeb822 reads a file of paragraphs with Types, URIs, Suites, Components.
func parseDeb822(text []byte) []aptEntry {
	wanted := map[string]bool{"types": true, "uris": true, "suites": true, "components": true,
		"enabled": true, "signed-by": true}
	var entries []aptEntry
	err := paragraphs(bytes.NewReader(text), wanted, func(f map[string]string) error {
		off := slices.Contains([]string{"no", "false", "off", "0", "without", "disable"}, strings.ToLower(f["enabled"]))
		if off || !slices.Contains(strings.Fields(f["types"]), "deb") {
			return nil
		}
		for uri := range strings.FieldsSeq(f["uris"]) {
			for suite := range strings.FieldsSeq(f["suites"]) {
				entries = append(entries, aptEntry{uri, suite, strings.Fields(f["components"]), f["signed-by"]})
			}
		}
		return nil
	})
	if err != nil {
		return nil
	}
	return entries
}
