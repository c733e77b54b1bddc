// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/internal/gitcmd"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/remotepipeline"
)

// addCommit sets what GitLab derives from the commit of a tree in event, and
// returns the commit's variables as NAME=VALUE. A tree without a repository or
// commit has none.
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
		return nil // no commit yet
	}
	event.Commit = hash
	variables, err := jobrun.CommitVariables(ctx, repo)
	if err != nil {
		s.messages.infof("warning: variables of the commit are not set: %v", err)
	}
	event.Predefined = map[string]string{"CI_PIPELINE_CREATED_AT": time.Now().UTC().Format(time.RFC3339)}
	for _, v := range variables {
		name, value, _ := strings.Cut(v, "=")
		event.Predefined[name] = value
	}
	setUser(ctx, repo, event)
	setMergeBase(ctx, repo, event)
	return variables
}

// setUser sets GITLAB_USER_NAME, _EMAIL and _LOGIN from git's user, or else from
// the author of the commit.
func setUser(ctx context.Context, repo *gitcmd.Repo, event *gitlabci.Event) {
	name, email, _ := strings.Cut(event.Predefined["CI_COMMIT_AUTHOR"], " <")
	email = strings.TrimSuffix(email, ">")
	if own, err := repo.Git(ctx, "config", "--get", "user.name"); err == nil && own != "" {
		name = own
	}
	if own, err := repo.Git(ctx, "config", "--get", "user.email"); err == nil && own != "" {
		email = own
	}
	login, _, _ := strings.Cut(email, "@")
	for variable, value := range map[string]string{"GITLAB_USER_NAME": name, "GITLAB_USER_EMAIL": email, "GITLAB_USER_LOGIN": login} {
		if value != "" {
			event.Predefined[variable] = value
		}
	}
}

// setMergeBase sets CI_MERGE_REQUEST_DIFF_BASE_SHA, if the repository has the
// target branch.
func setMergeBase(ctx context.Context, repo *gitcmd.Repo, event *gitlabci.Event) {
	if event.Source != gitlabci.MergeRequest {
		return
	}
	target := cmp.Or(event.TargetBranch, event.DefaultBranch, "main")
	for _, ref := range []string{"refs/remotes/origin/" + target, "refs/heads/" + target} {
		if base, err := repo.Git(ctx, "merge-base", "HEAD", ref); err == nil && base != "" {
			event.Predefined["CI_MERGE_REQUEST_DIFF_BASE_SHA"] = base
			return
		}
	}
}

// Identify returns the project's server and path from the push URL of origin,
// because pipelines run there. The results are empty without a remote, or if the
// URL names no server.
func Identify(ctx context.Context, directory string) (host, namespace, name string) {
	repo, err := gitcmd.Open(ctx, directory)
	if err != nil {
		return "", "", ""
	}
	defer repo.Close()
	addresses, err := repo.PushAddresses(ctx, "origin")
	if err != nil || len(addresses) == 0 {
		return "", "", ""
	}
	place, err := remotepipeline.ParseRemote(addresses[0])
	if err != nil {
		return "", "", ""
	}
	at := strings.LastIndex(place.Project, "/")
	return place.Server.Host, place.Project[:at], place.Project[at+1:]
}

// DefaultBranch returns the branch that refs/remotes/origin/HEAD names, or
// "main".
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
