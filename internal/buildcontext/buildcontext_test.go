// SPDX-License-Identifier: GPL-2.0-or-later

package buildcontext

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// tree creates a project with these files; "name -> target" is a link.
func tree(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range files {
		name, target, link := strings.Cut(f, " -> ")
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if link {
			err = os.Symlink(target, name)
		} else {
			err = os.WriteFile(name, []byte(f), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			out = append(out, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRead(t *testing.T) {
	project := tree(t, "a.sh", "sub/b.txt", "sub/deep/c.txt", "sub/l -> b.txt", "other/d", ".dockerignore", "untracked", ".git/config", ".lcitool/x")
	tracked := []string{"a.sh", "sub/b.txt", "sub/deep/c.txt", "sub/l", "other/d", ".dockerignore", "gone"}
	tests := []struct {
		dir     string
		sources []string
		tracked []string
		want    string
	}{
		{".", []string{"a.sh"}, tracked, ".dockerignore a.sh"},
		{".", []string{"/sub", "./other/"}, tracked, ".dockerignore other/d sub/b.txt sub/deep/c.txt sub/l"},
		{".", []string{"*.sh", "sub/*.txt"}, tracked, ".dockerignore a.sh sub/b.txt"},
		{".", []string{"s*"}, tracked, ".dockerignore sub/b.txt sub/deep/c.txt sub/l"},
		{".", []string{"."}, tracked, ".dockerignore a.sh other/d sub/b.txt sub/deep/c.txt sub/l"},
		{".", []string{"."}, nil, ".dockerignore a.sh other/d sub/b.txt sub/deep/c.txt sub/l untracked"},
		{".", []string{"untracked"}, tracked, ".dockerignore"},
		{"sub", []string{"../a.sh", "b.txt"}, tracked, "b.txt"},
		{"sub", []string{"."}, nil, "b.txt deep/c.txt l"},
		{".", []string{"missing"}, tracked, ".dockerignore"},
	}
	for _, test := range tests {
		c, err := Read(project, test.dir, test.sources, test.tracked)
		if err != nil {
			t.Errorf("%v: %v", test.sources, err)
			continue
		}
		to := t.TempDir()
		if err := c.Write(to); err != nil {
			t.Error(err)
		}
		if got := strings.Join(names(t, to), " "); got != test.want {
			t.Errorf("%s %v: %s, want %s", test.dir, test.sources, got, test.want)
		}
	}
}

func TestDigest(t *testing.T) {
	project := tree(t, "a", "b", "c")
	read := func() string {
		c, err := Read(project, ".", []string{"a", "b"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return c.Digest
	}
	seen := []string{read()}
	for _, change := range []func() error{
		func() error { return os.WriteFile(filepath.Join(project, "a"), []byte("x"), 0o600) },
		func() error { return os.Chmod(filepath.Join(project, "a"), 0o755) },
		func() error { return os.Rename(filepath.Join(project, "a"), filepath.Join(project, "d")) },
		func() error { return os.Symlink("b", filepath.Join(project, "a")) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if d := read(); slices.Contains(seen, d) {
			t.Errorf("change %d is not seen", len(seen))
		} else {
			seen = append(seen, d)
		}
	}
	if err := os.WriteFile(filepath.Join(project, "c"), []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	if read() != seen[len(seen)-1] {
		t.Error("a file that is not copied counts")
	}
}

// TestHostile has trees whose links or paths lead outside.
func TestHostile(t *testing.T) {
	outside := tree(t, "secret")
	for _, link := range []string{"l -> " + outside + "/secret", "sub/l -> ../../x", "l -> /etc/passwd"} {
		if _, err := Read(tree(t, link), ".", []string{"."}, nil); err == nil {
			t.Errorf("%s: no error", link)
		}
	}
	project := tree(t, "context -> "+outside)
	if c, err := Read(project, "context", []string{"."}, nil); err == nil && len(c.files) > 0 {
		t.Errorf("a context outside is read: %v", c.files)
	}
	project = tree(t, "file")
	if err := syscall.Mkfifo(filepath.Join(project, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(project, ".", []string{"fifo"}, nil); err == nil {
		t.Error("a FIFO is read")
	}
	if _, err := Read(project, ".", []string{"[a"}, nil); err == nil {
		t.Error("a pattern that is none")
	}
}
