// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
)

// TestAgain passes words with special characters through a shell as the entrypoint.
func TestAgain(t *testing.T) {
	text := again([]string{"/bin/sh", "-c", `echo "$1" "$#"`, "it's", `a "b" $c`})
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
			j.Variables = []gitlabci.Variable{{Name: "RUNNER_SCRIPT_TIMEOUT", Value: limit, From: gitlabci.FromJob}}
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
