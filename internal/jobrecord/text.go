// SPDX-License-Identifier: GPL-2.0-or-later

package jobrecord

import (
	"cmp"
	"fmt"
	"time"

	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// Rows formats runs as rows of a table, headings first. With projects, it adds a
// column for the project.
func Rows(runs []Summary, projects bool) [][]string {
	rows := [][]string{{"RUN", "STARTED", "TIME", "TREE", "RESULT"}}
	if projects {
		rows[0] = append(rows[0], "PROJECT")
	}
	for _, r := range runs {
		tree := cmp.Or(r.Commit[:min(12, len(r.Commit))], "working tree")
		row := []string{r.ID, r.Started.Local().Format("2006-01-02 15:04"), elapsed(r.Seconds), tree, r.Result}
		if projects {
			row = append(row, r.Project)
		}
		rows = append(rows, row)
	}
	return rows
}

func elapsed(seconds float64) string {
	return outcome.Elapsed(time.Duration(seconds * float64(time.Second)))
}

// Timings returns lines with the duration of each command of jobs, as far as
// known.
func (s *Stored) Timings(jobs []string) []string {
	run := &s.Run
	if latest, err := Read(s.Dir); err == nil { // it may have gone on meanwhile
		run = latest
	}
	wanted := make(map[string]bool, len(jobs))
	for _, name := range jobs {
		wanted[name] = true
	}
	var lines []string
	for i := range run.Jobs {
		j := &run.Jobs[i]
		if !wanted[j.Name] {
			continue
		}
		for _, c := range j.Commands {
			lines = append(lines, fmt.Sprintf("%s: %8s  %s", j.Name, elapsed(c.Duration), termtext.FirstLine(c.Command)))
		}
	}
	return lines
}
