// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/errortext"
	"gitlab.com/lcitool/lcitool/internal/stdio"
)

// TestWarningsAreCounted: from the eleventh warning of a kind, only the number is shown.
func TestWarningsAreCounted(t *testing.T) {
	var said strings.Builder
	a := &app{Streams: stdio.Streams{Stderr: &said}}
	for i := range 500 {
		a.warnf(fmt.Sprintf("job %d", i), "unknown keyword %q", fmt.Sprint("key", i))
	}
	a.warnf("job 1", "something else")
	a.warnings.End(a.Infof)
	lines := strings.Split(strings.TrimSpace(said.String()), "\n")
	want := []string{"warning: job 9: unknown keyword \"key9\"", "warning: job 1: something else", "warning: 490 more like this: unknown keyword …"}
	if len(lines) != 12 || strings.Join(lines[9:], "\n") != strings.Join(want, "\n") {
		t.Errorf("%d lines, the last %q", len(lines), lines[max(0, len(lines)-3):])
	}
}

// TestWarningsTogether is for the race detector: images of several targets are planned at
// once.
func TestWarningsTogether(t *testing.T) {
	var mu sync.Mutex
	var said strings.Builder
	a := &app{Streams: stdio.Streams{Stderr: lockedBuilder{&mu, &said}}}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for i := range 50 {
				a.warnings.Add(diag.Errorf(diag.Position{File: "f.yml", Line: i}, "kind %c", 'a'+rune(i)))
				if err := a.checkWarnings(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if n := strings.Count(said.String(), "\n"); n != 50 {
		t.Errorf("%d lines, want each warning once", n)
	}
	a.strict = true
	a.warnings.Add(&facts.Problem{Message: "x"})
	if a.checkWarnings() == nil {
		t.Error("no error with --strict")
	}
}

type lockedBuilder struct {
	mu *sync.Mutex
	b  *strings.Builder
}

func (w lockedBuilder) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(p)
}

// TestTellKeepsToItsLine: a name from outside cannot start a new line.
func TestTellKeepsToItsLine(t *testing.T) {
	name := "x\nlcitool: all jobs passed\x1b[2J\u202e"
	var said strings.Builder
	a := &app{Streams: stdio.Streams{Stderr: &said}}
	a.Infof("%s: passed", name)
	errortext.Print(a.Infof, fmt.Errorf("job %s: failed", name))
	a.warnf(name, "%s", name)
	for i, line := range strings.Split(said.String(), "\n") {
		if strings.HasPrefix(line, "lcitool: all") || strings.ContainsAny(line, "\x1b\u202e") {
			t.Errorf("line %d is %q", i, line)
		}
	}
}
