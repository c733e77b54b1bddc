// SPDX-License-Identifier: GPL-2.0-or-later

package scheduler

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"unicode/utf8"

	"gitlab.com/lcitool/lcitool/internal/logtimes"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// outputs creates the logs of all tasks before the first one runs.
func (m *Scheduler) outputs(tasks []Task, w *watcher) ([]*output, error) {
	terminal := &sink{stdout: m.Stdout, stderr: m.Stderr, watcher: w, lines: m.Lines, raw: m.Raw, quiet: m.Quiet, live: m.Live && m.Raw, timestamps: m.Timestamps}
	width := 0
	for _, t := range tasks {
		width = max(width, utf8.RuneCountInString(ShownName(t.Name)))
	}
	taken := map[string]bool{}
	var all []*output
	for _, t := range tasks {
		path := filepath.Join(m.LogDir, logName(t.Name, taken))
		file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if err != nil {
			for _, o := range all {
				o.close()
			}
			return nil, fmt.Errorf("cannot keep a log: %w", err)
		}
		times, _ := os.OpenFile(logtimes.File(path), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644) // the log works without times
		all = append(all, newOutput(terminal, m.Secrets, t.Name, Prefix(t.Name, width), file, times))
	}
	return all, nil
}

// longestPrefix limits the task name in front of a line, in characters.
const longestPrefix = 80

// Prefix returns the text in front of each line of a task. The name is padded to
// width characters.
func Prefix(name string, width int) string { return fmt.Sprintf("%-*s | ", width, ShownName(name)) }

// ShownName returns the name of a task as it is printed, safe for a terminal and
// of limited length.
func ShownName(name string) string {
	name = termtext.Line(name)
	if runes := []rune(name); len(runes) > longestPrefix {
		return string(runes[:longestPrefix-1]) + "…"
	}
	return name
}

// logName returns a log file name that is not in taken.
func logName(name string, taken map[string]bool) string {
	base := termtext.FileName(name)
	for n := 1; ; n++ {
		file := base + ".log"
		if n > 1 {
			file = base + "-" + strconv.Itoa(n) + ".log"
		}
		if !taken[file] {
			taken[file] = true
			return file
		}
	}
}
