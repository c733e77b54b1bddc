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
	repo, err := s.repo(ctx)
	if s.tree != s.Project {
		if repo, err = gitcmd.Open(ctx, s.tree); err == nil {
			defer repo.Close()
		}
	}
	if err != nil {
		if !errors.Is(err, gitcmd.ErrNoRepository) {
			s.messages.infof("warning: variables of the commit are not set: %v", err)
		}
		return nil
	}
	head, err := repo.Head(ctx)
	if err != nil {
		return nil // no commit yet
	}
	event.Commit = head.Commit
	variables := jobrun.CommitVariables(head)
	event.Predefined = map[string]string{"CI_PIPELINE_CREATED_AT": time.Now().UTC().Format(time.RFC3339)}
	for _, v := range variables {
		name, value, _ := strings.Cut(v, "=")
		event.Predefined[name] = value
	}
	s.setTagMessage(ctx, event)
	setUser(ctx, repo, event)
	setMergeBase(ctx, repo, head.Commit, event)
	return variables
}

// setTagMessage sets CI_COMMIT_TAG_MESSAGE to the message of the event's tag
// without a signature. A tag that has none, or does not exist yet, has no message.
func (s *Source) setTagMessage(ctx context.Context, event *gitlabci.Event) {
	if event.Tag == "" || event.Source == gitlabci.MergeRequest {
		return
	}
	event.Predefined["CI_COMMIT_TAG_MESSAGE"] = ""
	repo, err := s.repo(ctx)
	if err != nil {
		return
	}
	refs, _ := repo.Refs(ctx)
	tag := refs["refs/tags/"+event.Tag]
	if tag.Peeled == "" {
		return
	}
	if text, err := repo.Git(ctx, "cat-file", "tag", tag.Hash); err == nil {
		_, message, _ := strings.Cut(text, "\n\n")
		message, _, _ = strings.Cut(message, "-----BEGIN ")
		event.Predefined["CI_COMMIT_TAG_MESSAGE"] = strings.TrimRight(message, "\n")
	}
}

// setUser sets GITLAB_USER_NAME, _EMAIL and _LOGIN from git's user, or else from
// the author of the commit.
func setUser(ctx context.Context, repo *gitcmd.Repo, event *gitlabci.Event) {
	name, email, _ := strings.Cut(event.Predefined["CI_COMMIT_AUTHOR"], " <")
	email = strings.TrimSuffix(email, ">")
	name, email = cmp.Or(repo.Config(ctx, "user.name"), name), cmp.Or(repo.Config(ctx, "user.email"), email)
	login, _, _ := strings.Cut(email, "@")
	for variable, value := range map[string]string{"GITLAB_USER_NAME": name, "GITLAB_USER_EMAIL": email, "GITLAB_USER_LOGIN": login} {
		if value != "" {
			event.Predefined[variable] = value
		}
	}
}

// setMergeBase sets CI_MERGE_REQUEST_DIFF_BASE_SHA, if the repository has the
// target branch.
func setMergeBase(ctx context.Context, repo *gitcmd.Repo, head string, event *gitlabci.Event) {
	if event.Source != gitlabci.MergeRequest {
		return
	}
	refs, err := repo.Refs(ctx)
	if err != nil {
		return
	}
	target := cmp.Or(event.TargetBranch, event.DefaultBranch, "main")
	for _, name := range []string{"refs/remotes/origin/" + target, "refs/heads/" + target} {
		ref, ok := refs[name]
		if !ok {
			continue
		}
		base := head
		if ref.Hash != head {
			base, err = repo.Git(ctx, "merge-base", head, ref.Hash)
		}
		if err == nil && base != "" {
			event.Predefined["CI_MERGE_REQUEST_DIFF_BASE_SHA"] = base
			return
		}
	}
}

// identify returns the project's server and path from the push URL of origin,
// because pipelines run there. The results are empty without a remote, or if the
// URL names no server.
func (s *Source) identify(ctx context.Context) (host, namespace, name string) {
	repo, err := s.repo(ctx)
	if err != nil {
		return "", "", ""
	}
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

// defaultBranch returns the branch that refs/remotes/origin/HEAD names, or
// "main".
func (s *Source) defaultBranch(ctx context.Context) string {
	const otherwise = "main"
	repo, err := s.repo(ctx)
	if err != nil {
		return otherwise
	}
	refs, _ := repo.Refs(ctx)
	if name, ok := strings.CutPrefix(refs["refs/remotes/origin/HEAD"].Target, "refs/remotes/origin/"); ok {
		return name
	}
	return otherwise
}
