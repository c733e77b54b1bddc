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
// none. Like GitLab, it matches each line separately.
func (j *Job) CoverageIn(log string) string {
	if j.Coverage == "" {
		return ""
	}
	pattern, err := compilePattern(j.Coverage)
	if err != nil {
		return ""
	}
	lines := strings.Split(log, "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		matches := pattern.FindAllStringSubmatch(strings.TrimSuffix(lines[i], "\r"), -1)
		if len(matches) == 0 {
			continue
		}
		last := matches[len(matches)-1]
		if number := coverageNumber.FindString(last[len(last)-1]); number != "" {
			return number
		}
	}
	return ""
}
