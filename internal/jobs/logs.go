// SPDX-License-Identifier: GPL-2.0-or-later

package jobs

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// outputs opens the logs of all tasks before the first one runs.
func (m *Matrix) outputs(tasks []Task, w *watcher) ([]*output, error) {
	terminal := &sink{stdout: m.Stdout, stderr: m.Stderr, watcher: w, raw: m.Raw}
	width := 0
	for _, t := range tasks {
		width = max(width, len(t.Name))
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
		all = append(all, newOutput(terminal, t.Name, fmt.Sprintf("%-*s | ", width, t.Name), file))
	}
	return all, nil
}

// longestName is how much of a task's name its log has, in bytes: a job's name
// may be longer than a file's.
const longestName = 200

// logName gives a file's name for the log of a task that no other task has.
func logName(name string, taken map[string]bool) string {
	base := FileName(name)
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

// FileName gives the name that files of a task have: its own without what
// leads to other directories or is hidden.
func FileName(name string) string {
	name = strings.NewReplacer("/", "-", "\x00", "-").Replace(name)
	if len(name) > longestName {
		name = strings.ToValidUTF8(name[:longestName], "")
	}
	if name == "" || name[0] == '.' {
		name = "-" + name
	}
	return name
}
