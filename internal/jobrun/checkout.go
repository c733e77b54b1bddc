// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Git runs git in a directory and gives what it prints, without the last line
// break. It never asks anybody anything.
func Git(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0", "LC_ALL=C")
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) && len(exit.Stderr) > 0 {
			err = errors.New(strings.TrimPrefix(strings.TrimSpace(string(exit.Stderr)), "fatal: "))
		}
		return "", fmt.Errorf("git %s: %w", args[0], err)
	}
	return strings.TrimSuffix(string(out), "\n"), nil
}

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
	hash, err := Git(ctx, project, "rev-parse", "--verify", "--end-of-options", revision+"^{commit}")
	if err != nil {
		return Commit{}, err
	}
	top, err := Git(ctx, project, "rev-parse", "--show-toplevel")
	if err != nil {
		return Commit{}, err
	}
	below, err := Git(ctx, project, "rev-parse", "--show-prefix")
	if err != nil {
		return Commit{}, err
	}
	if _, err := Git(ctx, project, "clone", "--quiet", "--no-checkout", "--", top, dir); err != nil {
		return Commit{}, err
	}
	if _, err := Git(ctx, dir, "cat-file", "-e", hash); err != nil { // no branch has it
		if _, err := Git(ctx, dir, "fetch", "--quiet", "origin", hash); err != nil {
			return Commit{}, err
		}
	}
	if _, err := Git(ctx, dir, "checkout", "--quiet", "--detach", hash); err != nil {
		return Commit{}, err
	}
	return Commit{hash, filepath.Join(dir, filepath.FromSlash(below))}, nil
}

// CommitVariables are those that GitLab makes from the commit of a tree,
// NAME=VALUE; none where there is no repository.
func CommitVariables(ctx context.Context, dir string) []string {
	out, err := Git(ctx, dir, "log", "-1", "--format=%an <%ae>%x00%cI%x00%s%x00%b%x00%B")
	fields := strings.Split(out, "\x00")
	if err != nil || len(fields) != 5 {
		return nil
	}
	var env []string
	for i, name := range []string{"CI_COMMIT_AUTHOR", "CI_COMMIT_TIMESTAMP", "CI_COMMIT_TITLE", "CI_COMMIT_DESCRIPTION", "CI_COMMIT_MESSAGE"} {
		env = append(env, name+"="+fields[i])
	}
	return env
}
