// SPDX-License-Identifier: GPL-2.0-or-later

package outcome

import (
	"strings"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// errorPattern matches lines in which compilers, test runners, package managers
// and shells say that something went wrong.
var errorPattern = lazyregexp.New(strings.Join([]string{
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

// prefiltered reports whether a line in small letters holds what it must for
// errorPattern to match it. Nearly no line does, and looking for these takes a
// hundredth of the time that the patterns take.
func prefiltered(small string) bool {
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

// isErrorLine reports whether a line says that something went wrong.
func isErrorLine(line string) bool {
	return prefiltered(strings.ToLower(line)) && errorPattern.MatchString(line) && !harmless.MatchString(line)
}

// harmless matches counts of nothing and words that only name a failure.
var harmless = lazyregexp.New(`\b(?i:FAIL(?:ED|URES?)?|TIMEOUT|errors?)\b\s*[:=]\s*0\b|\b0 (?i:errors?|failed|failures?)\b|\bXFAIL\b|\bExpected Fail\b`)

// announcement matches lines that announce a failure whose reason comes after them:
// ninja's.
var announcement = lazyregexp.New(`^FAILED: `)

// A FailingLine finds the line that says best why a command failed.
type FailingLine struct {
	first     string
	announced bool   // first only announces
	last      string // that is not empty

	closed bool // no line matters any more
}

// See takes the next line, as termtext.LogLine returns it.
func (f *FailingLine) See(line string) {
	line = strings.TrimSpace(line)
	if line == "" || f.closed {
		return
	}
	f.last = line
	if (f.first == "" || f.announced) && isErrorLine(line) {
		if f.announced = announcement.MatchString(line); f.first == "" || !f.announced {
			f.first = line
		}
	}
}

// Close makes See ignore what follows.
func (f *FailingLine) Close() { f.closed = true }

// Text is the first error line, or the last line that is not empty if there is
// none.
func (f *FailingLine) Text() string {
	if f.first != "" {
		return f.first
	}
	return f.last
}
