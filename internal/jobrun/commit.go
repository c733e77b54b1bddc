// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"context"
	"fmt"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/gitcmd"
)

// CommitVariables returns the CI_COMMIT_* variables that GitLab derives from the
// checked-out commit, as NAME=VALUE.
func CommitVariables(ctx context.Context, repo *gitcmd.Repo) ([]string, error) {
	out, err := repo.Git(ctx, "log", "-1", "--format=%an <%ae>%x00%cI%x00%s%x00%b%x00%B")
	if err != nil {
		return nil, err
	}
	fields := strings.Split(out, "\x00")
	if len(fields) != 5 {
		return nil, fmt.Errorf("git log: unexpected output %q", out)
	}
	var env []string
	for i, name := range []string{"CI_COMMIT_AUTHOR", "CI_COMMIT_TIMESTAMP", "CI_COMMIT_TITLE", "CI_COMMIT_DESCRIPTION", "CI_COMMIT_MESSAGE"} {
		env = append(env, name+"="+fields[i])
	}
	return env, nil
}
