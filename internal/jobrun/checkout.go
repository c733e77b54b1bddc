// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/gitcmd"
)

// A Commit is a clean tree of a commit.
type Commit struct {
	Hash string // whole
	Dir  string // of the project, which may be below the repository's top
}

// Checkout makes a clean tree of a commit in an empty directory, with the
// repository in it as a runner's tree has it.
func Checkout(ctx context.Context, project, revision, dir string) (Commit, error) {
	c, err := checkout(ctx, project, revision, dir)
	if err != nil {
		return Commit{}, fmt.Errorf("cannot check out %q: %w", revision, err)
	}
	return c, nil
}

func checkout(ctx context.Context, project, revision, dir string) (Commit, error) {
	repo, err := gitcmd.Open(ctx, project)
	if err != nil {
		return Commit{}, err
	}
	defer repo.Close()
	hash, err := repo.Resolve(ctx, revision)
	if err != nil {
		return Commit{}, err
	}
	if err := repo.Checkout(ctx, hash, dir); err != nil {
		return Commit{}, err
	}
	return Commit{hash, filepath.Join(dir, filepath.FromSlash(repo.Prefix))}, nil
}

// CommitVariables are those that GitLab makes from the commit of a tree,
// NAME=VALUE.
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
