// SPDX-License-Identifier: GPL-2.0-or-later

package aptsources

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"pault.ag/go/debian/control"
)

// An entry is one address and suite that apt uses.
type entry struct {
	uri, suite string
	components []string
	signedBy   string // empty when not said
}

// readEntries reads all of apt's sources, in apt's order. It ignores entries
// that apt would not understand: apt reports them.
func readEntries(root fs.FS) ([]entry, error) {
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
	var entries []entry
	for _, name := range names {
		text, err := fs.ReadFile(root, name)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read apt's sources: %w", err)
		}
		if path.Ext(name) == ".sources" {
			entries = append(entries, paragraphEntries(text)...)
		} else {
			entries = append(entries, lineEntries(text)...)
		}
	}
	return entries, nil
}

// lineEntries reads "deb [option=value …] URI SUITE COMPONENT…" lines.
func lineEntries(text []byte) []entry {
	var entries []entry
	for line := range strings.SplitSeq(string(text), "\n") {
		line, _, _ = strings.Cut(line, "#")
		line, ok := strings.CutPrefix(strings.TrimSpace(line), "deb")
		if !ok || line == "" || (line[0] != ' ' && line[0] != '\t' && line[0] != '[') {
			continue
		}
		var e entry
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

// paragraphEntries reads paragraphs with Types, URIs, Suites and Components.
func paragraphEntries(text []byte) []entry {
	reader, err := control.NewParagraphReader(bytes.NewReader(text), nil)
	if err != nil {
		return nil
	}
	paragraphs, err := reader.All()
	if err != nil {
		return nil
	}
	var entries []entry
	for _, p := range paragraphs {
		f := map[string]string{}
		for key, value := range p.Values {
			f[strings.ToLower(key)] = strings.TrimSpace(value)
		}
		off := slices.Contains([]string{"no", "false", "off", "0", "without", "disable"}, strings.ToLower(f["enabled"]))
		if off || !slices.Contains(strings.Fields(f["types"]), "deb") {
			continue
		}
		for uri := range strings.FieldsSeq(f["uris"]) {
			for suite := range strings.FieldsSeq(f["suites"]) {
				entries = append(entries, entry{uri, suite, strings.Fields(f["components"]), f["signed-by"]})
			}
		}
	}
	return entries
}
