// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
)

// TestAgain passes words with special characters through a shell as the entrypoint.
func TestAgain(t *testing.T) {
	entrypoint := []string{"/bin/sh", "-c", `echo "$1" "$#"`, "it's", `a "b" $c`}
	text := again(entrypoint, firstCommand(entrypoint, false))
	for _, shell := range []string{"bash", "dash"} {
		out, err := exec.CommandContext(t.Context(), shell, "-c", text+"echo never\n").Output()
		if want := "a \"b\" $c 4\n"; err != nil || string(out) != want {
			t.Errorf("%s: got %q, %v; want %q", shell, out, err, want)
		}
	}
}

// TestEntrypointThatServes: an entrypoint that does not execute its arguments has the time of the
// script, not more.
func TestEntrypointThatServes(t *testing.T) {
	for limit, want := range map[string]struct {
		took  time.Duration
		after string // stages
	}{"": {time.Hour, ""}, "10m": {10*time.Minute + afterTimeout, ""}} {
		synctest.Test(t, func(t *testing.T) {
			h := newHarness(t)
			h.engine.follow = func(ctx context.Context, line func(string)) error {
				line("listening")
				<-ctx.Done()
				return ctx.Err()
			}
			j := job("x", nil)
			j.AfterScript = []string{"true"}
			j.Job.Image = &gitlabci.Image{Name: "image", Entrypoint: []string{"/serve"}}
			j.Variables = gitlabci.NewVariableSet(gitlabci.Variable{Name: "RUNNER_SCRIPT_TIMEOUT", Value: limit, From: gitlabci.FromJob})
			var out strings.Builder
			began := time.Now()
			result, _ := h.Run(t.Context(), j, scheduler.Streams{Stdout: &out})
			if took := time.Since(began); result.State != outcome.TimedOut || took != want.took {
				t.Errorf("limit %q: %s after %v", limit, result.Text(), took)
			}
			if got := strings.Join(h.engine.last().stages, " "); got != want.after || !strings.HasPrefix(out.String(), "listening\n") {
				t.Errorf("limit %q: stages %q, output %q", limit, got, out.String())
			}
		})
	}
}

// TestSlowEntrypoint: the time that an entrypoint takes is the script's. A hook has a container of its
// own in GitLab Runner, and takes the time of the job.
func TestSlowEntrypoint(t *testing.T) {
	for _, c := range []struct {
		own   string
		hook  bool
		want  time.Duration
		after string
	}{
		{"", false, 40 * time.Minute, ""},
		{"30m", false, 10 * time.Minute, "after_script timedout"},
		{"30m", true, 30 * time.Minute, "after_script timedout"},
		{"50m", true, 35 * time.Minute, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			h := newHarness(t)
			h.engine.follow = func(ctx context.Context, line func(string)) error {
				time.Sleep(20 * time.Minute)
				line(replacedLine)
				line(readyLine)
				return nil
			}
			h.engine.stage = func(_ context.Context, _ *memoryContainer, name, _ string) error {
				if name == "script" {
					return api.ErrTimeout
				}
				time.Sleep(5 * time.Minute)
				return nil
			}
			j := job("x", nil)
			j.AfterScript = []string{"true"}
			if c.hook {
				j.PreGetSources = []string{"true"}
			}
			j.Job.Image = &gitlabci.Image{Name: "image", Entrypoint: []string{"/entry"}}
			j.Variables = gitlabci.NewVariableSet(gitlabci.Variable{Name: "RUNNER_SCRIPT_TIMEOUT", Value: c.own, From: gitlabci.FromJob})
			result, _ := h.Run(t.Context(), j, scheduler.Streams{})
			k := h.engine.last()
			at := slices.Index(k.stages, "script running")
			if after := strings.Join(k.stages[at+1:], " "); result.State != outcome.TimedOut || k.limits[at] != c.want || after != c.after {
				t.Errorf("%+v: %s, stages %q, limits %v", c, result.Text(), k.stages, k.limits)
			}
			if c.hook && k.limits[0] != 40*time.Minute {
				t.Errorf("the hook has %v", k.limits[0])
			}
		})
	}
}

// TestEntrypointThatEnds: a job passes if its entrypoint does, but not without a word if the script
// did not run.
func TestEntrypointThatEnds(t *testing.T) {
	for _, line := range []string{"nothing to do", readyLine} {
		h := newHarness(t)
		h.engine.exited = true
		h.engine.follow = func(_ context.Context, say func(string)) error {
			say(line)
			return nil
		}
		j := job("x", nil)
		j.Job.Image = &gitlabci.Image{Name: "image", Entrypoint: []string{"/entry"}}
		result, _ := h.Run(t.Context(), j, scheduler.Streams{})
		if warned := strings.Contains(h.warnings.String(), "has not run the script"); result.State != outcome.Passed || warned == (line == readyLine) {
			t.Errorf("%s: %s, warned %q", line, result.Text(), h.warnings.String())
		}
	}
}

// TestShellAsEntrypoint: a shell with -c executes one word of its arguments, and that one runs the
// script, if it knows how GitLab Runner quotes it.
func TestShellAsEntrypoint(t *testing.T) {
	for _, c := range []struct {
		shell string
		posix bool
		code  int
	}{{"bash", false, 3}, {"busybox", false, 3}, {"dash", true, 3}, {"dash", false, 2}} {
		shell, err := exec.LookPath(c.shell)
		if err != nil {
			t.Fatal(err)
		}
		bin := t.TempDir()
		if err := os.Symlink(shell, filepath.Join(bin, "sh")); err != nil {
			t.Fatal(err)
		}
		entrypoint := []string{"/usr/bin/env", "PATH=" + bin + ":" + os.Getenv("PATH"), "/bin/sh", "-ec"}
		first := append(entrypoint, firstCommand(entrypoint, c.posix)...)
		if c.code == 2 {
			out, err := exec.CommandContext(t.Context(), first[0], first[1:]...).CombinedOutput()
			if exit := new(exec.ExitError); !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.Contains(string(out), "cannot read the script") {
				t.Errorf("%s: %v, %q", c.shell, err, out)
			}
			continue
		}
		var out bytes.Buffer
		err = firstShellOf(t, "echo ${BASH_VERSION:+bash} on; exit 3", first...).run(t.Context(), api.ExecOptions{Stdout: &out})
		want := "on\n"
		if c.shell == "bash" {
			want = "bash on\n"
		}
		if api.Status(err) != c.code || out.String() != want {
			t.Errorf("%s: %v, %q", c.shell, err, out.String())
		}
	}
}

// TestShellWithoutQuotes: without an entrypoint as well, a sh that does not know how GitLab Runner
// quotes the script fails.
func TestShellWithoutQuotes(t *testing.T) {
	for _, c := range []struct {
		flag, shell string
		code        int
	}{{"", "bash", 3}, {"", "busybox sh", 3}, {"", "dash", 2}, {"true", "dash", 3}} {
		j := job("x", nil)
		j.dir, j.Script = t.TempDir(), []string{"exit 3"}
		s, after := newHarness(t).stages(j, []string{"FF_POSIXLY_CORRECT_ESCAPES=" + c.flag})
		s.temp = j.dir
		var out bytes.Buffer
		err := firstShellOf(t, s.script(), append(strings.Fields(c.shell), "-c", firstProcess())...).run(t.Context(), api.ExecOptions{Stdout: &out})
		if api.Status(err) != c.code || strings.Contains(out.String(), "this image's sh cannot read the script") != (c.code == 2) || after.quotes != (c.flag == "") {
			t.Errorf("%+v: %v, %q", c, err, out.String())
		}
	}
}

func TestTakesOneWord(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "/bin/sh": false, "-c": false, "/bin/sh -c": true, "bash -lc": true, "/usr/bin/env bash -c": true, "/sbin/tini -- /busybox/sh -c": true, "/bin/bash -o pipefail -c": true,
		"sh -c exec entry": false, "/entry -c": false, "sh -e": false, "bash --rc": false, "python -c": false,
	} {
		if got := takesOneWord(strings.Fields(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	j := &Job{entrypoint: []string{"/bin/sh", "-c"}}
	if got := len(j.firstCommand(nil)); got != 1 {
		t.Errorf("%d words", got)
	}
	if with, without := j.firstCommand([]string{"FF_POSIXLY_CORRECT_ESCAPES=true"})[0], j.firstCommand(nil)[0]; len(with) >= len(without) {
		t.Error("the flag changes nothing")
	}
	if got := len((&Job{}).firstCommand(nil)); got != 3 {
		t.Errorf("without an entrypoint: %d words", got)
	}
}
