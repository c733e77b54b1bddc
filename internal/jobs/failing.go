// SPDX-License-Identifier: GPL-2.0-or-later

package jobs

// A FailingLine finds the line that says best why a job failed, among those
// of a job that ran elsewhere.
type FailingLine struct{ failure failure }

// See takes the next line, as Plain gives it.
func (f *FailingLine) See(line string) { f.failure.see(line) }

// Text is the first line that tells of a failure, else the last one that is
// not empty.
func (f *FailingLine) Text() string { return f.failure.line() }
