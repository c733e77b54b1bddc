// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func testJobFullDisk(t *testing.T) {
	r := emptyFaultRoom(t, sleepPipeline)
	if err := syscall.Mount("tmpfs", r.path("graph"), "tmpfs", 0, "size=64m"); err != nil {
		t.Fatal(err)
	}
	r.importTiny(t, "localhost/tiny:1")
	r.succeed("job", "run", "fine")
	before, tree := r.things(), r.treeHash()
	full := r.path("graph/full")
	file, err := os.Create(full)
	if err != nil {
		t.Fatal(err)
	}
	piece := make([]byte, 4096)
	for err == nil {
		_, err = file.Write(piece)
	}
	_ = file.Close()
	status, out := r.lcitool("job", "run", "fine")
	t.Logf("status %d\n%s", status, out)
	// sqlite, where podman 5 keeps its state, does not name the path; the hint says how to
	// find it.
	where := strings.Contains(out, "no space left on device") && strings.Contains(out, r.path("graph")) ||
		strings.Contains(out, "database or disk is full") && strings.Contains(out, "GraphRoot")
	if !where || !strings.Contains(out, "hint: ") {
		t.Error("neither what is full nor what to do is said")
	}
	if status != 125 {
		t.Errorf("a run on a full disk has status %d, not the engine's 125", status)
	}
	if err := os.Remove(full); err != nil {
		t.Fatal(err)
	}
	r.succeed("job", "run", "fine")
	r.succeed("container", "prune")
	r.same(before, tree)
}

const unrulyPipeline = `default: {image: "localhost/tiny:1"}
fine: {script: [echo fine]}
daemon: {script: [setsid sleep 98762 >/dev/null 2>&1 &, echo left it]}
inherits: {script: [setsid sleep 98762 &, echo left it]}
flood: {script: ["(yes 0123456789abcdef0123456789abcdef || true) | head -c 67108864"]}
oneline: {script: ["head -c 67108864 /dev/zero | tr '\\0' x"]}
binary: {script: ['head -c 1000000 /dev/urandom; printf "\377\376\0end\n"']}
closed: {script: ['exec >&- 2>&-; exit 7']}
stubborn: {script: ["trap '' TERM; while :; do sleep 98762; done"]}
memory: {script: ['x=$(tr "\0" x </dev/zero | head -c 400000000); echo "${#x}"']}
`

func testJobUnruly(t *testing.T) {
	r := newFaultRoom(t, unrulyPipeline)
	r.succeed("job", "run", "fine")
	_, usual, _ := r.measured("job", "run", "fine") // the race detector alone takes more than we do
	before, tree := r.things(), r.treeHash()
	for _, c := range []struct {
		job    string
		args   []string
		status int
		says   string
	}{
		{"daemon", nil, 0, "left it\n"},
		{"inherits", nil, 0, "left it\n"},
		{"flood", nil, 0, "0123456789abcdef0123456789abcdef\n"},
		{"oneline", nil, 0, "xxxx"},
		{"binary", nil, 0, "\xff\xfe\x00end\n"},
		{"closed", nil, 1, "failed (7)"},
		{"stubborn", []string{"--timeout", "1s"}, 124, "timed out"},
		{"memory", []string{"--memory", "64m"}, 1, "failed (137)"},
	} {
		if c.job == "memory" && !r.controls(t, "memory") {
			continue
		}
		status, peak, end := r.measured(append([]string{"job", "run", c.job}, c.args...)...)
		t.Logf("%s: status %d, peak %d KiB", c.job, status, peak)
		if status != c.status || !strings.Contains(end, c.says) {
			t.Errorf("%s: status %d, want %d and %q\n%q", c.job, status, c.status, c.says, end)
		}
		if peak > usual+32<<10 {
			t.Errorf("%s: lcitool took %d KiB, for a job that says nothing %d KiB", c.job, peak, usual)
		}
		r.succeed("job", "run", "fine")
	}
	r.succeed("container", "prune")
	r.same(before, tree)
}

func testJobManyFiles(t *testing.T) {
	r := newFaultRoom(t, `default: {image: "localhost/tiny:1"}
count: {script: ['echo "files $(find many -type f | wc -l)"; rm -r many/1']}
`)
	const each = 100
	for dir := range 200 {
		path := filepath.Join(r.tree, "many", fmt.Sprint(dir))
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
		for n := range each {
			if err := os.WriteFile(filepath.Join(path, fmt.Sprint(n)), []byte{byte(n)}, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	r.succeed("job", "run", "--untracked", "count") // makes .lcitool
	before, tree := r.things(), r.treeHash()
	if out := r.succeed("job", "run", "--untracked", "count"); !strings.Contains(out, "files 20000\n") {
		t.Errorf("not all files are seen\n%s", out)
	}
	r.same(before, tree)
}
