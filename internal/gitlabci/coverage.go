// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"strings"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// coverageNumber is the number in what a coverage pattern has found.
var coverageNumber = lazyregexp.New(`\d+(\.\d+)?`)

// CoverageIn gives the coverage that a job reports in its log: the first number in
// the last match of its pattern, or of the last group of it. It is "" if there is
// none. A line counts as GitLab sees it.
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
