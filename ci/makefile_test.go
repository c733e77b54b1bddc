// SPDX-License-Identifier: GPL-2.0-or-later

package ci

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestHostileTag: the name of a tag, which comes with the branch of a fork, is no part of
// the commands that make runs.
func TestHostileTag(t *testing.T) {
	makefile, err := filepath.Abs("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GIT_CONFIG_GLOBAL", "/dev/null")
	t.Setenv("MAKEFLAGS", "")
	t.Chdir(t.TempDir())
	var last string
	for _, args := range [][]string{
		{"git", "init", "-q"},
		{"git", "-c", "user.name=a", "-c", "user.email=a@b.example", "commit", "-q", "--allow-empty", "-m", "one"},
		{"git", "tag", "v1.2.0-rc1+b_2/';touch${IFS}x;'`touch$(IFS)x`"},
		{"make", "-f", makefile, "-n", "build"},
	} {
		out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput()
		if err != nil {
			t.Fatalf("%q: %v\n%s", args, err, out)
		}
		last = string(out)
	}
	if want := "main.version=v1.2.0-rc1+b_2touchIFSxtouchIFSx' "; !strings.Contains(last, want) {
		t.Errorf("no %q in:\n%s", want, last)
	}
}

// TestInstall: make install needs no Go if the program exists, installs into any directory,
// and does not depend on the umask.
func TestInstall(t *testing.T) {
	makefile, err := filepath.Abs("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	tools, root := t.TempDir(), filepath.Join(t.TempDir(), "it's a $HOME")
	t.Setenv("MAKEFLAGS", "")
	t.Setenv("PATH", tools+string(filepath.ListSeparator)+os.Getenv("PATH"))
	t.Chdir(t.TempDir())
	const program = "#!/bin/sh\necho \"$@\"\n"
	write := func(name, text string, mode fs.FileMode) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	// A go that only writes the program.
	write(filepath.Join(tools, "go"), "#!/bin/sh\necho built >>go.log\nmkdir -p bin\nprintf '%s' '"+program+"' >bin/lcitool\nchmod 755 bin/lcitool\n", 0o755)
	write("docs/man/lcitool.1", "page", 0o600)
	write("docs/man5/lcitool-facts.5", "page", 0o600)
	for range 2 {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", `umask 077; exec make -f "$1" install PREFIX=/usr DESTDIR="$2"`, "sh", makefile, strings.ReplaceAll(root, "$", "$$"))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	if log, err := os.ReadFile("go.log"); err != nil || string(log) != "built\n" {
		t.Errorf("%v; Go was called with the program there:\n%s", err, log)
	}
	files := map[string]string{
		"bin/lcitool": program, "share/man/man1/lcitool.1": "page", "share/man/man5/lcitool-facts.5": "page",
		"share/bash-completion/completions/lcitool":    "completion bash\n",
		"share/zsh/site-functions/_lcitool":            "completion zsh\n",
		"share/fish/vendor_completions.d/lcitool.fish": "completion fish\n",
	}
	err = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(filepath.Join(root, "usr"), name)
		want := fs.FileMode(0o644)
		if d.IsDir() || rel == "bin/lcitool" {
			want = 0o755
		}
		if got := info.Mode().Perm(); got != want && name != root {
			t.Errorf("%s has mode %o", rel, got)
		}
		if d.IsDir() {
			return nil
		}
		if text, err := os.ReadFile(name); err != nil || string(text) != files[rel] {
			t.Errorf("%s: %q, %v; want %q", rel, text, err, files[rel])
		}
		delete(files, rel)
		return nil
	})
	if err != nil || len(files) != 0 {
		t.Errorf("%v; missing %q", err, files)
	}
}
