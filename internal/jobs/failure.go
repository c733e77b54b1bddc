// SPDX-License-Identifier: GPL-2.0-or-later

package jobs

import (
	"regexp"
	"strings"
)

// telling matches lines in which compilers, test runners, package managers
// and shells say that something went wrong.
var telling = regexp.MustCompile(strings.Join([]string{
	`(?:^|[\s:(])(?i:(?:fatal |internal compiler )?error)(?:\[\w+\])?: `, // compilers, meson, cmake, most programs
	`^error\[`,                             // rustc
	`^(?i:fatal|panic): `,                  // git, Go
	`\bundefined reference to\b`,           // linkers
	`\*\*\* .*(?:Error|No rule|missing)`,   // make
	`\bFAIL(?:ED|URE)?\b`,                  // meson, automake, ninja, pytest, gtest, Go
	`\bTIMEOUT\b`,                          // meson
	`^not ok\b`,                            // TAP
	`^Traceback \(most recent call last\)`, // Python
	`^E: `,                                 // apt
	`(?i:segmentation fault|\baborted\b|core dumped|\bout of memory\b|^killed$)`,
	`: (?:command )?not found$`, // shells
	`: No such file or directory$`,
	`: Permission denied$`,
}, "|"))

// hinted reports whether a line in small letters holds what it must for
// telling to match it. Nearly no line does, and looking for these takes a
// hundredth of the time that the patterns take.
func hinted(small string) bool {
	for _, hint := range [...]string{
		"error", "fatal: ", "panic: ", "undefined reference", "*** ", "fail", "timeout", "not ok", "traceback", "e: ",
		"segmentation fault", "aborted", "core dumped", "out of memory", "killed",
		"not found", "no such file", "permission denied",
	} {
		if strings.Contains(small, hint) {
			return true
		}
	}
	return false
}

// tells reports whether a line says that something went wrong.
func tells(line string) bool {
	return hinted(strings.ToLower(line)) && telling.MatchString(line) && !harmless.MatchString(line)
}

// harmless matches counts of nothing and words that only name a failure.
var harmless = regexp.MustCompile(`\b(?i:FAIL(?:ED|URES?)?|TIMEOUT|errors?)\b\s*[:=]\s*0\b|\b0 (?i:errors?|failed|failures?)\b|\bXFAIL\b|\bExpected Fail\b`)

// herald matches lines that announce a failure whose reason comes after them:
// ninja's.
var herald = regexp.MustCompile(`^FAILED: `)

// A failure finds among lines the first one that tells of one.
type failure struct {
	first     string
	announced bool   // first only announces
	last      string // that is not empty

	settled bool // no line matters any more
}

func (f *failure) see(line string) {
	line = strings.TrimSpace(line)
	if line == "" || f.settled {
		return
	}
	f.last = line
	if (f.first == "" || f.announced) && tells(line) {
		if f.announced = herald.MatchString(line); f.first == "" || !f.announced {
			f.first = line
		}
	}
}

// line is the first line that tells of a failure, or the last one if none
// does.
func (f *failure) line() string {
	if f.first != "" {
		return f.first
	}
	return f.last
}
