// SPDX-License-Identifier: GPL-2.0-or-later

package jobdiff

import (
	"path"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// shortestPrefix is the minimum length of a function's prefix that identifies a
// library.
const shortestPrefix = 3

var (
	wordsAround = lazyregexp.New(`^(?:lib|python3?\d*-|perl-)|(?:-(?:dev|devel|libs?|common|bin|utils|tools|headers|perl))+$`)
	versionTail = lazyregexp.New(`[-.]?\d[-.\d]*[a-z]?$`)
	triplet     = lazyregexp.New(`^[a-z0-9_]+-linux-[a-z0-9]+$`)
	prefix      = lazyregexp.New(`^(?:[a-z]+|[A-Z]+(?:_|$))`)
)

// stem returns a name without affixes that languages, packages and versions add.
func stem(name string) string {
	name = strings.ToLower(name)
	name = wordsAround.ReplaceAllString(name, "")
	return versionTail.ReplaceAllString(name, "")
}

// wholeStem returns the stem of a package's name, which may end in ":arch".
func wholeStem(name string) string {
	name, _, _ = strings.Cut(name, ":")
	return stem(name)
}

// firstStem returns the stem of the part before the first dash: "curl" for
// "libcurl4-openssl-dev".
func firstStem(name string) string {
	name, _, _ = strings.Cut(wholeStem(name), "-")
	return stem(name)
}

// stems returns the stems of packages that may contain what is mentioned.
func (m Mention) stems() []string {
	var all []string
	add := func(names ...string) {
		for _, n := range names {
			if s := stem(n); s != "" && !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
	}
	switch m.Kind {
	case Header:
		parts := strings.Split(strings.TrimPrefix(m.Name, "/usr/include/"), "/")
		if len(parts) > 1 && triplet.MatchString(parts[0]) {
			parts = parts[1:]
		}
		if len(parts) > 1 {
			add(parts[0])
		}
		add(strings.TrimSuffix(path.Base(m.Name), path.Ext(m.Name)))
	case Function, Symbol:
		if p := strings.TrimSuffix(prefix.FindString(m.Name), "_"); len(p) >= shortestPrefix && p != m.Name {
			add(p)
		}
	case PerlModule:
		add(strings.ReplaceAll(strings.TrimSuffix(m.Name, ".pm"), "/", "-"))
	default:
		add(m.Name)
	}
	return all
}
