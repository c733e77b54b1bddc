// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The script for git bisect maps results to git's exit statuses.
func TestStatsBisect(t *testing.T) {
	script, err := filepath.Abs("../../ci/stats-bisect")
	if err != nil {
		t.Fatal(err)
	}
	bin, tree := t.TempDir(), t.TempDir()
	for name, text := range map[string]string{
		"lcitool": "echo \"lcitool $*\" >> $LOG; case $1 in run) exit $BUILD;; stats) exit $STATS;; esac",
	} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(tree, "src/qemu"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(tree, "meson.build"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, dir, build, stats string
		args                    []string
		want                    int
	}{
		{"good", tree, "0", "0", []string{"debian-13", "BLK-*", "NET-13"}, 0},
		{"bad", tree, "0", "1", []string{"debian-13", "BLK-*", "NET-13"}, 1},
		{"does not build", tree, "1", "0", []string{"debian-13", "BLK-*"}, 125},
		{"cannot be judged", tree, "0", "125", []string{"debian-13", "BLK-*"}, 125},
		{"no tree", bin, "0", "0", []string{"debian-13", "BLK-*"}, 128},
		{"no pattern", tree, "0", "0", []string{"debian-13"}, 128},
	} {
		t.Run(tc.name, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "log")
			cmd := exec.Command(script, tc.args...)
			cmd.Dir = tc.dir
			cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "LOG="+log, "BUILD="+tc.build, "STATS="+tc.stats)
			out, err := cmd.CombinedOutput()
			status := 0
			if e, ok := errors.AsType[*exec.ExitError](err); ok {
				status = e.ExitCode()
			} else if err != nil {
				t.Fatal(err)
			}
			if status != tc.want {
				t.Errorf("status %d, want %d: %s", status, tc.want, out)
			}
			if tc.want > 1 {
				return
			}
			done, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"lcitool container build -t debian-13 -p libvirt", "--writable --mount-at " + tree + " -- sh -c ", "ninja -C build",
				"lcitool stats run -t debian-13 --libvirt " + tree + "/build --run BLK-* --run NET-13\n"} {
				if !strings.Contains(string(done), want) {
					t.Errorf("%q is missing in %q", want, done)
				}
			}
		})
	}
}
