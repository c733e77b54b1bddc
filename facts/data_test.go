// SPDX-License-Identifier: GPL-2.0-or-later

package facts_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/targets"
)

// maxLines is the size at which a file of mappings should be split.
const maxLines = 600

// unused lists the mappings that no built-in project needs; projects in users' data
// directories need them.
func unused() []string {
	return []string{
		"bindgen", "cargo-c", "cargo-rpm-macros", "coreutils", "dnsmasq", "dtc", "gcc-native", "gtk-update-icon-cache",
		"igvm", "intltool", "isoinfo", "libc-malloc-debug", "libcbor", "libclang-rt",
		"mingw-w64-tools", "mtools", "perl-Test-Harness", "php-imagick", "pkcheck", "pyproject-rpm-macros", "python3-libvirt",
		"python3-libxml2", "python3-packaging", "rust-std", "screen", "scrub", "sndio", "swtpm",
		"systemtap", "unzip", "vulkan-tools", "xorriso", "yajl", "zstdtools",
	}
}

func TestMappingFilesAreInOrder(t *testing.T) {
	_, vocabulary := builtIn(t)
	where := map[string]string{}
	for _, f := range readMappings(t) {
		text := lines(t, f.name)
		if !strings.HasPrefix(text[0], "# ") {
			t.Errorf("facts/%s does not begin with a line that says what belongs there", f.name)
		}
		if len(text) > maxLines {
			t.Errorf("facts/%s has %d lines; make it two files", f.name, len(text))
		}
		if want := []string{"mappings", "pypi_mappings", "cpan_mappings"}; !inOrderOf(want, f.sections) {
			t.Errorf("facts/%s: sections are %v, want them in the order %v, each once", f.name, f.sections, want)
		}
		for section, names := range f.entries {
			checkSorted(t, "facts/"+f.name+": "+section, names)
			for _, name := range names {
				if other, ok := where[section+" "+name]; ok {
					t.Errorf("facts/%s: %s has %q already", f.name, other, name)
				}
				where[section+" "+name] = f.name
				if !slices.Contains(f.entries["mappings"], name) {
					t.Errorf("facts/%s: %s has %q, mappings of this file have not", f.name, section, name)
				}
				checkSelectors(t, fmt.Sprintf("facts/%s: %q", f.name, name), f.keys[section][name], vocabulary)
			}
		}
	}
}

func inOrderOf(want, got []string) bool {
	for _, w := range want {
		if len(got) > 0 && got[0] == w {
			got = got[1:]
		}
	}
	return len(got) == 0
}

func checkSorted(t *testing.T, what string, names []string) {
	t.Helper()
	for i := 1; i < len(names); i++ {
		if names[i-1] >= names[i] {
			t.Errorf("%s: %q stands after %q", what, names[i], names[i-1])
		}
	}
}

func checkSelectors(t *testing.T, what string, selectors []string, v facts.Vocabulary) {
	t.Helper()
	if len(selectors) == 0 {
		t.Errorf("%s has no selector", what)
	}
	for i, s := range selectors {
		if err := v.Check(s); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if i == 0 {
			continue
		}
		before := selectors[i-1]
		if a, b := level(before, v), level(s, v); a > b || a == b && before >= s {
			t.Errorf("%s: selector %s stands after %s", what, s, before)
		}
	}
}

// level returns the precedence of a selector.
func level(selector string, v facts.Vocabulary) int {
	_, isDistribution := v.Distributions[selector]
	switch {
	case selector == "default":
		return 0
	case slices.Contains(v.Formats, selector):
		return 1
	case isDistribution:
		return 2
	case !strings.Contains(selector, "-"):
		return 3
	case strings.HasPrefix(selector, "cross-policy-"):
		return 6
	case strings.HasPrefix(selector, "cross-"):
		return 5
	}
	return 4
}

func TestProjectFilesAreInOrder(t *testing.T) {
	set, _ := builtIn(t)
	needed := map[string]bool{}
	files := append(glob(t, "projects/*.yml"), glob(t, "projects/internal/*.yml")...)
	for _, file := range files {
		text := lines(t, file)
		if text[0] != "packages:" {
			t.Errorf("facts/%s begins with %q", file, text[0])
		}
		var names []string
		for i, line := range text[1:] {
			match := itemLine.FindStringSubmatch(line)
			if match == nil {
				t.Errorf("facts/%s:%d: %q is no plain item", file, i+2, line)
				continue
			}
			names = append(names, match[1])
			needed[match[1]] = true
			if _, err := set.Mapping(match[1]); err != nil {
				t.Errorf("facts/%s:%d: %v", file, i+2, err)
			}
		}
		if len(names) == 0 {
			t.Errorf("facts/%s needs nothing", file)
		}
		checkSorted(t, "facts/"+file, names)
	}
	idle := unused()
	for _, name := range set.MappingNames() {
		if needed[name] == slices.Contains(idle, name) {
			t.Errorf("mapping %q: needed by a project is %v, listed as unused is %v", name, needed[name], !needed[name])
		}
	}
}

func builtIn(t *testing.T) (*facts.Set, facts.Vocabulary) {
	t.Helper()
	catalogue, err := targets.Load(targets.Options{Layers: []facts.Layer{targets.BuiltIn()}})
	if err != nil {
		t.Fatal(err)
	}
	set, err := facts.Load(facts.Options{Layers: []facts.Layer{facts.BuiltIn()}})
	if err != nil {
		t.Fatal(err)
	}
	return set, catalogue.Vocabulary()
}
