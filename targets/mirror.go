// SPDX-License-Identifier: GPL-2.0-or-later

package targets

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// A Mirror is the default source of a distribution's packages.
type Mirror struct {
	URL        string
	Suite      string   // deb: codename of the release
	Components []string // deb
	Keyring    string   // deb: file with the keys that sign Release; may be ""

	// Repos are the repositories of a standard installation by name. apk, rpm: a
	// path below URL, or a URL; "$arch" is the architecture. deb: suites in
	// addition to Suite, each with a URL and a space in front if it is in another
	// archive.
	Repos map[string]string
}

// A Pocket is a suite of a deb release in addition to the main one.
type Pocket struct{ URL, Suite string }

// Pockets returns the additional suites of a deb release on a mirror, sorted by
// name. If mirror is not the default, other archives are expected next to it
// under their own names.
func (m *Mirror) Pockets(mirror string) []Pocket {
	mirror = strings.TrimRight(mirror, "/")
	var pockets []Pocket
	for _, name := range slices.Sorted(maps.Keys(m.Repos)) {
		url, suite, apart := strings.Cut(m.Repos[name], " ")
		switch {
		case !apart:
			url, suite = mirror, url
		case mirror != strings.TrimRight(m.URL, "/"):
			url = mirror[:strings.LastIndexByte(mirror, '/')+1] + path.Base(url)
		}
		pockets = append(pockets, Pocket{url, suite})
	}
	return pockets
}
