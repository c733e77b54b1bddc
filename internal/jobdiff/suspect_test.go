// SPDX-License-Identifier: GPL-2.0-or-later

package jobdiff

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/outcome"
)

func TestStems(t *testing.T) {
	for name, want := range map[string]string{
		"zlib1g-dev": "zlib zlib", "zlib-devel": "zlib zlib", "libxml2-dev:i386": "xml xml", "libglib2.0-dev": "glib glib", "glib2-devel": "glib glib",
		"libcurl4-openssl-dev": "curl4-openssl curl", "python3-yaml": "yaml yaml", "python3.11": "python python", "gcc-12": "gcc gcc", "libjson-xs-perl": "json-xs json",
		"perl-JSON-XS": "json-xs json", "xsltproc": "xsltproc xsltproc", "libssl3": "ssl ssl", "": " ",
	} {
		if got := wholeStem(name) + " " + firstStem(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for _, test := range []struct {
		mention Mention
		want    string
	}{
		{Mention{Header, "zlib.h"}, "zlib"},
		{Mention{Header, "libxml/parser.h"}, "xml parser"},
		{Mention{Header, "/usr/include/x86_64-linux-gnu/openssl/ssl.h"}, "openssl ssl"},
		{Mention{Header, "/usr/include/glib-2.0/glib/gmacros.h"}, "glib gmacros"},
		{Mention{PkgConfig, "libxml-2.0"}, "xml"},
		{Mention{Function, "xmlFree"}, "xml"},
		{Mention{Function, "g_new"}, ""},
		{Mention{Function, "deflate"}, ""}, // no prefix of a library
		{Mention{Symbol, "SSL_CTX_new"}, "ssl"},
		{Mention{Symbol, "curl_easy_setopt"}, "curl"},
		{Mention{PerlModule, "JSON/XS.pm"}, "json-xs"},
		{Mention{PythonModule, "yaml"}, "yaml"},
		{Mention{Tool, "xsltproc"}, "xsltproc"},
		{Mention{Header, "/"}, "/"},
	} {
		if got := strings.Join(test.mention.stems(), " "); got != test.want {
			t.Errorf("%v: %q, want %q", test.mention, got, test.want)
		}
	}
}

func input(state outcome.State, line string, packages ...string) *Input {
	return &Input{Run: &jobrecord.Stored{}, Job: &jobrecord.Job{State: state, Line: line, Packages: packages}}
}

func text(suspects []Suspect) string {
	var all []string
	for _, s := range suspects {
		all = append(all, fmt.Sprintf("%s %s %s %v %d: %s", s.Name, installed(s.Left), installed(s.Right), s.Same, s.Order, s.Reason))
	}
	return strings.Join(all, "; ")
}

func TestSuspects(t *testing.T) {
	const line = "x.c:1:2: fatal error: libxml/parser.h: No such file or directory"
	header := Mention{Header, "libxml/parser.h"}
	find := func(left, right *Input) string {
		p := ComparePackages(left.Job.Packages, right.Job.Packages)
		return text(newPair(left, right, &p).suspects(Mentions(FailingLine(left, right))))
	}
	for _, test := range []struct {
		name        string
		left, right *Input
		owners      [2][]Owner
		want        string
	}{
		{"gone", input(outcome.Passed, "", "libxml2-dev_2.9-1_amd64", "gcc_1_amd64"), input(outcome.Failed, line, "gcc_1_amd64"), [2][]Owner{},
			"libxml2-dev 2.9-1 - false 0: its name is like that of the header"},
		{"older first", input(outcome.Passed, "", "libxml2_2.9-1_amd64", "libxml2-dev_2.9-1_amd64"), input(outcome.Failed, line, "libxml2_2.9-1_amd64", "libxml2-dev_2.12-1_amd64"), [2][]Owner{},
			"libxml2-dev 2.9-1 2.12-1 false -1: its name is like that of the header; libxml2 2.9-1 2.9-1 true 0: its name is like that of the header"},
		{"nobody", input(outcome.Passed, "", "gcc_1_amd64"), input(outcome.Failed, line, "gcc_2_amd64"), [2][]Owner{}, ""},
		{"known from a file", input(outcome.Passed, "", "xyz_2.9-1_amd64", "libxml2-dev_1_amd64"), input(outcome.Failed, line, "xyz_3-1_amd64", "libxml2-dev_1_amd64"),
			[2][]Owner{{{header, "xyz:amd64", "/usr/include/libxml/parser.h"}}},
			"xyz 2.9-1 3-1 false -1: has /usr/include/libxml/parser.h in the image on the left"},
		{"of something else", input(outcome.Passed, "", "libxml2-dev_1_amd64"), input(outcome.Failed, line, "libxml2-dev_1_amd64"),
			[2][]Owner{{{Mention{Header, "z.h"}, "xyz", "/z.h"}}}, "libxml2-dev 1 1 true 0: its name is like that of the header"},
		{"the left one failed", input(outcome.Failed, line, "gcc_1_amd64"), input(outcome.Passed, "", "libxml2-dev_1_amd64"), [2][]Owner{},
			"libxml2-dev - 1 false 0: its name is like that of the header"},
		{"both passed", input(outcome.Passed, line, "libxml2-dev_1_amd64"), input(outcome.Passed, line, "gcc_1_amd64"), [2][]Owner{}, ""},
	} {
		test.left.Owners, test.right.Owners = test.owners[0], test.owners[1]
		if got := find(test.left, test.right); got != test.want {
			t.Errorf("%s: %s\nwant %s", test.name, got, test.want)
		}
	}
}

// TestSuspectsOfFormats has different names of packages on both sides.
func TestSuspectsOfFormats(t *testing.T) {
	left := input(outcome.Passed, "", "libxml2-dev_2.9.4+dfsg-1_amd64", "libxmlb-dev_1-1_amd64")
	right := input(outcome.Failed, "No package 'libxml-2.0' found", "gcc-15.1-1.fc44.x86_64")
	left.Generic = map[string]string{"libxml2": "libxml2-dev"}
	right.Generic = map[string]string{"libxml2": "libxml2-devel"}
	p := ComparePackages(left.Job.Packages, right.Job.Packages)
	find := func() string { return text(newPair(left, right, &p).suspects(Mentions(FailingLine(left, right)))) }
	if got, want := find(), "libxml2-dev, libxml2-devel 2.9.4+dfsg-1 - false 0: its name is like that of the pkg-config module"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	right.Job.Packages = append(right.Job.Packages, "libxml2-devel-2.9.4-3.fc44.x86_64")
	if got, want := find(), "libxml2-dev, libxml2-devel 2.9.4+dfsg-1 2.9.4-3.fc44 true 0: its name is like that of the pkg-config module"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	left.Generic = nil
	if got := find(); !strings.Contains(got, "libxml2-dev 2.9.4+dfsg-1 ? false") {
		t.Errorf("of a name that is not known: %s", got)
	}
	if got := find(); slices.Contains(strings.Split(got, " "), "-") {
		t.Errorf("what is not known counts as not installed: %s", got)
	}
}

// TestUnknownPackages: what is known of one side is said, and why the other is not.
func TestUnknownPackages(t *testing.T) {
	const line = "/bin/sh: gcc: command not found"
	tool := Mention{Tool, "gcc"}
	recorded := func(in *Input) *Input { in.Job.ImageID = "1234"; return in }
	for _, test := range []struct {
		name        string
		left, right *Input
		owners      []Owner // of the left one
		err         error   // of the right one
		want        []string
		not         string
	}{
		{"right", recorded(input(outcome.Passed, "", "gcc_1_amd64")), recorded(input(outcome.Failed, line)), nil, nil, []string{
			"\n  gcc  1  ?    its name is like that of the tool\n",
			"\npackages: not known on the right: the image has no list of them, /packages.txt; --ask-images asks its package manager\n",
		}, "on the left"},
		{"left", recorded(input(outcome.Passed, "")), recorded(input(outcome.Failed, line, "make_1_amd64")), nil, nil, []string{
			"\n  no package of the image on the right is known to have it\n", "\npackages: not known on the left: ",
		}, "either"},
		{"owner", recorded(input(outcome.Passed, "", "gcc-x_1_amd64")), recorded(input(outcome.Failed, line)), []Owner{{tool, "gcc-x", "/usr/bin/gcc"}}, errors.New("cannot ask image 1234\n"), []string{
			"\n  gcc-x  1  ?    has /usr/bin/gcc in the image on the left\n", "\npackages: not known on the right: cannot ask image 1234",
		}, "--ask-images"},
		{"both", input(outcome.Passed, ""), recorded(input(outcome.Failed, line)), nil, nil, []string{
			"\npackages: not known on the left: the record has no image\n", "\npackages: not known on the right: the image has no list",
		}, "names tool"},
	} {
		test.left.Owners, test.right.ListError = test.owners, test.err
		var b strings.Builder
		d := &Difference{Mentions: Mentions(line), Left: test.left.side(), Right: test.right.side()}
		d.Suspects = newPair(test.left, test.right, nil).suspects(d.Mentions)
		if err := d.WriteText(&b); err != nil {
			t.Fatal(err)
		}
		for _, want := range test.want {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s: no %q in\n%s", test.name, want, b.String())
			}
		}
		if strings.Contains(b.String(), test.not) {
			t.Errorf("%s: %q in\n%s", test.name, test.not, b.String())
		}
	}
	thinned := recorded(input(outcome.Passed, ""))
	if thinned.Job.Of = "a"; !strings.Contains(thinned.packagesUnknown(), "passed long ago") {
		t.Error(thinned.packagesUnknown())
	}
}

// TestUnknownVersions: a package of a side that is not known is not called absent, also if
// its generic name is known.
func TestUnknownVersions(t *testing.T) {
	left, right := input(outcome.Passed, "", "gcc_1_amd64"), input(outcome.Failed, "sh: gcc: command not found")
	left.Generic, right.Generic = map[string]string{"gcc": "gcc"}, map[string]string{"gcc": "gcc"}
	if got := text(newPair(left, right, nil).suspects(Mentions(FailingLine(left, right)))); !strings.HasPrefix(got, "gcc 1 ? false") {
		t.Error(got)
	}
}
