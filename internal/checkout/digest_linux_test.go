// SPDX-License-Identifier: GPL-2.0-or-later

package checkout

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestTreeDigest: each change of a tree changes its digest, and reading it does
// not.
func TestTreeDigest(t *testing.T) {
	top := t.TempDir()
	in := func(name string) string { return filepath.Join(top, name) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	old := time.Now().Add(-time.Hour)
	must(os.MkdirAll(in("a/b"), 0o755))
	must(os.WriteFile(in("a/file"), []byte("text"), 0o644))
	must(os.WriteFile(in("a/b/file"), []byte("text"), 0o644))
	must(os.Chtimes(in("a/file"), old, old))
	seen := map[string]string{}
	check := func(what string) {
		t.Helper()
		digest, err := treeDigest(top)
		must(err)
		if before, ok := seen[digest]; ok {
			t.Errorf("%s: the digest is as after %q", what, before)
		}
		seen[digest] = what
		if again, err := treeDigest(top); err != nil || again != digest {
			t.Errorf("%s: the digest of the same tree is another: %v", what, err)
		}
	}
	check("begin")
	for _, change := range []struct {
		what string
		do   func() error
	}{
		{"mode", func() error { return os.Chmod(in("a/file"), 0o600) }},
		{"mode of a directory", func() error { return os.Chmod(in("a/b"), 0o700) }},
		{"time", func() error { return os.Chtimes(in("a/file"), old, old.Add(1)) }},
		{"content, with the old time", func() error {
			if err := os.WriteFile(in("a/file"), []byte("TEXT"), 0o600); err != nil {
				return err
			}
			return os.Chtimes(in("a/file"), old, old.Add(1))
		}},
		{"name", func() error { return os.Rename(in("a/file"), in("a/file2")) }},
		{"another directory", func() error { return os.Rename(in("a/b/file"), in("a/file3")) }},
		{"a link for a file", func() error {
			if err := os.Remove(in("a/file3")); err != nil {
				return err
			}
			return os.Symlink("file2", in("a/file3"))
		}},
		{"one more", func() error { return os.WriteFile(in("a/b/\n0 \"x\""), nil, 0o600) }},
		{"one less", func() error { return os.Remove(in("a/file2")) }},
		{"a directory that is empty", func() error { return os.Mkdir(in("c"), 0o755) }},
	} {
		must(change.do())
		check(change.what)
	}
	if _, err := treeDigest(in("nosuch")); err == nil {
		t.Error("a tree that does not exist has a digest")
	}
}
