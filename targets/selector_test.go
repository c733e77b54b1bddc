// SPDX-License-Identifier: GPL-2.0-or-later

package targets_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/targets"
)

// TestSelectorIsSelect uses one Selector for all targets, with long and short lists of
// projects in turn, and after errors.
func TestSelectorIsSelect(t *testing.T) {
	set, catalogue := loadBuiltIn(t)
	var selector targets.Selector
	unavailable, foreign, pypi, cpan := 0, 0, 0, 0
	for _, name := range catalogue.Names() {
		release, err := catalogue.Release(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, cross := range append(targets.Arches(), "") {
			target, err := release.For("s390x", cross)
			if err != nil {
				continue
			}
			for _, projects := range [][]string{{"qemu", "libvirt", "libvirt-tck", "libvirt-perl"}, {"unknown"}, {"libvirt-python"}, {}} {
				want, wantErr := targets.Select(set, target, projects)
				got, err := selector.Select(set, target, projects)
				if (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
					t.Fatalf("%s: %v: error %v, want %v", target, projects, err, wantErr)
				}
				if err != nil {
					continue
				}
				if !reflect.DeepEqual(withoutNil(got), withoutNil(want)) {
					t.Fatalf("%s: %v: got %+v\nwant %+v", target, projects, got, want)
				}
				if !slices.IsSortedFunc(got.Unavailable, func(a, b targets.Package) int { return strings.Compare(a.Mapping, b.Mapping) }) {
					t.Errorf("%s: %v: not sorted: %+v", target, projects, got.Unavailable)
				}
				unavailable = max(unavailable, len(got.Unavailable))
				foreign, pypi, cpan = max(foreign, len(got.Foreign)), max(pypi, len(got.PyPI)), max(cpan, len(got.CPAN))
			}
		}
	}
	if unavailable < 2 || foreign == 0 || pypi == 0 || cpan == 0 {
		t.Errorf("at most %d compilers were unavailable, and %d packages foreign, %d of PyPI, %d of CPAN", unavailable, foreign, pypi, cpan)
	}
}

// TestSelectorRepeatsErrors resolves an unknown mapping twice.
func TestSelectorRepeatsErrors(t *testing.T) {
	own := facts.Layer{Name: "own", FS: fstest.MapFS{"projects/p.yml": {Data: []byte("packages: [no-such-mapping]\n")}}}
	set, catalogue := loadBuiltIn(t, own)
	release, err := catalogue.Release("debian-12")
	if err != nil {
		t.Fatal(err)
	}
	target, err := release.For("x86_64", "")
	if err != nil {
		t.Fatal(err)
	}
	var selector targets.Selector
	for range 2 {
		if p, err := selector.Select(set, target, []string{"p"}); !errors.Is(err, facts.ErrNoMapping) {
			t.Errorf("got %+v, error %v", p, err)
		}
	}
}

// withoutNil returns a copy in which empty lists are not nil.
func withoutNil(p *targets.Packages) targets.Packages {
	c := *p
	for _, list := range []*[]string{&c.Dropped, &c.Native, &c.Foreign, &c.PyPI, &c.CPAN} {
		*list = append([]string{}, *list...)
	}
	return c
}
