// SPDX-License-Identifier: GPL-2.0-or-later

package scheduler

import (
	"bytes"
	"context"
	"os"
	"regexp"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/redact"
)

// TestQuiet shows the steps of builds, and all output of one that fails; the log and Lines
// get all output.
func TestQuiet(t *testing.T) {
	const built = "STEP 1/2: RUN x\nGet:1 s3cret\n\x1b[1mSTEP\x1b[0m\nSTEP 2/2: LABEL a=b\n"
	for _, test := range []struct {
		name      string
		raw, live bool
		state     outcome.State
		want      string
	}{
		{"passed", false, false, "", "a | step 1/2: RUN x (T)\na | step 2/2: LABEL (T)\na | said\n"},
		{
			"failed", false, false, outcome.NoImage, "a | step 1/2: RUN x (T)\na | step 2/2: LABEL (failed after T)\n" +
				"a | STEP 1/2: RUN x\na | Get:1 [hidden]\na | STEP\na | STEP 2/2: LABEL a=b\na | said\n",
		},
		{"stopped", false, false, outcome.Stopped, "a | step 1/2: RUN x (T)\na | step 2/2: LABEL (stopped after T)\na | said\n"},
		{"alone", true, true, "", "step 1/2: RUN x (T)\nstep 2/2: LABEL (T)\nsaid\n"},
		{
			"alone, failed", true, false, outcome.NoImage, "step 1/2: RUN x (T)\nstep 2/2: LABEL (failed after T)\n" +
				"STEP 1/2: RUN x\nGet:1 [hidden]\n\x1b[1mSTEP\x1b[0m\nSTEP 2/2: LABEL a=b\nsaid\n",
		},
	} {
		var stderr bytes.Buffer
		heard := 0
		m := &Scheduler{LogDir: t.TempDir(), Stderr: &stderr, Quiet: true, Raw: test.raw, Live: test.live, Secrets: redact.New("s3cret"), Lines: func(Line) { heard++ }}
		results, err := m.Run(t.Context(), []Task{{Name: "a", Run: func(_ context.Context, s Streams) outcome.Result {
			for _, part := range bytes.SplitAfter([]byte(built), []byte(" ")) {
				say(s.Build, string(part))
			}
			s.EndBuild(test.state)
			say(s.Stderr, "said\n")
			return outcome.Result{State: outcome.Passed}
		}}})
		if err != nil {
			t.Fatal(err)
		}
		if got := regexp.MustCompile(`\d+\.\ds`).ReplaceAllString(stderr.String(), "T"); got != test.want {
			t.Errorf("%s:\n%q, want\n%q", test.name, got, test.want)
		}
		want := "STEP 1/2: RUN x\nGet:1 [hidden]\n\x1b[1mSTEP\x1b[0m\nSTEP 2/2: LABEL a=b\nsaid\n"
		if data, err := os.ReadFile(results[0].Log); err != nil || string(data) != want || heard != 5 {
			t.Errorf("%s: log %q, %v; %d lines heard", test.name, data, err, heard)
		}
	}
}

// TestQuietRetry does not show output of an earlier attempt again.
func TestQuietRetry(t *testing.T) {
	var stderr bytes.Buffer
	m := &Scheduler{LogDir: t.TempDir(), Stderr: &stderr, Quiet: true}
	if _, err := m.Run(t.Context(), []Task{{Name: "a", Run: func(_ context.Context, s Streams) outcome.Result {
		for _, line := range []string{"one\n", "two\n"} {
			say(s.Build, "STEP 1/1: FROM x\n"+line)
			s.EndBuild(outcome.NoImage)
		}
		return outcome.Result{State: outcome.Passed}
	}}}); err != nil {
		t.Fatal(err)
	}
	if bytes.Count(stderr.Bytes(), []byte("a | one\n")) != 1 || bytes.Count(stderr.Bytes(), []byte("a | two\n")) != 1 {
		t.Errorf("%s", stderr.String())
	}
}
