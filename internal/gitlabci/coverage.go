// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"context"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// coverageNumber matches the number in the text that a coverage pattern matches.
var coverageNumber = lazyregexp.New(`\d+(\.\d+)?`)

// withoutZeros returns a number without zeros in front, as GitLab stores it.
func withoutZeros(number string) string {
	number = strings.TrimLeft(number, "0")
	if number == "" || number[0] == '.' {
		number = "0" + number
	}
	return number
}

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
		matches := pattern.FindAllStringSubmatchIndex(line, most)
		if len(matches) == 0 {
			continue
		}
		if len(matches) == most {
			return "", false
		}
		last := matches[len(matches)-1]
		from, to := last[len(last)-2], last[len(last)-1]
		if from < 0 {
			return "", true // GitLab gives up if the last group is not part of the match
		}
		if number := coverageNumber.FindString(line[from:to]); number != "" {
			return withoutZeros(number), true
		}
	}
	return "", true
}
