// SPDX-License-Identifier: GPL-2.0-or-later

package factscheck

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/repodata"
	"gitlab.com/lcitool/lcitool/targets"
)

func builtIn(t *testing.T) *targets.Catalogue {
	t.Helper()
	catalogue, err := targets.Load(targets.Options{Layers: []facts.Layer{targets.BuiltIn()}})
	if err != nil {
		t.Fatal(err)
	}
	return catalogue
}

func example() Report {
	r := newReport("debian-13", "http://user:secret@m.example/debian")
	w := &wantedNames{arch: "x86_64", uses: map[string]map[Use]bool{
		"here":    {{"m1", "default", "f.yml", 1}: true},
		"virtual": {{"m2", "deb", "f.yml", 9}: true, {"m2", "default", "e.yml", 2}: true},
		"gone":    {{"m3", "deb", "f.yml", 3}: true},
	}}
	answers := &repodata.Report{
		Packages: 7, Warnings: []string{"old", "old"},
		Results: []repodata.Result{
			{Name: "here", Status: repodata.Present},
			{Name: "virtual", Status: repodata.Virtual, ProvidedBy: []string{"a", "b"}},
			{Name: "gone", Status: repodata.Missing, Nearest: []string{"gone2"}},
		},
	}
	answers.Signatures = append(answers.Signatures, repodata.Signature{URL: "u", Detail: "no key"})
	r.add(w, answers)
	r.add(&wantedNames{arch: "i686"}, &repodata.Report{Packages: 1, Warnings: []string{"old"}, Signatures: answers.Signatures})
	return r
}

func TestReportCounts(t *testing.T) {
	r := example()
	if r.Counts != (Counts{1, 1, 1}) || r.Packages != 8 || !slices.Equal(r.Warnings, []string{"old"}) || len(r.Signatures) != 1 {
		t.Errorf("%+v", r)
	}
	if strings.Contains(r.Mirror, "secret") {
		t.Errorf("the mirror's password is reported: %s", r.Mirror)
	}
	if got := r.Names[1].Where(); got != "m2 (e.yml:2), m2 (f.yml:9)" {
		t.Errorf("places %q", got)
	}
}

func TestWriteText(t *testing.T) {
	var b strings.Builder
	unread := newReport("fedora-44", "")
	unread.Errors = []string{"no index"}
	if err := WriteText(&b, []Report{example(), unread}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if len(lines) != 4 || lines[0] != "debian-13: 3 names: 1 present, 1 virtual, 1 missing" ||
		!strings.HasPrefix(lines[2], "  missing") || !strings.HasSuffix(lines[2], "similar: gone2") ||
		!strings.HasPrefix(lines[3], "  virtual") || !strings.HasSuffix(lines[3], "provided by a, b") {
		t.Errorf("%q", lines)
	}
	if strings.Contains(b.String(), "here") || strings.Contains(b.String(), "fedora-44") {
		t.Errorf("%s", b.String())
	}
}

func TestJUnit(t *testing.T) {
	var b strings.Builder
	unread := newReport("fedora-44", "")
	unread.Errors = []string{"no index"}
	if err := JUnit(&b, []Report{example(), unread}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`name="gone"`, `no such package`, `m3 (f.yml:3)`, `provided by a, b`, `no index`, `classname="debian-13.x86_64"`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in\n%s", want, b.String())
		}
	}
	if strings.Count(b.String(), "<failure") != 1 || strings.Count(b.String(), "<error") != 1 {
		t.Errorf("%s", b.String())
	}
}

func TestWarnings(t *testing.T) {
	r := example()
	r.Skipped = []SkippedArch{{"mips", 3, "there is none"}}
	r.Signatures = append(r.Signatures, Signature{URL: "v", Verified: true})
	var warned, said []string
	Warnings([]Report{r}, func(about, format string, args ...any) {
		warned = append(warned, about+": "+fmt.Sprintf(format, args...))
	},
		func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) })
	if want := []string{"debian-13: old", "debian-13: 3 names for mips not checked: there is none"}; !slices.Equal(warned, want) {
		t.Errorf("%q", warned)
	}
	if want := []string{"note: u: signature not verified: no key"}; !slices.Equal(said, want) {
		t.Errorf("%q", said)
	}
}

func TestReleasesAndPatterns(t *testing.T) {
	catalogue := builtIn(t)
	all, err := Releases(catalogue, nil)
	if err != nil || len(all) < 5 {
		t.Fatalf("%v, %d", err, len(all))
	}
	for _, r := range all {
		if r.Mirror == nil || !repodata.Supported(r.Packaging.Format) {
			t.Errorf("%s has no index that can be read", r.Name)
		}
	}
	for _, name := range []string{"freebsd-14", "no-such"} {
		if list, err := Releases(catalogue, []string{name}); err == nil {
			t.Errorf("%s: %v", name, list)
		}
	}
	names, err := Expand(catalogue, []string{"debian-1*"})
	if err != nil || !slices.Contains(names, "debian-13") || slices.Contains(names, "debian-sid") {
		t.Errorf("%v, %q", err, names)
	}
	if names, err = Expand(catalogue, []string{"no-such"}); err != nil || len(names) != 1 {
		t.Errorf("a name is left as it is: %v, %q", err, names)
	}
	if names, err = Expand(catalogue, []string{"freebsd-*"}); err == nil {
		t.Errorf("targets without indexes: %q", names)
	}
}

func TestUnusedMirrors(t *testing.T) {
	names, meant := unusedMirrors(builtIn(t), []string{"debain", "debian", "debian-13", "zzz"})
	if !slices.Equal(names, []string{"debain", "zzz"}) || !strings.Contains(meant[0], "debian") || meant[1] != "" {
		t.Errorf("%q, %q", names, meant)
	}
}

func TestIndexArch(t *testing.T) {
	for _, c := range []struct {
		format string
		arch   targets.Arch
		want   string
	}{
		{"deb", "x86_64", "amd64"}, {"deb", "i686", "i386"}, {"rpm", "x86_64", "x86_64"}, {"rpm", "armv7l", "armv7l"},
		{"apk", "armv6l", "armhf"}, {"apk", "armv7l", "armv7"}, {"apk", "i686", "x86"}, {"apk", "aarch64", "aarch64"},
	} {
		if got := indexArch(c.format, c.arch); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.format, c.arch, got, c.want)
		}
	}
}

// TestNames: names are looked up only in indexes of their architecture, and with --arch in
// no others.
func TestNames(t *testing.T) {
	catalogue := builtIn(t)
	release, err := catalogue.Release("debian-13")
	if err != nil {
		t.Fatal(err)
	}
	set, err := facts.Load(facts.Options{Layers: []facts.Layer{facts.BuiltIn()}, Known: catalogue.Vocabulary})
	if err != nil {
		t.Fatal(err)
	}
	lists, err := (&Checker{Set: set, Arches: []targets.Arch{"s390x"}}).names(release)
	if err != nil || len(lists) != 1 || lists[0].arch != "s390x" || !slices.Contains(lists[0].sorted(), "libglib2.0-dev:s390x") && !slices.Contains(lists[0].sorted(), "libglib2.0-dev") {
		t.Fatalf("%v, %d lists", err, len(lists))
	}
	if lists, err = (&Checker{Set: set}).names(release); err != nil || len(lists) < 3 || lists[0].cross {
		t.Errorf("%v, %d lists", err, len(lists))
	}
	for _, l := range lists[1:] {
		if !l.cross {
			t.Errorf("%s counts as this machine's", l.arch)
		}
	}
}

// TestTargetWithoutMirror: such a target is an error only if it is named.
func TestTargetWithoutMirror(t *testing.T) {
	text, err := fs.ReadFile(targets.BuiltIn().FS, "debian-13.yml")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(text), "\nmirror:\n")
	for strings.HasPrefix(rest, " ") {
		_, rest, _ = strings.Cut(rest, "\n")
	}
	other, err := fs.ReadFile(targets.BuiltIn().FS, "fedora-44.yml")
	if err != nil {
		t.Fatal(err)
	}
	own := facts.Layer{Name: "own", FS: fstest.MapFS{"debian-13.yml": {Data: []byte(before + "\n" + rest)}, "fedora-44.yml": {Data: other}}}
	catalogue, err := targets.Load(targets.Options{Layers: []facts.Layer{own}})
	if err != nil {
		t.Fatal(err)
	}
	if list, err := Releases(catalogue, nil); err != nil || len(list) != 1 {
		t.Errorf("%v, %d targets", err, len(list))
	}
	if _, err := Releases(catalogue, []string{"debian-13"}); err == nil || !strings.Contains(err.Error(), "no section mirror") {
		t.Errorf("%v", err)
	}
}
