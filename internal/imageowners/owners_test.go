// SPDX-License-Identifier: GPL-2.0-or-later

package imageowners

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/jobdiff"
)

type fakeEngine struct {
	text string
	err  error
	got  api.RunOptions
}

func (f *fakeEngine) Run(_ context.Context, o api.RunOptions) (api.RunResult, error) {
	f.got = o
	_, _ = io.WriteString(o.Stdout, f.text)
	return api.RunResult{}, f.err
}

func TestFind(t *testing.T) {
	mentions := []jobdiff.Mention{{Kind: jobdiff.Header, Name: "zlib.h"}, {Kind: jobdiff.Tool, Name: "-x;y"}}
	e := &fakeEngine{text: "0\tzlib1g-dev\t/usr/include/zlib.h\n0\tzlib1g-dev\t/usr/include/x/zlib.h\n2\tx\t/y\n-1\tx\t/y\nx\tx\t/y\n1\t\t/y\nmotd\n1\tb\t/bin/b" + strings.Repeat("x", 2*mostBytes)}
	owners, err := Find(t.Context(), e, "id", mentions)
	if err != nil || len(owners) != 2 || owners[0] != (jobdiff.Owner{Mention: mentions[0], Package: "zlib1g-dev", Path: "/usr/include/zlib.h"}) ||
		owners[1].Package != "b" || len(owners[1].Path) > mostBytes {
		t.Errorf("%.200v, %v", owners, err)
	}
	if e.got.Image != "id" || e.got.Network != api.NetworkNone || !slices.Equal(e.got.Command[4:], []string{"header", "zlib.h", "tool", "-x;y"}) {
		t.Errorf("%v", e.got.Command)
	}
	e.err = errors.New("gone")
	if _, err := Find(t.Context(), e, "id", mentions); !errors.Is(err, e.err) || !strings.Contains(err.Error(), "image id") {
		t.Errorf("%v", err)
	}
}

// TestScript runs the script with stubs of package managers that know one file.
func TestScript(t *testing.T) {
	for manager, answer := range map[string]string{
		"dpkg-query": `echo "diversion by x from: $3"; echo "thing:amd64, other: $3"`,
		"rpm":        `echo thing`,
		"apk":        `echo "$3 is owned by thing-1.2.3-r4"`,
	} {
		dir := t.TempDir()
		for _, tool := range []string{"sh", "find", "grep", "head", "sed", "readlink"} {
			path, err := exec.LookPath(tool)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(path, filepath.Join(dir, tool)); err != nil {
				t.Fatal(err)
			}
		}
		for name, text := range map[string]string{"the tool": "exit 0", manager: fmt.Sprintf("case $* in *'the tool') %s;; *) exit 1;; esac", answer)} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command("sh", "-c", script, "sh", "tool", "no such", "tool", "-x", "header", "no such.h", "odd", "x", "tool", "the tool", "odd")
		cmd.Env, cmd.Dir = []string{"PATH=" + dir}, t.TempDir()
		out, err := cmd.CombinedOutput()
		want := "4\tthing\t" + filepath.Join(dir, "the tool") + "\n"
		if manager == "dpkg-query" {
			want = strings.Replace(want, "thing", "thing:amd64", 1)
		}
		if err != nil || string(out) != want {
			t.Errorf("%s: %q, %v; want %q", manager, out, err, want)
		}
	}
}
