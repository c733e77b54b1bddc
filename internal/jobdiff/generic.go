// SPDX-License-Identifier: GPL-2.0-or-later

package jobdiff

import (
	"maps"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// CompareGeneric compares packages of different formats by generic names,
// because package names differ. leftNames and rightNames map generic names to
// packages. Only the upstream version is compared. Packages of only one side are
// left out, because the other side may have them under an unknown name.
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

// distribution matches the part of a version that distributions add.
var distribution = lazyregexp.New(`(?:[+~.](?:dfsg|ds|really|git|deb).*)?(?:-[^-]*)?$`)

// upstream returns the upstream version in a package's version.
func upstream(v string) string {
	if epoch, rest, ok := strings.Cut(v, ":"); ok && strings.Trim(epoch, "0123456789") == "" {
		v = rest
	}
	return distribution.ReplaceAllString(v, "")
}
