// SPDX-License-Identifier: GPL-2.0-or-later

package globs

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bmatcuk/doublestar/v4"
)

func TestAlternatives(t *testing.T) {
	for pattern, want := range map[string]int{
		"": 1, "a": 1, "{a}": 1, "{a,b}": 2, "{a,b}{c,d,e}": 6, "{a,{b,c}}": 4, "{{a,b},{c,d}}x{e,f}": 16, `\{a,b}`: 1, `{a\,b}`: 1, "{a,b": 2, "a,b}": 1,
		"{a,{b,c}{d,e}}": 8, "[{]" + strings.Repeat("{a,a}", 40): maxWork, strings.Repeat("{a,b}", 100): maxWork, strings.Repeat("{", 1000) + "a,b" + strings.Repeat("}", 1000): 2,
	} {
		if got := alternatives(pattern); got != want {
			t.Errorf("%.40q: %d, want %d", pattern, got, want)
		}
	}
}

func TestExpand(t *testing.T) {
	for pattern, want := range map[string]string{
		"a/*": "a/*", "{a,b}/x": "a/x b/x", "{a,b{c,d}}{e,f}": "ae af bce bcf bde bdf", `\{a,b}`: `\{a,b}`, "{a,b": "{a,b", "{a}": "a", "{,a}b": "b ab", "{a[}]b,c}": "{a[}]b,c}",
		`{a\,b,c}`: `a\,b c`, strings.Repeat("{a,b}", 7): strings.Repeat("{a,b}", 7),
		strings.Repeat("{a}", 17): strings.Repeat("{a}", 17), strings.Repeat("{a}", 16): strings.Repeat("a", 16),
	} {
		if got := strings.Join(Expand(pattern), " "); got != want {
			t.Errorf("%q: %q, want %q", pattern, got, want)
		}
	}
}

// TestManyAlternatives: the time of a match does not double with each pair of
// braces.
func TestManyAlternatives(t *testing.T) {
	pattern, name := strings.Repeat("{a,a}", 22)+"b", strings.Repeat("a", 22)
	if err := Check(pattern); err == nil {
		t.Error("no error")
	}
	if Match(pattern, name+"b") {
		t.Error("compared")
	}
	if _, err := Files(os.DirFS(t.TempDir()), pattern); err == nil {
		t.Error("no error")
	}
	for _, pattern := range []string{"src/**/*.{c,cc,cpp,cxx,h,hh,hpp}", "{" + strings.Repeat("some-name.xml,", 200) + "x}"} {
		if err := Check(pattern); err != nil {
			t.Error(err)
		}
	}
	if err := Check("[{]" + pattern); err == nil {
		t.Error("no error for a brace in a class")
	}
}

// TestFiles: the files of a pattern are those that doublestar gives, each once.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"x.xml", "a/x.xml", "a/b/x.xml", "a/b/c/x.xml", "a/b/c/y.txt", "other/x.xml"} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("a", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, pattern := range []string{
		"x.xml", "*.xml", "**/*.xml", "a/**", "link/*.xml", "link/**/*.xml", "link/x.xml", "**/b/**/*.xml", "**/*/**/*.xml", "link/**/**/*.xml", "nosuch/**/**/x",
		"{a,other}/**/**/x.xml", "**/**", "**/link/**/*", "a/**/{b,c}/**/*", "x.xml/**/**",
	} {
		want, err := doublestar.Glob(root.FS(), pattern, doublestar.WithFilesOnly(), doublestar.WithNoFollow())
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(want)
		got, err := Files(root.FS(), pattern)
		slices.Sort(got)
		if want = slices.Compact(want); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v; want %q", pattern, got, err, want)
		}
	}
	if _, err := Files(root.FS(), "**/[/**/x"); err == nil {
		t.Error("no error for a wrong pattern")
	}
}

// TestDeepTree: the time does not grow with each "**" as the number of ways does
// in which a path matches.
func TestDeepTree(t *testing.T) {
	dir := t.TempDir()
	deep := filepath.Join(dir, strings.Repeat("d/", 40))
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := os.WriteFile(filepath.Join(deep, fmt.Sprint(i)), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	found, err := Files(os.DirFS(dir), strings.Repeat("**/*/", 3)+"*")
	if err != nil || len(found) != 3 {
		t.Errorf("%d files, %v", len(found), err)
	}
}
