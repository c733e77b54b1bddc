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

// usualRows is the height of a terminal that does not tell.
const usualRows = 24

// longestReason is how much of a failing line is shown, in columns: the log has
// all of it.
const longestReason = 300

// height gives a function for the height of a terminal, which changes.
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

// frame gives the lines at the bottom of a terminal with so many columns and
// rows: one for each task that runs, as far as there is room, and one that
// sums all up. There is at least one.
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

// sum says how many tasks are in which state: "2 running, 3 waiting, 1 passed, 12.0s".
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

// closing is what is said of a task that has ended, "" for nothing. ran tells
// whether it had begun.
func (b *Display) closing(t *task, e scheduler.Event, ran bool) string {
	r := outcome.Result{State: e.State}
	if e.Result != nil {
		r = *e.Result
	}
	if r.State == outcome.NotRun {
		return "" // the closing table has them; after an interrupt nobody waits for a list
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

// opening is what is said of a task that begins, "" for nothing.
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

// sections reports whether tasks have sections: those of tasks that run at the
// same time would overlap.
func (b *Display) sections() bool { return b.o.Sections && !b.o.Live && b.o.Parallel <= 1 }

// section is the name of a task's section, of the characters that GitLab takes.
func section(t *task) string {
	return "lcitool_" + strings.Map(func(r rune) rune {
		if r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return unicode.ToLower(r)
		}
		return '_'
	}, t.name)
}

// colour gives the result in words.
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

// width is how many columns a text takes.
func width(text string) int { return runewidth.StringWidth(text) }

// cut shortens a line to so many columns.
func cut(line string, columns int) string {
	return strings.TrimRight(runewidth.Truncate(line, max(0, columns), "…"), " ")
}

// pad gives a text exactly so many columns.
func pad(text string, columns int) string {
	return runewidth.FillRight(runewidth.Truncate(text, columns, "…"), columns)
}
