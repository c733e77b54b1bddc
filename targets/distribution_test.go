// SPDX-License-Identifier: GPL-2.0-or-later

package targets

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/facts"
)

// Each distribution file belongs to a built-in target and has only keys that are read.
func TestDistributionFiles(t *testing.T) {
	c, err := Load(Options{Layers: []facts.Layer{BuiltIn()}})
	if err != nil {
		t.Fatal(err)
	}
	known := c.Vocabulary().Distributions
	files, err := fs.Glob(distributions, "distributions/*")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".yml")
		versions, ok := known[name]
		if !ok {
			t.Errorf("%s: no target is a %s", file, name)
		}
		d, err := new(distributionReader).of(OS{Name: name})
		if err != nil {
			t.Error(err)
		}
		for version := range d.Releases {
			if !slices.Contains(versions, version) {
				t.Errorf("%s: no target is %s %s", file, name, version)
			}
		}
		if d.Cross == nil {
			continue
		}
		for _, limits := range []map[Arch]int{d.Cross.Since, d.Cross.Until} {
			for arch := range limits {
				if _, err := ParseArch(string(arch)); err != nil {
					t.Errorf("%s: %v", file, err)
				}
			}
		}
	}
}

// A target in a data directory that replaces a built-in one gets the file of its
// distribution, by os.name.
func TestDistributionOfAnOwnTarget(t *testing.T) {
	rest := `packaging: {format: rpm, command: dnf --quiet}
paths: {ccache: /usr/bin/ccache, make: /usr/bin/make, ninja: /usr/bin/ninja, pip3: /usr/bin/pip3, python: /usr/bin/python3}
`
	for _, c := range []struct{ file, os, wrapper, keys, update, last string }{
		{"fedora-99", "{name: Fedora, version: '99'}", "nosync", "", "", ""},
		{"fedora-rawhide", "{name: Fedora, version: Rawhide}", "nosync", "fedora-gpg-keys", "distro-sync", ""},
		{"centos-stream-9", "{name: CentOS, version: Stream9}", "", "", "distro-sync", "install -y epel-next-release"},
		{"centos-stream-99", "{name: CentOS, version: Stream99}", "", "", "distro-sync", "install -y epel-release"},
		{"opensuse-tumbleweed", "{name: OpenSUSE, version: Tumbleweed}", "", "", "dist-upgrade", ""},
		{"rocky-9", "{name: Rocky, version: '9'}", "", "", "", ""},
	} {
		r, warnings, err := release(t, c.file, tree("d", map[string]string{c.file + ".yml": "os: " + c.os + "\n" + rest}))
		if err != nil || len(warnings) > 0 {
			t.Error(c.file, err, warnings)
			continue
		}
		m := r.Manager
		if m.Wrapper != c.wrapper || m.Keys != c.keys || m.Update != c.update {
			t.Errorf("%s: %+v", c.file, m)
		}
		if c.last == "" && m.Enable != nil || c.last != "" && (len(m.Enable) == 0 || m.Enable[len(m.Enable)-1] != c.last) {
			t.Errorf("%s: %+v", c.file, m)
		}
	}
}

func TestUnknownTargetHasAHint(t *testing.T) {
	c, err := Load(Options{Layers: []facts.Layer{BuiltIn()}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"debian":        "targets of debian: debian-12, debian-13, debian-sid",
		"debian-7":      "targets of debian: debian-12, debian-13, debian-sid",
		"debian-1":      "targets of debian: debian-12, debian-13, debian-sid",
		"opensuse-leap": "targets of opensuse-leap: opensuse-leap-15, opensuse-leap-16",
		"debian12":      `did you mean "debian-12"?`,
		"nosuch":        "",
	} {
		if got := c.hintNames(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
