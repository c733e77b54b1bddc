// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import "gitlab.com/lcitool/lcitool/internal/gitcmd"

// CommitVariables returns the CI_COMMIT_* variables that GitLab derives from the
// checked-out commit, as NAME=VALUE.
func CommitVariables(c gitcmd.Head) []string {
	return []string{
		"CI_COMMIT_AUTHOR=" + c.Author,
		"CI_COMMIT_TIMESTAMP=" + c.Date,
		"CI_COMMIT_TITLE=" + c.Title,
		"CI_COMMIT_DESCRIPTION=" + c.Description,
		"CI_COMMIT_MESSAGE=" + c.Message,
	}
}
