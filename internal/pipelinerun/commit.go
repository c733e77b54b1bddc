// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"context"
	"errors"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/gitcmd"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
)

// addCommit fills in what GitLab knows from the commit of a tree, and gives the
// variables that it makes of it, NAME=VALUE. A tree without a repository or a
// commit is one like others.
func (s *Source) addCommit(ctx context.Context, event *gitlabci.Event) []string {
	repo, err := gitcmd.Open(ctx, s.tree)
	if err != nil {
		if !errors.Is(err, gitcmd.ErrNoRepository) {
			s.messages.infof("warning: variables of the commit are not set: %v", err)
		}
		return nil
	}
	defer repo.Close()
	hash, err := repo.Resolve(ctx, "HEAD")
	if err != nil {
		return nil // nothing is committed yet
	}
	event.Commit = hash
	variables, err := jobrun.CommitVariables(ctx, repo)
	if err != nil {
		s.messages.infof("warning: variables of the commit are not set: %v", err)
	}
	event.Predefined = map[string]string{}
	for _, v := range variables {
		name, value, _ := strings.Cut(v, "=")
		event.Predefined[name] = value
	}
	setUser(event)
	return variables
}

// setUser names the author of the commit as the user who starts the pipeline.
func setUser(event *gitlabci.Event) {
	name, email, ok := strings.Cut(event.Predefined["CI_COMMIT_AUTHOR"], " <")
	if !ok {
		return
	}
	email = strings.TrimSuffix(email, ">")
	login, _, _ := strings.Cut(email, "@")
	for variable, value := range map[string]string{
		"GITLAB_USER_NAME": name, "GITLAB_USER_EMAIL": email, "GITLAB_USER_LOGIN": login, "GITLAB_USER_ID": "1",
	} {
		event.Predefined[variable] = value
	}
}

// DefaultBranch is the branch that git remembers as the default of "origin",
// "main" if there is none.
func DefaultBranch(ctx context.Context, directory string) string {
	const otherwise = "main"
	repo, err := gitcmd.Open(ctx, directory)
	if err != nil {
		return otherwise
	}
	defer repo.Close()
	ref, err := repo.Git(ctx, "symbolic-ref", "--quiet", "refs/remotes/origin/HEAD")
	if name, ok := strings.CutPrefix(ref, "refs/remotes/origin/"); err == nil && ok {
		return name
	}
	return otherwise
}
