// SPDX-License-Identifier: GPL-2.0-or-later

package outcome

import (
	"cmp"
	"fmt"
	"slices"
)

// Rows formats results as rows of a table, headings first. heading is the title
// of the first column.
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

// Sentence describes the result in one line.
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

// A Listed is a result for JSON output.
type Listed struct {
	Target  string  `json:"target"`
	State   string  `json:"state"`
	Code    int     `json:"code"`
	Seconds float64 `json:"seconds"`
	Line    string  `json:"line"` // first line that reports a failure
	Built   bool    `json:"built"`
	Log     string  `json:"log"` // file
}

// List converts results. It never returns nil.
func List(results []Result) []Listed {
	all := []Listed{}
	for _, r := range results {
		all = append(all, Listed{r.Workload, string(r.State), r.Code, r.Duration.Seconds(), r.Line, r.Built, r.Log})
	}
	return all
}
