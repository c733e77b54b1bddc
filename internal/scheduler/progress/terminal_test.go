// SPDX-License-Identifier: GPL-2.0-or-later

package progress

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"

	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
)

// A screen interprets the control sequences that the display uses.
type screen struct {
	mu     sync.Mutex
	lines  []string
	row    int
	frames int    // how often the cursor went up
	rest   string // an unfinished sequence
	odd    []string

	changed chan struct{} // holds one value after a change
}

var sequence = regexp.MustCompile(`^\x1b\[([0-9]*)([A-Za-z])`)

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() {
		select {
		case s.changed <- struct{}{}:
		default:
		}
	}()
	text := s.rest + string(p)
	s.rest = ""
	for text != "" {
		for len(s.lines) <= s.row {
			s.lines = append(s.lines, "")
		}
		if text[0] == '\x1b' {
			m := sequence.FindStringSubmatch(text)
			if m == nil {
				s.rest = text
				break
			}
			text = text[len(m[0]):]
			s.steer(m[1], m[2])
			continue
		}
		switch text[0] {
		case '\n':
			s.row++
		case '\r':
		default:
			s.lines[s.row] += text[:1]
		}
		text = text[1:]
	}
	return len(p), nil
}

func (s *screen) steer(n, letter string) {
	switch letter {
	case "A":
		up, _ := strconv.Atoi(n)
		s.row = max(0, s.row-up)
		s.frames++
	case "J":
		s.lines = s.lines[:s.row]
	case "m":
	default:
		s.odd = append(s.odd, n+letter)
	}
}

func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.TrimRight(strings.Join(s.lines, "\n"), "\n")
}

// openTerminal returns a terminal of this size and its screen; end waits for all that was
// written to it.
func openTerminal(t *testing.T, columns, rows uint16) (tty *os.File, s *screen, end func()) {
	t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	resize(t, tty, columns, rows)
	s = &screen{changed: make(chan struct{}, 1)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(s, master) // ends with EIO when the last one closes the terminal
	}()
	return tty, s, func() {
		_ = tty.Close()
		<-done
		_ = master.Close()
	}
}

func resize(t *testing.T, tty *os.File, columns, rows uint16) {
	t.Helper()
	if err := pty.Setsize(tty, &pty.Winsize{Cols: columns, Rows: rows}); err != nil {
		t.Fatal(err)
	}
}

func until(t *testing.T, s *screen, what string, ok func(text string) bool) {
	t.Helper()
	late := time.After(2 * time.Minute)
	for !ok(s.text()) {
		select {
		case <-s.changed:
		case <-late:
			t.Fatalf("the screen never showed %s:\n%s", what, s.text())
		}
	}
}

// TestTerminal follows some tasks on a terminal whose size changes.
func TestTerminal(t *testing.T) {
	tty, s, end := openTerminal(t, 80, 24)
	var names []string
	for i := range 40 {
		names = append(names, fmt.Sprintf("job-%02d", i))
	}
	b := New(Options{Out: tty, Live: true, Color: true, Names: names, Parallel: 40})
	now := func(e scheduler.Event) scheduler.Event { e.Time = time.Now(); return e }
	b.Event(now(running("job-00")))
	b.Event(said("job-00", "compiling"))
	until(t, s, "what a task said", func(text string) bool {
		return strings.Contains(text, "job-00  running") && strings.Contains(text, "compiling") && strings.Contains(text, "1 running, 39 waiting")
	})
	for _, name := range names[1:] {
		b.Event(now(running(name)))
	}
	until(t, s, "a full screen", func(text string) bool { return strings.Count(text, "\n") == 21 })
	resize(t, tty, 30, 10)
	until(t, s, "fewer lines", func(text string) bool { return strings.Count(text, "\n") == 7 })
	b.Event(said("job-00", strings.Repeat("long ", 30)))
	until(t, s, "a line that is cut", func(text string) bool {
		first, _, _ := strings.Cut(text, "\n")
		return strings.HasSuffix(first, "…") && width(first) < 30
	})
	resize(t, tty, 80, 24)
	until(t, s, "more lines", func(text string) bool { return strings.Count(text, "\n") == 21 })
	b.Event(ended("job-03", outcome.Result{State: outcome.Failed, Code: 2, Line: "error: no"}))
	_, _ = io.WriteString(b, "warning: something else\n")
	for _, name := range names {
		b.Event(ended(name, outcome.Result{State: outcome.Passed}))
	}
	b.Close()
	b.Close()
	_, _ = io.WriteString(b, "after it\n")
	end()
	lines := strings.Split(s.text(), "\n")
	if len(lines) != 42 || lines[0] != "job-03: failed (2) after 0.0s: error: no" ||
		lines[1] != "warning: something else" || lines[2] != "job-00: passed in 0.0s" || lines[41] != "after it" {
		t.Errorf("left on the screen:\n%s", s.text())
	}
	if len(s.odd) > 0 {
		t.Errorf("sequences sent: %q", s.odd)
	}
}

// TestCancelled leaves a clean terminal when tasks do not end.
func TestCancelled(t *testing.T) {
	tty, s, end := openTerminal(t, 80, 24)
	b := New(Options{Out: tty, Live: true, Names: []string{"a", "b", "c"}, Parallel: 2})
	b.Event(running("a"))
	b.Event(running("b"))
	b.Event(ended("a", outcome.Result{State: outcome.Stopped}))
	b.Event(ended("c", outcome.Result{State: outcome.NotRun}))
	b.Close()
	end()
	if got := s.text(); got != "a: stopped after 0.0s" {
		t.Errorf("left on the screen:\n%s", got)
	}
}

// TestGone continues after its terminal was closed.
func TestGone(t *testing.T) {
	tty, _, end := openTerminal(t, 80, 24)
	b := New(Options{Out: tty, Live: true, Names: []string{"a"}})
	b.Event(running("a"))
	end()
	for range 100 {
		b.Event(ended("a", outcome.Result{State: outcome.Passed}))
		_, _ = io.WriteString(b, "x\n")
	}
	b.Close()
}

// TestFlood draws no more often than without output.
func TestFlood(t *testing.T) {
	tty, s, end := openTerminal(t, 80, 24)
	b := New(Options{Out: tty, Live: true, Names: []string{"a"}})
	b.Event(scheduler.Event{Time: time.Now(), Task: "a", State: outcome.Running})
	begun := time.Now()
	lines := 0
	for ; lines < 10_000 || time.Since(begun) < 500*time.Millisecond; lines++ {
		b.Event(said("a", "a line of the flood"))
	}
	took := time.Since(begun)
	b.Close()
	end()
	if most := int(took/refresh) + 5; s.frames > most {
		t.Errorf("%d frames in %v, want %d at most", s.frames, took, most)
	}
}
