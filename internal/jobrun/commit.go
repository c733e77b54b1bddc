// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"strings"
	"unicode/utf8"

	"gitlab.com/lcitool/lcitool/internal/gitcmd"
)

// CommitVariables returns the CI_COMMIT_* variables that GitLab derives from the
// checked-out commit, as NAME=VALUE.
func CommitVariables(c gitcmd.Head) []string {
	title, description := describe(c.Message)
	return []string{
		"CI_COMMIT_AUTHOR=" + c.Author,
		"CI_COMMIT_TIMESTAMP=" + strings.Replace(c.Date, "Z", "+00:00", 1), // as git wrote it before version 2.46
		"CI_COMMIT_TITLE=" + title,
		"CI_COMMIT_DESCRIPTION=" + description,
		"CI_COMMIT_MESSAGE=" + c.Message,
	}
}

// longTitle is the number of characters from which GitLab takes the whole message
// as the description.
const longTitle = 100

// describe returns the title and the description that GitLab derives from a
// commit message. The description begins with the empty line below the title.
func describe(message string) (title, description string) {
	if strings.TrimSpace(message) == "" {
		return "No commit message", "No commit message"
	}
	title = message
	if end := strings.IndexAny(message, "\r\n"); end >= 0 {
		title = message[:end]
	}
	if utf8.RuneCountInString(title) >= longTitle {
		return title, message
	}
	_, description, _ = strings.Cut(message, "\n")
	return title, strings.TrimSuffix(strings.TrimSuffix(description, "\n"), "\r")
}
