// SPDX-License-Identifier: GPL-2.0-or-later

package facts

import "fmt"

// A FindingReport is a finding for JSON output.
type FindingReport struct {
	Severity Severity `json:"severity"`
	File     string   `json:"file"`
	Line     int      `json:"line,omitempty"`
	Column   int      `json:"column,omitempty"`
	Message  string   `json:"message"`
}

// ListFindings returns findings for JSON, and each as a line of text.
func ListFindings(findings []Finding) (all []FindingReport, lines []string) {
	all = []FindingReport{}
	for _, f := range findings {
		all = append(all, FindingReport{f.Severity, f.File, f.Line, f.Column, f.Message})
		line := f.Error()
		if f.Severity == NoteSeverity {
			line = fmt.Sprintf("%s: note: %s", f.Position, f.Message)
		}
		lines = append(lines, line)
	}
	return all, lines
}
