// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bmatcuk/doublestar/v4"
)

// TestArtifactPatterns follows GitLab Runner: it includes the matches of a pattern and
// everything below them.
func TestArtifactPatterns(t *testing.T) {
	t.Parallel()
	files := strings.Fields(`a.c b.h .hidden README src/a.c src/.hid/x.c src/lib/a.c src/lib/deep/b.h docs/README.md docs/[x]/y.md docs/a{b out/log.txt out/sub/log.txt`)
	dir := t.TempDir()
	for _, name := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tree := os.DirFS(dir)
	for _, pattern := range []string{
		"*", "**", "**/*", "*.c", "**/*.c", "**.c", "src", "src/", "./src", "src/.", "src/*", "src/**", "src/**/", "src/**/*", "src/**/*.c",
		"src**/*.c", "src/**.c", "**/lib", "**/lib/*", "**/lib/**", "*/lib", "*/*", "*/**/*.c", "**/**/*.h", "{src,docs}", "{src,docs}/**/*.c", "{a.c,b.h}", "{**/,}*.h",
		"[!a-z]*", "[^a-z]*", "?.c", ".*", "**/.*", `docs/\[x\]`, "docs/[x]", "docs/[[]x]/*", "docs/a{b", `docs/a\{b`, "docs/[a", "nothing",
		"src/../out", "src//lib", "", ".", "a.c/", "out/*/log.txt", "out/**/log.txt",
		"*/**", "README/**", "{README,out}/**", "[Rs]*/**", "**/a.c/**", "out/**/**", `docs/\[x\]/*`, `docs/\[x\]/**`, `\*/log.txt`,
		"src/{,lib}", "*/{,lib}", "src/lib{/,/deep}", "{src,README}/{,x}", "README/{,x}", "*/{,lib}/*.c", "{,src}/lib", "s*/{lib,}", "**/{,lib}", "src/*/{,deep}",
		"*/**/{,x}", "{docs,out}/{,sub}/log.txt",
	} {
		want := []string{}
		sought := pattern
		if strings.ContainsAny(pattern, "*?[{") {
			base, rest := doublestar.SplitPattern(pattern)
			sought = filepath.Join(base, rest)
		}
		matches, err := doublestar.FilepathGlob(filepath.Join(dir, sought), doublestar.WithNoFollow())
		if pattern == "" || err != nil {
			matches = nil // the runner warns
		}
		for _, match := range matches {
			match, err := filepath.Rel(dir, match)
			if err != nil {
				t.Fatal(err)
			}
			_ = fs.WalkDir(tree, match, func(name string, entry fs.DirEntry, err error) error {
				if err == nil && !entry.IsDir() {
					want = append(want, name)
				}
				return err
			})
		}
		slices.Sort(want)
		want = slices.Compact(want)
		set := newFileSet([]string{pattern}, nil)
		got := slices.DeleteFunc(slices.Sorted(slices.Values(files)), func(name string) bool { return !set.has(name) })
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", pattern, got, want)
		}
		roots := set.roots()
		for _, name := range want {
			if !slices.ContainsFunc(roots, func(root string) bool { return root == "." || root == name || strings.HasPrefix(name, root+"/") }) {
				t.Errorf("%q: %s is below none of %q", pattern, name, roots)
			}
		}
	}
}
