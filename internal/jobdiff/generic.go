// SPDX-License-Identifier: GPL-2.0-or-later

package jobdiff

import (
	"maps"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// CompareGeneric compares the packages of two images by what they are for,
// where the names of packages tell nothing since the formats differ. The maps
// give the package of each generic name on each side. Versions are the same if
// those of the software are; what only one side has is left out, since the
// other one may have it under a name that nobody gave.
func CompareGeneric(left, right []string, leftNames, rightNames map[string]string) Packages {
	p := Packages{OnlyLeft: []Package{}, OnlyRight: []Package{}, Changed: []PackageChange{}}
	var a, b map[string][]string
	p.Left, a = parse(left)
	p.Right, b = parse(right)
	for _, generic := range slices.Sorted(maps.Keys(leftNames)) {
		nameA, nameB := leftNames[generic], rightNames[generic]
		l, r := strings.Join(a[nameA], ", "), strings.Join(b[nameB], ", ")
		switch {
		case l == "" || r == "":
		case upstream(l) == upstream(r):
			p.Same++
		default:
			p.Changed = append(p.Changed, PackageChange{Name: generic, Left: nameA + " " + l, Right: nameB + " " + r})
		}
	}
	return p
}

// distribution matches what distributions add to the version of the software.
var distribution = lazyregexp.New(`(?:[+~.](?:dfsg|ds|really|git|deb).*)?(?:-[^-]*)?$`)

// upstream is the version of the software that a package's version names.
func upstream(v string) string {
	if epoch, rest, ok := strings.Cut(v, ":"); ok && strings.Trim(epoch, "0123456789") == "" {
		v = rest
	}
	return distribution.ReplaceAllString(v, "")
}
