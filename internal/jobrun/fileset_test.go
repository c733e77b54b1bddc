// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestFileSet(t *testing.T) {
	for _, test := range []struct{ paths, exclude, in, out, roots string }{
		{"build/", "", "build build/a build/b/c", "a buildx other/build", "build"},
		{"./build", "", "build/a", "a", "build"},
		{"build/*.log", "", "build/a.log", "build/a.txt build/b/a.log a.log", "build"},
		{"**/*.log", "", "a.log b/c/a.log", "a.txt", "."},
		{"build/**/logs", "", "build/logs/x build/a/b/logs/x", "build/x", "build"},
		{"*.{a,b}", "", "x.a x.b", "x.c y/x.a", "."},
		{"{a,b/c}/*.log {d,e}", "", "a/x.log b/c/x.log d e/y", "a/x.txt b/x.log", "a b/c d e"},
		{"{..,a,/etc}/x", "", "a/x", "x etc/x", "."},
		{"{a,b}{/x,/y}/*", "", "a/x/z b/y/z", "a/z", "a/x a/y b/x b/y"},
		{"{a,b}/[x]", "", "a/x b/x", "a/y", "."},
		{".", "", "a b/c", "", "."},
		{"a b/c a/d", "", "a/x b/c/x", "b/x", "a b/c"},
		{"out", "out/**/*.o", "out/x out/a/x", "out/x.o out/a/x.o", "out"},
		{"../x /etc/passwd", "", "", "x etc/passwd ../x", ""},
		{"a/../b", "", "b/x", "a/x", "b"},
		{"sp[ace]d", "", "spad", "space", "."},
		{"a/b* a", "", "a/x", "b", "a"},
		{"../tree/foo/*.txt", "../tree/foo/*2.txt", "foo/a.txt", "foo/2.txt a.txt", "foo"},
		{"../tree/ ../treeb", "", "a", "", "."},
		{"..", "", "", "a", ""},
		{"/tree/*.thing", "/tree/*2.thing", "a.thing", "2.thing a/a.thing", "."},
		{"/**/absolute.txt", "", "", "absolute.txt a/absolute.txt", ""},
		{"foo//*.txt", "foo//*2.txt", "foo/a.txt", "foo/2.txt foo/bar/a.txt", "foo"},
		{"./foo/**//*/*.*", "**/*.bin", "foo/bar/a.txt foo/bar/baz/a.txt", "foo/a.txt foo/bar/a.bin", "foo"},
		{"foo/**/*.*", "**/*.bin **/*even-this*", "foo/a.txt foo/b/a.txt", "foo/even-this.go foo/a.bin", "foo"},
		{"foo/**", "", "foo/b foo/b/a", "root.txt foo", "foo"},
		{"**", "**", "", "a a/b", "."},
		{"foo/test/", "foo/test/b/3.txt foo/**/*.md", "foo/test/b/1.txt", "foo/test/b/3.txt foo/test/1.md", "foo/test"},
		{"foo", "foo/b", "foo/b/x", "foo/b", "foo"},
		{"foo", "*.o /etc/x ../y **/*.a", "foo/x.o foo/x.a", "", "foo"},
		{"foo", "foo/*.o ../y **/*.a", "foo/x.a", "foo/x.o", "foo"},
		{"foo/{,x}", "", "foo/x", "foo foo/y", "foo"},
		{"{foo,bar}/{,x}", "bar/{,y}", "foo bar foo/y bar/z", "x bar/y", "bar foo"},
		{"*/{,x} a{/,/b}", "", "foo/x foo/y a/c", "x foo", "."},
	} {
		s := newFileSet(strings.Fields(test.paths), strings.Fields(test.exclude))
		for _, file := range strings.Fields(test.in) {
			if !s.has(file) {
				t.Errorf("%s but %s: has not %s", test.paths, test.exclude, file)
			}
		}
		for _, file := range strings.Fields(test.out) {
			if s.has(file) {
				t.Errorf("%s but %s: has %s", test.paths, test.exclude, file)
			}
		}
		if got := strings.Join(s.roots(), " "); got != test.roots {
			t.Errorf("%s: roots %q, want %q", test.paths, got, test.roots)
		}
	}
}

// TestBelowDirectories: only a directory has something below it, so that a pattern that ends
// in ** selects no file by its beginning.
func TestBelowDirectories(t *testing.T) {
	s := newFileSet([]string{"foo/**", "*/**", "a/link/**"}, nil)
	s.reports = inTree([]string{"r/**"}, nil)
	for name, want := range map[string][2]bool{"foo": {false, true}, "b": {false, true}, "foo/x": {true, true}, "r": {false, true}, "r/x": {true, true}, "a/link": {true, true}} {
		if got := [2]bool{s.has(name), s.hasDir(name)}; got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	one := newFileSet([]string{"link/**"}, nil)
	for mode, want := range map[fs.FileMode]bool{fs.ModeSymlink: true, 0: false, fs.ModeNamedPipe: false} {
		if got := one.hasEntry("link", fs.FileInfoToDirEntry(modeInfo(mode))); got != want {
			t.Errorf("%v: %v", mode, got)
		}
	}
}

// modeInfo is a fs.FileInfo that has only a mode.
type modeInfo fs.FileMode

func (modeInfo) Name() string        { return "link" }
func (modeInfo) Size() int64         { return 0 }
func (m modeInfo) Mode() fs.FileMode { return fs.FileMode(m) }
func (modeInfo) ModTime() time.Time  { return time.Time{} }
func (m modeInfo) IsDir() bool       { return m.Mode().IsDir() }
func (modeInfo) Sys() any            { return nil }

// FuzzFileSet: a file of a set is below one of its roots, and no root is outside of the
// tree.
func FuzzFileSet(f *testing.F) {
	f.Add("build/**/*.log", "build/x.log")
	f.Add("../../etc", "etc/passwd")
	f.Add("{a,b}/[c", "a/[c")
	f.Add("a\\*b/c", "a*b/c")
	f.Fuzz(func(t *testing.T, pattern, file string) {
		if !utf8.ValidString(pattern) || !utf8.ValidString(file) {
			return // YAML has no other text, and all broken bytes match each other
		}
		s := newFileSet([]string{pattern}, nil)
		roots := s.roots()
		for _, root := range roots {
			if root == ".." || strings.HasPrefix(root, "../") || strings.HasPrefix(root, "/") {
				t.Errorf("%q: root %q", pattern, root)
			}
		}
		file = strings.Trim(file, "/")
		if file == "" || !s.has(file) {
			return
		}
		for _, root := range roots {
			if root == "." || file == root || strings.HasPrefix(file, root+"/") {
				return
			}
		}
		t.Errorf("%q has %q, which is not below %q", pattern, file, roots)
	})
}

// TestDropOthers: of what was taken before a repository was known, a link that stands for a
// directory of the set stays.
func TestDropOthers(t *testing.T) {
	dir := t.TempDir()
	if err := errors.Join(os.Symlink("d", filepath.Join(dir, "out")), os.WriteFile(filepath.Join(dir, "other"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	left, err := fileSet{paths: []string{"out/**"}, tracked: map[string]bool{"out": true, "other": true}}.dropOthers(root, []string{"out", "other"})
	if err != nil || !slices.Equal(left, []string{"out"}) {
		t.Errorf("left %q, %v", left, err)
	}
	if _, err := os.Lstat(filepath.Join(dir, "other")); err == nil {
		t.Error("a file of another repository stays")
	}
}
