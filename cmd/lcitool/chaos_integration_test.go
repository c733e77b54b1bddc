// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const chaosPipeline = `stages: [one, two]
default: {image: "localhost/tiny:1"}
first: {stage: one, script: [echo 1 > first.out; sleep 0.2], artifacts: {paths: [first.out]}}
second: {stage: one, script: [rm file; echo 2 > second.out], artifacts: {paths: [second.out]}}
third: {stage: two, script: [cat first.out second.out; sleep 0.2], cache: {key: k, paths: [third]}}
fourth: {stage: two, script: [test "$(cat second.out)" = 2]}
`

// chaosData is a data directory with a target on the tests' base image.
const chaosData = `-- mappings.yml --
mappings:
  one: {default: one}
  two: {default: two}
  ca-certificates:
  git:
  locales:
-- projects/one.yml --
packages: [one]
-- projects/two.yml --
packages: [two]
-- targets/tiny-1.yml --
os: {name: Tiny, version: '1'}
packaging: {format: apk, command: apk}
paths: {ccache: /bin/ccache, make: /bin/make, ninja: /bin/ninja, pip3: /bin/pip3, python: /bin/python3}
containers: {base: 'localhost/tiny:1'}
`

// A chaosCase is a command that is killed at many moments.
type chaosCase struct {
	name    string
	prepare [][]string // commands before each point
	args    []string   // of lcitool
}

func chaosCases(data string) []chaosCase {
	build := []string{"lcitool", "-d", data, "container", "build", "-t", "tiny-1", "-p", "one"}
	remove := []string{"podman", "rmi", "--force", "--ignore", "localhost/lcitool.tiny-1"}
	return []chaosCase{
		{name: "jobs", args: []string{"job", "run", "--event", "push", "*"}},
		{name: "build", prepare: [][]string{remove}, args: build[1:]},
		{name: "delta", prepare: [][]string{remove, build}, args: []string{"-d", data, "container", "build", "-t", "tiny-1", "-p", "one,two"}},
		{name: "run", args: []string{"container", "run", "localhost/tiny:1", "--", "sh", "-c", "echo out; sleep 0.3"}},
	}
}

// chaosPoints returns the number of moments to try, over all cases.
func chaosPoints(t *testing.T) int {
	text := os.Getenv("LCITOOL_CHAOS_POINTS")
	if text == "" {
		return 12
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 4 {
		t.Fatalf("LCITOOL_CHAOS_POINTS=%q is not a number from 4", text)
	}
	return n
}

// TestChaos kills lcitool, podman's services, or both, at moments spread over a whole run.
// The next run must pass, nothing may be left, and the checkout must be unchanged.
func TestChaos(t *testing.T) {
	t.Setenv("CI", "")
	points := chaosPoints(t)
	r := newFaultRoom(t, chaosPipeline)
	data := r.path("data")
	writeFiles(t, data, chaosData)
	cases := chaosCases(data)
	var score chaosScore
	for i, c := range cases {
		n := points / len(cases)
		if i < points%len(cases) {
			n++
		}
		t.Run(c.name, func(t *testing.T) {
			r.t = t
			r.chaos(c, n, &score)
		})
	}
	t.Logf("points %d, next run passed %d, nothing left after it %d, after prune %d, tree unchanged %d",
		score.points, score.passed, score.clean, score.pruned, score.tree)
}

type chaosScore struct{ points, passed, clean, pruned, tree int }

func (r *faultRoom) chaos(c chaosCase, n int, score *chaosScore) {
	r.prepare(c)
	begin := time.Now()
	r.succeed(c.args...)
	length := time.Since(begin)
	before, tree := r.things(), r.treeHash()
	for i := range n {
		at := length * time.Duration(2*i+1) / time.Duration(2*n)
		mode := []string{"lcitool", "services", "both"}[i%3]
		where := fmt.Sprintf("%s killed after %v of %v", mode, at.Round(time.Millisecond), length.Round(time.Millisecond))
		r.prepare(c)
		first := r.killedAt(at, mode, c.args)
		score.points++
		status, out := r.lcitool(c.args...)
		if status == 0 {
			score.passed++
		} else {
			r.t.Errorf("%s: the next run has status %d\n%s\nthe killed one said\n%s", where, status, out, first)
		}
		left := r.left(before)
		if len(left) == 0 {
			score.clean++
		} else {
			r.t.Errorf("%s: left after the next run: %q\nthe killed one said\n%s", where, left, first)
			r.lcitool("container", "prune")
			left = r.left(before)
		}
		if len(left) == 0 {
			score.pruned++
		} else {
			r.t.Errorf("%s: left after prune: %q", where, left)
			before = r.things() // each is told once
		}
		if r.treeHash() == tree {
			score.tree++
		} else {
			r.t.Errorf("%s: the working tree changed", where)
		}
	}
}

func (r *faultRoom) prepare(c chaosCase) {
	r.t.Helper()
	for _, line := range c.prepare {
		if out, err := r.command(line[0], line[1:]...).CombinedOutput(); err != nil {
			r.t.Fatalf("%v: %v\n%s", line, err, out)
		}
	}
}

// killedAt starts lcitool, kills what mode names after a delay, and returns all output.
func (r *faultRoom) killedAt(at time.Duration, mode string, args []string) string {
	cmd, out := r.start(args...)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	time.Sleep(at)
	if mode != "services" {
		_ = cmd.Process.Kill()
	}
	if mode != "lcitool" {
		for _, pid := range r.services() {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	select {
	case <-ended:
	case <-time.After(5 * time.Minute):
		_ = cmd.Process.Kill()
		r.t.Errorf("%s killed after %v: lcitool does not end\n%s", mode, at, out)
		<-ended
	}
	return out.String()
}

// processEnds limits how long a process takes to end: conmon cleans up after its container.
const processEnds = 2 * time.Minute

func (r *faultRoom) left(before []string) []string {
	r.t.Helper()
	for begin := time.Now(); ; time.Sleep(200 * time.Millisecond) {
		left := slices.DeleteFunc(r.things(), func(thing string) bool { return slices.Contains(before, thing) })
		processes := slices.ContainsFunc(left, func(thing string) bool { return strings.HasPrefix(thing, "process ") })
		if !processes || time.Since(begin) > processEnds {
			return left
		}
	}
}

func writeFiles(t *testing.T, dir, archive string) {
	t.Helper()
	name := ""
	for line := range strings.Lines(archive) {
		if head, ok := strings.CutPrefix(line, "-- "); ok {
			name = filepath.Join(dir, strings.TrimSuffix(strings.TrimSpace(head), " --"))
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				t.Fatal(err)
			}
			continue
		}
		f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(line); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
