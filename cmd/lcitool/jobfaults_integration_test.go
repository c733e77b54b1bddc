// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package main

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// matrixPipeline is a matrix whose jobs need each other, pass artifacts and use a cache.
const matrixPipeline = `stages: [one, two]
default: {image: "localhost/tiny:1"}
.base:
  cache: {key: k, paths: [store]}
  script: [mkdir -p store; date > store/date; rm file; echo "$CI_JOB_NAME" > "$CI_JOB_NAME.out"; sleep 0.3]
  artifacts: {paths: ["*.out"]}
first: {extends: .base, stage: one}
second: {extends: .base, stage: one}
third:
  stage: two
  needs: [first, second]
  script: ['echo "got $(cat first.out) $(cat second.out)"; sleep 0.3']
`

func TestJobFaults(t *testing.T) {
	tests := map[string]func(*testing.T){
		"killed":      testJobKilled,
		"interrupted": testJobInterrupted,
		"twoatonce":   testJobTwoAtOnce,
		"readergone":  testJobReaderGone,
		"foreign":     testJobForeign,
		"unruly":      testJobUnruly,
		"manyfiles":   testJobManyFiles,
	}
	if os.Getuid() == 0 { // it mounts a small file system
		tests["fulldisk"] = testJobFullDisk
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

func testJobKilled(t *testing.T) {
	r := newFaultRoom(t, matrixPipeline)
	good := func() {
		t.Helper()
		if status, out := r.lcitool("job", "run", "--event", "push", "*"); status != 0 || !strings.Contains(out, "got first second") {
			t.Fatalf("status %d\n%s", status, out)
		}
	}
	good()
	begin := time.Now()
	good()
	long := time.Since(begin)
	before, tree := r.things(), r.treeHash()
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d, a run takes %v", seed, long)
	for i := range 10 {
		moment := time.Duration(random.Int64N(int64(long)))
		what := []string{"lcitool", "service", "both"}[i%3]
		t.Logf("kill %s after %v", what, moment)
		cmd, _ := r.start("job", "run", "--event", "push", "*")
		ended := make(chan struct{})
		go func() { defer close(ended); _ = cmd.Wait() }()
		select {
		case <-time.After(moment): // the moment is what is tested
		case <-ended:
			t.Log("the run was faster") // what is killed is idle then, or gone
		}
		if what != "lcitool" {
			for _, pid := range r.services() {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
		if what != "service" {
			_ = cmd.Process.Kill()
		}
		select {
		case <-ended:
		case <-time.After(5 * time.Minute):
			_ = cmd.Process.Kill()
			t.Fatal("the run did not end without its service")
		}
		good()
	}
	r.succeed("container", "prune")
	r.same(before, tree)
}

const sleepPipeline = `default: {image: "localhost/tiny:1"}
sleeper:
  script: [echo rea''dy; sleep 98761]
stubborn:
  script: [trap '' TERM INT; echo rea''dy; while :; do sleep 98761; done]
fine:
  script: [echo fine]
`

func testJobInterrupted(t *testing.T) {
	r := newFaultRoom(t, sleepPipeline)
	r.succeed("job", "run", "fine")
	before, tree := r.things(), r.treeHash()
	for _, c := range []struct {
		job   string
		times int
	}{{"sleeper", 1}, {"stubborn", 1}, {"stubborn", 2}} {
		cmd, out := r.start("job", "run", c.job)
		out.await(t, "ready\n")
		begin := time.Now()
		for range c.times {
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			time.Sleep(50 * time.Millisecond) // two at once would be one
		}
		_ = cmd.Wait()
		took, status := time.Since(begin), cmd.ProcessState.ExitCode()
		if wait := cmd.ProcessState.Sys().(syscall.WaitStatus); wait.Signaled() && c.times > 1 {
			status = 128 + int(wait.Signal()) // as a shell has it
		}
		t.Logf("%s interrupted %d times: status %d after %v", c.job, c.times, status, took)
		if status != 130 || took > 2*time.Minute {
			t.Errorf("%s interrupted %d times: status %d after %v\n%s", c.job, c.times, status, took, out)
		}
		r.succeed("job", "run", "fine")
	}
	r.succeed("container", "prune")
	r.same(before, tree)
}

// testJobReaderGone closes the reader of stdout early, as head does.
func testJobReaderGone(t *testing.T) {
	r := newFaultRoom(t, `default: {image: "localhost/tiny:1"}
spew:
  script: ["while :; do echo line; sleep 0.05; done"]
fine:
  script: [echo fine]
`)
	r.succeed("job", "run", "fine")
	before, tree := r.things(), r.treeHash()
	reports := t.TempDir()
	for name, args := range map[string][]string{
		"one job":  {"spew"},
		"two jobs": {"spew", "fine"},
	} {
		report := filepath.Join(reports, strings.ReplaceAll(name, " ", "-"))
		cmd := r.command("lcitool", append([]string{"job", "run", "--report", "json=" + report}, args...)...)
		var said written
		cmd.Stderr = &said
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		if err := out.Close(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if status := cmd.ProcessState.ExitCode(); status != 141 {
			t.Errorf("%s: status %d\n%s", name, status, said.String())
		}
		text, err := os.ReadFile(report)
		if err != nil || !strings.Contains(string(text), `"state": "stopped"`) {
			t.Errorf("%s: report %s, %v", name, text, err)
		}
	}
	r.succeed("container", "prune")
	r.same(before, tree)
}

func testJobTwoAtOnce(t *testing.T) {
	r := newFaultRoom(t, matrixPipeline)
	r.succeed("job", "run", "--event", "push", "*")
	before, tree := r.things(), r.treeHash()
	one, oneOut := r.start("job", "run", "--event", "push", "*")
	two, twoOut := r.start("job", "run", "--event", "push", "*")
	for cmd, out := range map[*exec.Cmd]*written{one: oneOut, two: twoOut} {
		if err := cmd.Wait(); err != nil || !strings.Contains(out.String(), "got first second") {
			t.Errorf("%v\n%s", err, out)
		}
	}
	r.same(before, tree)
}

// testJobForeign has containers and volumes of others, some with names like ours.
func testJobForeign(t *testing.T) {
	r := newFaultRoom(t, sleepPipeline)
	for _, name := range []string{"lcitool-foreign", "other"} {
		r.podman("run", "--detach", "--network", "none", "--name", name, "localhost/tiny:1", "sleep", "1000")
		r.podman("volume", "create", name)
	}
	unchanged := func(after string) {
		t.Helper()
		running := strings.Fields(r.podman("ps", "--format", "{{.Names}}"))
		volumes := strings.Fields(r.podman("volume", "ls", "--quiet"))
		for _, name := range []string{"lcitool-foreign", "other"} {
			if !slices.Contains(running, name) || !slices.Contains(volumes, name) {
				t.Errorf("after %s %s is gone: running %v, volumes %v", after, name, running, volumes)
			}
		}
	}
	r.succeed("job", "run", "fine")
	unchanged("a run")
	cmd, out := r.start("job", "run", "sleeper")
	out.await(t, "ready\n")
	_ = cmd.Process.Signal(os.Interrupt)
	_ = cmd.Wait()
	unchanged("an interrupt")
	r.succeed("container", "prune")
	unchanged("prune")
}
