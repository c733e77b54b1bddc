// SPDX-License-Identifier: GPL-2.0-or-later

package outcome

import (
	"strings"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// errorPattern matches error messages of compilers, test runners, package
// managers and shells.
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

// prefiltered reports whether a line in lower case contains a text that is
// required for errorPattern. It is false for nearly all lines, and a hundred
// times faster than the pattern.
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

func isErrorLine(line string) bool {
	return prefiltered(strings.ToLower(line)) && errorPattern.MatchString(line) && !harmless.MatchString(line)
}

// harmless matches zero counts, and expected failures.
var harmless = lazyregexp.New(`\b(?i:FAIL(?:ED|URES?)?|TIMEOUT|errors?)\b\s*[:=]\s*0\b|\b0 (?i:errors?|failed|failures?)\b|\bXFAIL\b|\bExpected Fail\b`)

// announcement matches lines of ninja that announce a failure. The reason
// follows.
var announcement = lazyregexp.New(`^FAILED: `)

// A FailingLine finds the line that best explains why a command failed.
type FailingLine struct {
	first     string
	announced bool   // first only announces
	last      string // that is not empty

	closed bool // ignore further lines
}

// See processes the next line, as returned by termtext.LogLine.
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

// Close makes See ignore further lines.
func (f *FailingLine) Close() { f.closed = true }

// Restart forgets the lines up to now, unless Close was called.
func (f *FailingLine) Restart() {
	if !f.closed {
		*f = FailingLine{}
	}
}

// Text returns the first error line, or else the last line that is not empty.
func (f *FailingLine) Text() string {
	if f.first != "" {
		return f.first
	}
	return f.last
}
