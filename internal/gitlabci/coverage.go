// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"context"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// coverageNumber matches the number in the text that a coverage pattern matches.
var coverageNumber = lazyregexp.New(`\d+(\.\d+)?`)

// CoverageIn returns the coverage in a job's log: the first number in the last
// match of the coverage pattern, or in its last group, or "" for none. Like
// GitLab, it matches each line separately. ok is false if the search is given up
// because it takes too long or ctx is done.
func (j *Job) CoverageIn(ctx context.Context, log string) (number string, ok bool) {
	return j.coverageIn(log, &budget{left: maxMatching, stop: ctx.Done()})
}

func (j *Job) coverageIn(log string, work *budget) (number string, ok bool) {
	if j.Coverage == "" {
		return "", true
	}
	pattern, err := compilePattern(j.Coverage)
	if err != nil {
		return "", true // a problem of the pipeline
	}
	lines := strings.Split(log, "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		line := strings.TrimSuffix(lines[i], "\r")
		if !work.take(pattern, len(line)) {
			return "", false
		}
		most := 1 + work.left/pattern.cost(len(line)) // each match can read the rest of the line
		matches := pattern.FindAllStringSubmatch(line, most)
		if len(matches) == 0 {
			continue
		}
		if len(matches) == most {
			return "", false
		}
		last := matches[len(matches)-1]
		if number := coverageNumber.FindString(last[len(last)-1]); number != "" {
			return number, true
		}
	}
	return "", true
}
