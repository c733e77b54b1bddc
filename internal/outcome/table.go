// SPDX-License-Identifier: GPL-2.0-or-later

package outcome

import (
	"cmp"
	"fmt"
	"slices"
)

// Rows gives how workloads ended as rows of a table, headings first; heading is
// what workloads are.
func Rows(heading string, results []Result) [][]string {
	covered := slices.ContainsFunc(results, func(r Result) bool { return r.Coverage != "" })
	row := func(name, result, time, coverage, line string) []string {
		if covered {
			return []string{name, result, time, coverage, line}
		}
		return []string{name, result, time, line}
	}
	rows := [][]string{row(heading, "RESULT", "TIME", "COVERAGE", "FIRST FAILING LINE")}
	for _, r := range results {
		text, coverage := r.Text(), "-"
		if r.Allowed {
			text += ", allowed"
		}
		if r.Coverage != "" {
			coverage = r.Coverage + "%"
		}
		rows = append(rows, row(r.Workload, text, Elapsed(r.Duration), coverage, cmp.Or(r.Line, "-")))
	}
	return rows
}

// Sentence says how the workload ended.
func (r Result) Sentence() string {
	text := fmt.Sprintf("%s: %s in %s", r.Workload, r.Text(), Elapsed(r.Duration))
	if r.Line != "" && r.State != NoImage && r.State != EngineError {
		text += ": " + r.Line
	}
	if r.Coverage != "" {
		text += ", coverage " + r.Coverage + "%"
	}
	return text
}
