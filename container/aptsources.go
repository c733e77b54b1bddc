// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strings"

	"pault.ag/go/debian/control"
)

// An aptSource is one place that a machine gets packages from.
type aptSource struct {
	uri        string
	suite      string
	components []string
}

func (s aptSource) line() string {
	return fmt.Sprintf("deb %s %s %s", s.uri, s.suite, strings.Join(s.components, " "))
}

// machineSources reads the package sources of distro from the machine whose
// /etc is etc, and its release's code name. A machine of another family has none.
func machineSources(etc fs.FS, distro string) (sources []aptSource, codename string, err error) {
	release, err := fs.ReadFile(etc, "os-release")
	if err != nil {
		return nil, "", nil //nolint:nilerr // no os-release is no machine of this family
	}
	facts := osRelease(string(release))
	if facts["ID"] != distro {
		return nil, "", nil
	}
	codename = facts["VERSION_CODENAME"]
	all, err := readSources(etc)
	if err != nil {
		return nil, "", err
	}
	for _, s := range all {
		base, kind, _ := strings.Cut(s.suite, "-")
		u, err := url.Parse(s.uri)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || base != codename {
			continue // media, and repositories of others
		}
		folder := path.Base(u.Path)
		ours := folder == distro || folder == distro+"-security" && kind == "security"
		if ours && slices.Contains([]string{"", "updates", "security"}, kind) && slices.Contains(s.components, "main") {
			sources = append(sources, s)
		}
	}
	return sources, codename, nil
}

func osRelease(text string) map[string]string {
	facts := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			facts[name] = strings.Trim(value, `"'`)
		}
	}
	return facts
}

// readSources reads all of apt's source files, in apt's order.
func readSources(etc fs.FS) ([]aptSource, error) {
	files := []string{"apt/sources.list"}
	for _, pattern := range []string{"apt/sources.list.d/*.list", "apt/sources.list.d/*.sources"} {
		more, err := fs.Glob(etc, pattern)
		if err != nil {
			return nil, err
		}
		files = append(files, more...)
	}
	var all []aptSource
	for _, file := range files {
		data, err := fs.ReadFile(etc, file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read package sources: %w", err)
		}
		if path.Ext(file) == ".list" {
			all = append(all, oneLineSources(string(data))...)
			continue
		}
		found, err := paragraphSources(data)
		if err != nil {
			return nil, fmt.Errorf("/etc/%s: cannot decode: %w", file, err)
		}
		all = append(all, found...)
	}
	return all, nil
}

// oneLineSources reads lines like "deb [options] uri suite component…".
func oneLineSources(text string) []aptSource {
	var all []aptSource
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), "deb")
		if !ok || rest == strings.TrimSpace(rest) {
			continue // deb-src, or nothing
		}
		rest = strings.TrimSpace(rest)
		if strings.HasPrefix(rest, "[") {
			_, rest, _ = strings.Cut(rest, "]")
		}
		if f := strings.Fields(rest); len(f) >= 3 {
			all = append(all, aptSource{f[0], f[1], f[2:]})
		}
	}
	return all
}

// paragraphSources reads the newer format, one paragraph a group of sources.
func paragraphSources(data []byte) ([]aptSource, error) {
	reader, err := control.NewParagraphReader(bytes.NewReader(data), nil)
	if err != nil {
		return nil, err
	}
	paragraphs, err := reader.All()
	if err != nil {
		return nil, err
	}
	var all []aptSource
	for _, p := range paragraphs {
		if !slices.Contains(strings.Fields(p.Values["Types"]), "deb") || strings.EqualFold(strings.TrimSpace(p.Values["Enabled"]), "no") {
			continue
		}
		for _, uri := range strings.Fields(p.Values["URIs"]) {
			for _, suite := range strings.Fields(p.Values["Suites"]) {
				all = append(all, aptSource{uri, suite, strings.Fields(p.Values["Components"])})
			}
		}
	}
	return all, nil
}
