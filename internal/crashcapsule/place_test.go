// SPDX-License-Identifier: GPL-2.0-or-later

package crashcapsule

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestLookScript runs the script on this machine, with find and without it. The result
// depends on the kernel's settings.
func TestLookScript(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	find, err := exec.LookPath("find")
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(find, filepath.Join(bin, "find")); err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	began := time.Now().Add(-time.Hour)
	write := func(name string, at time.Time) {
		t.Helper()
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, at, at); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	write("began", began)
	write("old/core", began.Add(-time.Hour))
	for _, name := range []string{"core", "a b/.hidden/core", "new\nline/core", "core.12", "a-1%-2", "state/core", "dir/core/file", "score"} {
		write(name, now)
	}
	if err := os.Symlink("core", filepath.Join(root, "link-core")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ pattern, pid, want string }{
		{"core", "0", "a b/.hidden/core|core|new\nline/core"},
		{"core", "1", "core.12"},
		{"core.%p", "1", "core.12"},
		{"sub/%e-%t%%-%s", "0", "a-1%-2"},
		{root + "/a b/core", "0", "a b/.hidden/core"},
		{root + "/%e/x/core.%p", "0", "core.12"},
		{"|/usr/lib/systemd/systemd-coredump %P", "0", ""},
		{"", "1", ""},
	} {
		kernel := t.TempDir()
		for name, text := range map[string]string{"core_pattern": c.pattern, "core_uses_pid": c.pid} {
			if err := os.WriteFile(filepath.Join(kernel, name), []byte(text+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		for _, path := range []string{bin, ""} {
			cmd := exec.Command(sh, "-c", lookScript, "sh", kernel, root+"/state", root+"/began", root, root+"/a b/", root)
			cmd.Env = []string{"PATH=" + path}
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%s: %v", c.pattern, err)
			}
			place, files, err := parseLook(string(out))
			if err != nil || place.Pattern.Text != c.pattern || place.Debugger || place.Limit == "" {
				t.Errorf("%s: %+v, %v", c.pattern, place, err)
			}
			for i := range files {
				files[i] = strings.TrimPrefix(files[i], root+"/")
			}
			want := c.want
			if path == "" && strings.HasSuffix(want, "line/core") {
				want += "|state/core" // without find, nothing is left out
			}
			if got := strings.Join(files, "|"); got != want {
				t.Errorf("%q, %q, path %q: %q, want %q", c.pattern, c.pid, path, got, want)
			}
		}
	}
}

func TestParseLook(t *testing.T) {
	if _, _, err := parseLook("core\nunlimited"); err == nil {
		t.Error("no error")
	}
	place, files, err := parseLook("core\n0\nyes\n/b\x00/a\x00/b\x00relative\x00")
	if err != nil || place.Limit != "0" || !place.Debugger || strings.Join(files, " ") != "/a /b" {
		t.Errorf("%+v, %q, %v", place, files, err)
	}
}
