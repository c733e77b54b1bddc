// SPDX-License-Identifier: GPL-2.0-or-later

package progress

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"

	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// usualRows is the height of a terminal whose size is unknown.
const usualRows = 24

// longestReason limits the length of a failing line, in columns. The log has the
// whole line.
const longestReason = 300

// height returns a function for the current height of a terminal.
func height(out io.Writer) func() int {
	f, ok := out.(*os.File)
	if !ok {
		return func() int { return usualRows }
	}
	return func() int {
		if _, rows, err := term.GetSize(int(f.Fd())); err == nil && rows > 0 {
			return rows
		}
		return usualRows
	}
}

// frame returns the lines at the bottom of a terminal: one per running task, if
// there is room, and a summary. There is at least one line.
func (b *Display) frame(columns, rows int, now time.Time) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	columns-- // the last column of a line makes some terminals begin another one
	name := min(b.column, columns/2)
	var lines []string
	for _, t := range b.running[:min(len(b.running), max(0, rows-3))] {
		line := fmt.Sprintf("%s  %-7s %7s  %s", pad(t.name, name), t.state, outcome.Elapsed(now.Sub(t.since)), termtext.Line(t.line[:min(len(t.line), 4*max(columns, 0))]))
		lines = append(lines, cut(line, columns))
	}
	return append(lines, cut(b.sum(now), columns))
}

// sum counts the tasks in each state, for example "2 running, 3 waiting, 1
// passed, 12.0s".
func (b *Display) sum(now time.Time) string {
	var parts []string
	count := func(n int, what outcome.State) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	count(len(b.running), outcome.Running)
	count(b.waiting, outcome.Waiting)
	var states []outcome.State
	for state := range b.ended {
		states = append(states, state)
	}
	slices.Sort(states)
	for _, state := range states {
		count(b.ended[state], state)
	}
	return strings.Join(append(parts, outcome.Elapsed(now.Sub(b.started))), ", ")
}

// closing returns the text for a task that has ended, or "". ran reports whether
// it was started.
func (b *Display) closing(t *task, e scheduler.Event, ran bool) string {
	r := outcome.Result{State: e.State}
	if e.Result != nil {
		r = *e.Result
	}
	if r.State == outcome.NotRun {
		return "" // the final table lists them; a list after an interrupt is too late
	}
	text := t.name + ": " + b.colour(r)
	switch {
	case !ran:
	case r.State == outcome.Passed:
		text += " in " + outcome.Elapsed(r.Duration)
	default:
		text += " after " + outcome.Elapsed(r.Duration)
	}
	if r.Allowed {
		text += ", which is allowed"
	}
	if r.Line != "" {
		text += ": " + cut(termtext.Line(r.Line), longestReason)
	}
	if ran {
		text = b.sectionEnd(t, e) + text
	}
	return text + "\n"
}

// opening returns the text for a task that starts, or "".
func (b *Display) opening(t *task, e scheduler.Event) string {
	switch {
	case b.o.Live:
		return ""
	case b.sections():
		return fmt.Sprintf("\x1b[0Ksection_start:%d:%s[collapsed=true]\r\x1b[0K%s\n", e.Time.Unix(), section(t), t.name)
	}
	return t.name + ": " + string(e.State) + "\n"
}

func (b *Display) sectionEnd(t *task, e scheduler.Event) string {
	if !b.sections() {
		return ""
	}
	return fmt.Sprintf("\x1b[0Ksection_end:%d:%s\r\x1b[0K", e.Time.Unix(), section(t))
}

// sections reports whether to print collapsible sections. Sections of parallel
// tasks would overlap.
func (b *Display) sections() bool { return b.o.Sections && !b.o.Live && b.o.Parallel <= 1 }

// section returns the name of a task's section, with only characters that GitLab
// allows.
func section(t *task) string {
	return "lcitool_" + strings.Map(func(r rune) rune {
		if r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return unicode.ToLower(r)
		}
		return '_'
	}, t.name)
}

func (b *Display) colour(r outcome.Result) string {
	const green, yellow, red = 32, 33, 31
	code := red
	switch {
	case !b.o.Color:
		return r.Text()
	case r.State == outcome.Passed:
		code = green
	case r.OK(), r.State == outcome.Skipped, r.State == outcome.Stopped:
		code = yellow
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", code, r.Text())
}

func width(text string) int { return runewidth.StringWidth(text) }

func cut(line string, columns int) string {
	return strings.TrimRight(runewidth.Truncate(line, max(0, columns), "…"), " ")
}

// pad truncates or pads a text to exactly columns.
func pad(text string, columns int) string {
	return runewidth.FillRight(runewidth.Truncate(text, columns, "…"), columns)
}
