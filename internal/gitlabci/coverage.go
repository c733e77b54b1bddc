// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"strings"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// coverageNumber matches the number in the text that a coverage pattern matches.
var coverageNumber = lazyregexp.New(`\d+(\.\d+)?`)

// CoverageIn returns the coverage in a job's log: the first number in the last
// match of the coverage pattern, or in its last group. It returns "" if there is
// none, or if the search would take too long. Like GitLab, it matches each line
// separately.
func (j *Job) CoverageIn(log string) string { return j.coverageIn(log, &budget{maxMatching}) }

func (j *Job) coverageIn(log string, work *budget) string {
	if j.Coverage == "" {
		return ""
	}
	pattern, err := compilePattern(j.Coverage)
	if err != nil {
		return ""
	}
	lines := strings.Split(log, "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		line := strings.TrimSuffix(lines[i], "\r")
		if !work.take(pattern, len(line)) {
			return ""
		}
		most := 1 + work.left/pattern.cost(len(line)) // each match can read the rest of the line
		matches := pattern.FindAllStringSubmatch(line, most)
		if len(matches) == 0 {
			continue
		}
		if len(matches) == most {
			return ""
		}
		last := matches[len(matches)-1]
		if number := coverageNumber.FindString(last[len(last)-1]); number != "" {
			return number
		}
	}
	return ""
}
