// SPDX-License-Identifier: GPL-2.0-or-later

package jobdiff

import (
	"strings"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// A rule replaces text that differs between runs of the same commands.
type rule struct {
	pattern *lazyregexp.Regexp
	with    string
}

// rules returns the rules in the order of their application: a date before a
// time.
func rules() []rule {
	return []rule{
		{lazyregexp.New(`\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[ ]?[+-]\d\d:?\d\d|\b)`), "DATE"},
		{lazyregexp.New(`\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? (?:\d{1,2} )?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +[\d: APM]+(?: [A-Z]{3,4})?(?: \d{4})?\b`), "DATE"},
		{lazyregexp.New(`\b\d{4}-\d\d-\d\d\b`), "DATE"},
		{lazyregexp.New(`\b\d{1,2}:\d\d:\d\d(?:[.,]\d+)?\b`), "TIME"},
		{lazyregexp.New(`(?:/var)?/tmp/[^\s:;,'"()<>\]]+`), "/tmp/X"},
		{lazyregexp.New(`\btmp[._][A-Za-z0-9_]{6,}\b`), "tmp.X"},
		{lazyregexp.New(`\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b`), "UUID"},
		{lazyregexp.New(`\b0x[0-9a-fA-F]{4,}\b`), "0xADDRESS"},
		{lazyregexp.New(`\b[0-9a-f]{64}\b`), "DIGEST"},
		{lazyregexp.New(`\b((?i:pid|process|thread))([ =:#]+)\d+\b`), "${1}${2}N"},
		{lazyregexp.New(`([\w)])\[\d+\]:`), "${1}[N]:"},
		{lazyregexp.New(`^\[ *\d+/(\d+)\]`), "[N/$1]"}, // ninja, whose commands end in any order
		{lazyregexp.New(`==\d+==`), "==N=="},           // valgrind, sanitizers
		{lazyregexp.New(`\b[\d.,]+ ?[kKMG]?i?B/s\b`), "N B/s"},
		{lazyregexp.New(`\b\d+h ?(?:\d+m ?)?(?:\d+(?:\.\d+)?s)?\b|\b\d+m ?\d+(?:\.\d+)?s\b`), "DURATION"},
		{lazyregexp.New(`\b\d+(?:[.,]\d+)? ?(?:ns|us|µs|ms|s|secs?|seconds?|minutes?)\b`), "DURATION"},
	}
}

// NewSame returns a function that normalizes lines of several runs. dir is the
// directory that the jobs work in.
func NewSame(dir string) func(line string) string { return newSame(dir) }

// newSame returns a function that normalizes a line: it replaces what differs
// between runs, and the directory that the job works in.
func newSame(dir string) func(line string) string {
	all := rules()
	return func(line string) string {
		if len(dir) > 1 {
			line = strings.ReplaceAll(line, dir, "$DIR")
		}
		for _, r := range all {
			line = r.pattern.ReplaceAllString(line, r.with)
		}
		return strings.TrimRight(line, " \t")
	}
}
