// SPDX-License-Identifier: GPL-2.0-or-later

package progress

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
)

var clock = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func running(name string) scheduler.Event {
	return scheduler.Event{Time: clock, Task: name, State: outcome.Running}
}

func said(name, line string) scheduler.Event {
	return scheduler.Event{Time: clock, Task: name, Line: line}
}

func ended(name string, r outcome.Result) scheduler.Event {
	return scheduler.Event{Time: clock.Add(r.Duration), Task: name, State: r.State, Result: &r}
}

// TestPlain has the output for a file or a pipe.
func TestPlain(t *testing.T) {
	for _, test := range []struct {
		name     string
		sections bool
		parallel int
		events   []scheduler.Event
		want     string
	}{
		{"nothing", false, 1, nil, ""},
		{"waiting says nothing", false, 1, []scheduler.Event{{Task: "a", State: outcome.Waiting}}, ""},
		{"lines say nothing", false, 1, []scheduler.Event{running("a"), said("a", "hello")}, "a: running\n"},
		{"passed", false, 2, []scheduler.Event{running("a"), ended("a", outcome.Result{State: outcome.Passed, Duration: 12300 * time.Millisecond})},
			"a: running\na: passed in 12.3s\n"},
		{"failed", false, 2, []scheduler.Event{running("a"), ended("a", outcome.Result{State: outcome.Failed, Code: 2, Duration: 72 * time.Second, Line: "foo.c:1: error: no"})},
			"a: running\na: failed (2) after 1m12s: foo.c:1: error: no\n"},
		{"allowed", false, 2, []scheduler.Event{running("a"), ended("a", outcome.Result{State: outcome.Failed, Code: 1, Allowed: true})},
			"a: running\na: failed (1) after 0.0s, which is allowed\n"},
		{"skipped", false, 1, []scheduler.Event{ended("b", outcome.Result{State: outcome.Skipped, Err: errors.New("x"), Line: "needs a: failed (1)"})},
			"b: skipped: needs a: failed (1)\n"},
		{"not run", false, 1, []scheduler.Event{ended("b", outcome.Result{State: outcome.NotRun})}, ""},
		{"ended once", false, 1, []scheduler.Event{running("a"), ended("a", outcome.Result{State: outcome.Passed}), ended("a", outcome.Result{State: outcome.Failed}), running("a")},
			"a: running\na: passed in 0.0s\n"},
		{"without a result", false, 1, []scheduler.Event{running("a"), {Time: clock, Task: "a", State: outcome.Stopped}}, "a: running\na: stopped after 0.0s\n"},
		{"hostile", false, 1, []scheduler.Event{running("a\x1b[2J\n\u202e"), ended("a\x1b[2J\n\u202e", outcome.Result{State: outcome.Failed, Line: "x\x1b]0;t\a\xff"})},
			"a\uFFFD[2J\uFFFD\uFFFD: running\na\uFFFD[2J\uFFFD\uFFFD: failed after 0.0s: x\uFFFD]0;t\uFFFD\uFFFD\n"},
		{"sections", true, 1, []scheduler.Event{running("x86_64-debian 13: [a]"), ended("x86_64-debian 13: [a]", outcome.Result{State: outcome.Passed, Duration: time.Second})},
			"\x1b[0Ksection_start:1767323045:lcitool_x86_64_debian_13___a_[collapsed=true]\r\x1b[0Kx86_64-debian 13: [a]\n" +
				"\x1b[0Ksection_end:1767323046:lcitool_x86_64_debian_13___a_\r\x1b[0Kx86_64-debian 13: [a]: passed in 1.0s\n"},
		{"no overlapping sections", true, 2, []scheduler.Event{running("a")}, "a: running\n"},
		{"no section for what does not run", true, 1, []scheduler.Event{ended("b", outcome.Result{State: outcome.Skipped})}, "b: skipped\n"},
	} {
		var out bytes.Buffer
		b := New(Options{Out: &out, Sections: test.sections, Parallel: test.parallel, Names: []string{"a", "b"}})
		for _, e := range test.events {
			b.Event(e)
		}
		b.Close()
		if out.String() != test.want {
			t.Errorf("%s: %q, want %q", test.name, out.String(), test.want)
		}
	}
}

// TestLongReason limits a line of a minified file.
func TestLongReason(t *testing.T) {
	var out bytes.Buffer
	b := New(Options{Out: &out})
	b.Event(running("a"))
	b.Event(ended("a", outcome.Result{State: outcome.Failed, Line: strings.Repeat("x", 16<<10)}))
	if out.Len() > 2*longestReason || !strings.Contains(out.String(), "…") {
		t.Errorf("%d bytes for one line", out.Len())
	}
}

// TestFrame has the display on terminals of several sizes.
func TestFrame(t *testing.T) {
	names := []string{"debian-12", "debian-13", "fedora-44", "a-very-long-name-of-a-job-for-a-cross-compiler"}
	b := New(Options{Out: io.Discard, Names: names})
	b.started = clock
	now := clock.Add(3 * time.Second)
	check := func(columns, rows int, want ...string) {
		t.Helper()
		got := b.frame(columns, rows, now)
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%d by %d:\n%s\nwant\n%s", columns, rows, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		for _, line := range got {
			if w := width(line); w >= columns && columns > 0 {
				t.Errorf("%d columns for %q, of %d", w, line, columns)
			}
		}
	}
	check(80, 24, "4 waiting, 3.0s")
	b.Event(running(names[0]))
	b.Event(running(names[3]))
	b.Event(said(names[0], "[1/2] cc\t日本語.c "+strings.Repeat("x", 200)))
	check(60, 24,
		"debian-12                      running    3.0s  [1/2] cc …",
		"a-very-long-name-of-a-job-fo…  running    3.0s",
		"2 running, 2 waiting, 3.0s")
	check(60, 4, "debian-12                      running    3.0s  [1/2] cc …", "2 running, 2 waiting, 3.0s")
	check(60, 1, "2 running, 2 waiting, 3.0s")
	check(12, 24, "debi…  run…", "a-ve…  run…", "2 running,…")
	b.Event(ended(names[0], outcome.Result{State: outcome.Passed}))
	b.Event(ended(names[3], outcome.Result{State: outcome.NoImage}))
	b.Event(running(names[1]))
	check(80, 24, "debian-13                                running    3.0s", "1 running, 1 waiting, 1 no image, 1 passed, 3.0s")
	for columns := range 30 {
		b.frame(columns, 24, now) // whatever its size, it does not stop us
	}
}

func BenchmarkLine(b *testing.B) {
	var names []string
	for i := range 100 {
		names = append(names, fmt.Sprintf("job-%d", i))
	}
	display := New(Options{Out: io.Discard, Live: true, Names: names})
	defer display.Close()
	display.Event(running(names[7]))
	e := said(names[7], strings.Repeat("x", 120))
	for b.Loop() {
		display.Event(e)
	}
}
