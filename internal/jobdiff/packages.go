// SPDX-License-Identifier: GPL-2.0-or-later

package jobdiff

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"pault.ag/go/debian/version"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// A Format is a packaging format.
type Format string

// Formats. A list without packages has none.
const (
	Deb Format = "deb"
	RPM Format = "rpm"
	APK Format = "apk"
)

// A Package is an installed package.
type Package struct {
	Name    string `json:"name"` // with ":arch" if that is not the image's own
	Version string `json:"version"`
}

// A PackageChange is a package with different versions in two images.
type PackageChange struct {
	Name  string `json:"name"`
	Left  string `json:"left"`
	Right string `json:"right"`
	Order int    `json:"order"` // -1 if the left version is the older one, 1 if it is the newer one, 0 if that is not known
}

// Packages is the difference of the packages in two images. The lists are sorted
// by name.
type Packages struct {
	Left      Format          `json:"left_format"`
	Right     Format          `json:"right_format"`
	OnlyLeft  []Package       `json:"only_left"`
	OnlyRight []Package       `json:"only_right"`
	Changed   []PackageChange `json:"changed"`
	Same      int             `json:"same"` // number of packages with equal versions
}

// Comparable reports whether both images use the same format, and therefore the
// same package names.
func (p *Packages) Comparable() bool { return p.Left == p.Right && p.Left != "" }

// ComparePackages compares the contents of two images' /packages.txt.
func ComparePackages(left, right []string) Packages {
	p := Packages{OnlyLeft: []Package{}, OnlyRight: []Package{}, Changed: []PackageChange{}}
	var a, b map[string][]string
	p.Left, a = parse(left)
	p.Right, b = parse(right)
	names := maps.Clone(a)
	maps.Copy(names, b)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		l, r := strings.Join(a[name], ", "), strings.Join(b[name], ", ")
		switch {
		case r == "":
			p.OnlyLeft = append(p.OnlyLeft, Package{name, l})
		case l == "":
			p.OnlyRight = append(p.OnlyRight, Package{name, r})
		case l == r:
			p.Same++
		default:
			p.Changed = append(p.Changed, PackageChange{name, l, r, p.order(l, r)})
		}
	}
	return p
}

// order compares two versions by Debian's rules. It returns 0 for other formats,
// whose rules differ.
func (p *Packages) order(left, right string) int {
	if p.Left != Deb || p.Right != Deb {
		return 0
	}
	a, errA := version.Parse(left)
	b, errB := version.Parse(right)
	if errA != nil || errB != nil {
		return 0
	}
	return cmp.Compare(version.Compare(a, b), 0)
}

type entry struct{ name, version, arch string }

// Formats of lines, most specific first: "libc6_2.36-9_amd64", "musl-1.2.5-r0
// x86_64 {musl} (MIT) [installed]", "bash-5.2.37-1.fc44.x86_64".
var (
	debLine = lazyregexp.New(`^([^_\s]+)_([^_\s]+)_([^_\s]+)$`)
	apkLine = lazyregexp.New(`^(\S+)-(\d\S*-r\d+) (\S+) \{`)
	rpmLine = lazyregexp.New(`^(\S+)-([^-\s]+-[^-\s]+)\.([^.\s-]+)$`)
	rpmKey  = lazyregexp.New(`^(gpg-pubkey)-([0-9a-f]+-[0-9a-f]+)$`) // a package without an architecture
)

func parseLine(line string) (Format, entry) {
	if m := apkLine.FindStringSubmatch(line); m != nil {
		return APK, entry{m[1], m[2], m[3]}
	}
	if m := debLine.FindStringSubmatch(line); m != nil {
		return Deb, entry{m[1], m[2], m[3]}
	}
	if m := rpmLine.FindStringSubmatch(line); m != nil {
		return RPM, entry{m[1], m[2], m[3]}
	}
	if m := rpmKey.FindStringSubmatch(line); m != nil {
		return RPM, entry{m[1], m[2], "noarch"}
	}
	return "", entry{}
}

// parse returns the versions of each package, and the format of most lines. It
// ignores other lines.
func parse(lines []string) (Format, map[string][]string) {
	byFormat := map[Format][]entry{}
	for _, line := range lines {
		if format, e := parseLine(strings.TrimSpace(line)); format != "" {
			byFormat[format] = append(byFormat[format], e)
		}
	}
	var best Format
	for _, format := range []Format{Deb, RPM, APK} {
		if len(byFormat[format]) > len(byFormat[best]) {
			best = format
		}
	}
	entries := byFormat[best]
	own := ownArch(entries)
	all := map[string][]string{}
	for _, e := range entries {
		name := e.name
		if e.arch != own && e.arch != "all" && e.arch != "noarch" && e.arch != "" {
			name += ":" + e.arch
		}
		all[name] = append(all[name], e.version)
	}
	for _, versions := range all {
		slices.Sort(versions)
	}
	return best, all
}

// ownArch returns the architecture of an image, that of most packages.
func ownArch(entries []entry) string {
	count := map[string]int{}
	for _, e := range entries {
		if e.arch != "all" && e.arch != "noarch" {
			count[e.arch]++
		}
	}
	best := ""
	for _, arch := range slices.Sorted(maps.Keys(count)) {
		if best == "" || count[arch] > count[best] {
			best = arch
		}
	}
	return best
}
