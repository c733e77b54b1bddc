// SPDX-License-Identifier: GPL-2.0-or-later

package targets

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// A Mirror is where the distribution's packages can be had from when nothing
// else is said.
type Mirror struct {
	URL        string
	Suite      string   // deb: codename of the release
	Components []string // deb
	Keyring    string   // deb: file with the keys that sign Release; may be ""

	// Repos are the repositories of a standard installation by name. apk, rpm:
	// path below URL, or a URL; "$arch" stands for the architecture. deb: those
	// beside Suite, each a suite, after a URL and a blank if it is elsewhere.
	Repos map[string]string
}

// A Pocket is a part of a deb release beside its main suite.
type Pocket struct{ URL, Suite string }

// Pockets returns the repositories of a deb release as a mirror has them, by
// their names' order. An archive that is apart is looked for beside the mirror,
// under its own name, if that is not the default one.
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
