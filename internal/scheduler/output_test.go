// SPDX-License-Identifier: GPL-2.0-or-later

package scheduler

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/outcome"
)

func TestLongLine(t *testing.T) {
	var stdout bytes.Buffer
	m := &Scheduler{LogDir: t.TempDir(), Stdout: &stdout}
	task := Task{Name: "a", Run: func(_ context.Context, s Streams) outcome.Result {
		say(s.Stdout, strings.Repeat("x", 3*maxLine+1)+"\n")
		return outcome.Result{State: outcome.Passed}
	}}
	if _, err := m.Run(t.Context(), []Task{task}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(stdout.String(), "\n"); got != 4 || strings.Count(stdout.String(), "x") != 3*maxLine+1 {
		t.Errorf("%d lines of %d bytes in all", got, stdout.Len())
	}
}

func TestLogThatCannotBeWritten(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	var stdout, stderr bytes.Buffer
	o := newOutput(&sink{stdout: &stdout, stderr: &stderr, watcher: &watcher{}}, nil, "a", "a | ", full, nil)
	say(o.stdout, "one\ntwo\n")
	say(o.stderr, "three\n")
	if want := "a | warning: the log of a is incomplete: write /dev/full: no space left on device\na | three\n"; stderr.String() != want {
		t.Errorf("stderr %q, want %q", stderr.String(), want)
	}
	if want := "a | one\na | two\n"; stdout.String() != want {
		t.Errorf("stdout %q, want %q", stdout.String(), want)
	}
}

// TestFailingScript: the failing line is one of the first script that did not pass.
func TestFailingScript(t *testing.T) {
	for _, test := range []struct {
		passed bool
		want   string
	}{{true, "error: of after_script"}, {false, "error: of the script"}} {
		m := &Scheduler{LogDir: t.TempDir()}
		task := Task{Name: "a", Run: func(_ context.Context, s Streams) outcome.Result {
			say(s.Stdout, "error: of the script")
			s.EndScript(test.passed)
			say(s.Stdout, "error: of after_script")
			s.EndScript(false)
			say(s.Stderr, "error: of what comes later\n")
			return outcome.Result{State: outcome.Failed, Code: 1}
		}}
		results, err := m.Run(t.Context(), []Task{task})
		if err != nil || results[0].Line != test.want {
			t.Errorf("%+v, %v, want %q", results, err, test.want)
		}
	}
	Streams{}.EndScript(true) // nobody listens
}
