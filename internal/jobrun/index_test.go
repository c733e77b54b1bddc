// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"context"
	"encoding/binary"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/checkout"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
)

// indexOf returns the index of a new repository after git add of files.
func indexOf(t *testing.T, format string, files []string, commands ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	for _, name := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, command := range append([]string{"init -q --object-format=" + format}, commands...) {
		c := exec.CommandContext(t.Context(), "git", strings.Fields(command)...)
		c.Dir = dir
		c.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v: %s", command, err, out)
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, ".git", "index"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestIndex reads what git writes.
func TestIndex(t *testing.T) {
	long := strings.Repeat("d/", 20) + strings.Repeat("n", 200)
	files := []string{"a", "ab", "abc/d", "abc/de", "abcdefg", "b c", long, "z/\u00e4"}
	for name, c := range map[string]struct {
		format   string
		commands []string
		ok       bool
	}{
		"version 2":             {"sha1", []string{"add ."}, true},
		"version 3":             {"sha1", []string{"add -N a", "add ."}, true},
		"version 4":             {"sha1", []string{"add .", "update-index --index-version 4"}, true},
		"version 4, SHA-256":    {"sha256", []string{"add .", "update-index --index-version 4"}, true},
		"SHA-256":               {"sha256", []string{"add ."}, true},
		"split":                 {"sha1", []string{"add .", "update-index --split-index"}, false},
		"with an intent to add": {"sha1", []string{"add -N ."}, true},
	} {
		c1 := &memoryContainer{files: map[string]string{treeDir + "/.git/index": string(indexOf(t, c.format, files, c.commands...))}}
		got, ok := indexed(t.Context(), &Job{dir: treeDir}, c1)
		if names := slices.Sorted(maps.Keys(got)); ok != c.ok || ok && !slices.Equal(names, files) {
			t.Errorf("%s: %v, %q", name, ok, names)
		}
	}
	whole := indexOf(t, "sha1", files, "add .")
	for n := range len(whole) - 20 { // each beginning, without the checksum
		if _, ok := parseIndex(whole[:n], 20); ok {
			t.Fatalf("%d of %d bytes are an index", n, len(whole))
		}
	}
	for _, text := range []string{"", "DIRC", "DIRC\x00\x00\x00\x05\x00\x00\x00\x00", "DIRC\x00\x00\x00\x02\xff\xff\xff\xff"} {
		if _, ok := parseIndex([]byte(text), 20); ok {
			t.Errorf("%q is an index", text)
		}
	}
}

func FuzzIndex(f *testing.F) {
	f.Add([]byte("DIRC\x00\x00\x00\x02\x00\x00\x00\x01"+strings.Repeat("\x00", 61)+"\x01a\x00"), 20)
	f.Add([]byte("DIRC\x00\x00\x00\x04\x00\x00\x00\x01"+strings.Repeat("\x00", 61)+"\x01\x00a\x00"), 20)
	f.Fuzz(func(t *testing.T, data []byte, hash int) {
		if hash != 20 && hash != 32 {
			return
		}
		names, ok := parseIndex(data, hash)
		if ok && len(names) > len(data) {
			t.Errorf("%d names", len(names))
		}
	})
}

// TestUntrackedAfterScript: git lists the untracked files after the script, which may have
// changed the index.
func TestUntrackedAfterScript(t *testing.T) {
	index := string(indexOf(t, "sha1", []string{"added", "kept"}, "add ."))
	for _, c := range []struct{ strategy, file, text, want, warning string }{
		{"fetch", ".git/index", index, "new removed", ""},
		{"none", ".git/index", index, "new removed", ""},
		{"fetch", ".git/HEAD", "0123\n", "added kept new removed", ""},
		{"none", ".git/HEAD", "0123\n", "added kept new removed", ""},
		{"fetch", ".git/index", "DIRC", "added new", ""}, // not readable: the files of the commit
		{"none", ".git/config", "", "", "no repository"},
	} {
		h := newHarness(t)
		for _, name := range []string{"kept", "removed"} {
			if err := os.WriteFile(filepath.Join(h.Tree.Dir, name), []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		snapshot, err := checkout.Take(t.Context(), checkout.Source{Dir: h.Tree.Dir, Store: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		h.Tree.Writable, h.Tree.Snapshot, h.Tree.Work = false, snapshot, t.TempDir()
		h.engine.stage = func(_ context.Context, k *memoryContainer, _, _ string) error {
			for _, name := range []string{"added", "kept", "new", "removed"} {
				k.files[treeDir+"/"+name] = "x"
			}
			k.files[treeDir+"/"+c.file] = c.text
			return nil
		}
		j := job("x", &gitlabci.Artifacts{When: "always", Untracked: true})
		j.Env = []string{"GIT_STRATEGY=" + c.strategy}
		result, _ := h.Run(t.Context(), j, scheduler.Streams{})
		if got := h.stored(t, "x"); got != c.want || !strings.Contains(h.warnings.String(), c.warning) || h.warnings.Len() > 0 && c.warning == "" {
			t.Errorf("%s, %s: stored %s, %s %s", c.strategy, c.file, got, h.warnings.String(), result.Text())
		}
	}
}

// TestIndexOfLongNames: in version 4, a few bytes stand for a name that is as long as the
// last one.
func TestIndexOfLongNames(t *testing.T) {
	index := func(size, count int) []byte {
		data := []byte("DIRC\x00\x00\x00\x04")
		data = binary.BigEndian.AppendUint32(data, uint32(count))
		for n := range count {
			data = append(data, make([]byte, 40+20)...)
			data = binary.BigEndian.AppendUint16(data, uint16(min(size+n, 0xfff)))
			data = append(data, 0)
			if n == 0 {
				data = append(data, strings.Repeat("a", size)...)
			} else {
				data = append(data, 'a')
			}
			data = append(data, 0)
		}
		return append(data, make([]byte, 20)...)
	}
	for _, c := range []struct {
		size, count int
		ok          bool
	}{{maxIndexName, 1, true}, {maxIndexName - 9, 10, true}, {maxIndexName + 1, 1, false}, {maxIndexName - 9, 11, false}, {16 << 20, 1000, false}} {
		if names, ok := parseIndex(index(c.size, c.count), 20); ok != c.ok || ok && len(names) != c.count {
			t.Errorf("%+v: %v, %d names", c, ok, len(names))
		}
	}
}
