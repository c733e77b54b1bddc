// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/gitcmd"
)

// TestCommitVariables: as on GitLab, the message ends with a newline, the title is one line,
// and the description has the empty line above it.
func TestCommitVariables(t *testing.T) {
	long := strings.Repeat("é", 100)
	for _, c := range []struct{ message, title, description string }{
		{"title\n\nbody\nmore\n", "title", "\nbody\nmore"},
		{"title\n", "title", ""},
		{"title", "title", ""},
		{"title\nof two lines\n\nbody\n\n", "title", "of two lines\n\nbody\n"},
		{"title\r\n\r\nbody\r\n", "title", "\r\nbody"},
		{long[2:] + "\n\nbody\n", long[2:], "\nbody"},
		{long + "\n\nbody\n", long, long + "\n\nbody\n"},
		{"\n", "No commit message", "No commit message"},
	} {
		got := strings.Join(CommitVariables(gitcmd.Head{Author: "A <a@b>", Date: "2026-03-15T08:00:00Z", Message: c.message}), "|")
		want := "CI_COMMIT_AUTHOR=A <a@b>|CI_COMMIT_TIMESTAMP=2026-03-15T08:00:00+00:00|CI_COMMIT_TITLE=" + c.title +
			"|CI_COMMIT_DESCRIPTION=" + c.description + "|CI_COMMIT_MESSAGE=" + c.message
		if got != want {
			t.Errorf("%q: got %q, want %q", c.message, got, want)
		}
	}
	if got := CommitVariables(gitcmd.Head{Date: "2026-03-15T08:00:00+02:00"})[1]; got != "CI_COMMIT_TIMESTAMP=2026-03-15T08:00:00+02:00" {
		t.Error(got)
	}
}
