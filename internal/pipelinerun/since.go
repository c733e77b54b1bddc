// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

	"gitlab.com/lcitool/lcitool/internal/gitcmd"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// maxSince limits the revisions that the tree is compared with. Each comparison
// takes several processes.
const maxSince = 50

// changedSince returns the function for gitlabci.Options.ChangedSince. It may be
// called concurrently.
func (s *Source) changedSince(ctx context.Context) func(revision string) []string {
	var mu sync.Mutex
	known := map[string][]string{}
	return func(revision string) []string {
		mu.Lock()
		defer mu.Unlock()
		files, ok := known[revision]
		if !ok && len(known) < maxSince {
			files = s.filesSince(ctx, revision)
			known[revision] = files
		}
		return files
	}
}

// filesSince returns the files that the tree changes since its merge base with a
// branch of origin, a tag or a commit, in the order of their names. It returns nil
// if the repository does not say that.
func (s *Source) filesSince(ctx context.Context, revision string) []string {
	repo, err := s.repo(ctx)
	if err != nil || repo.Prefix != "" {
		return nil
	}
	head, other := cmp.Or(s.Commit, "HEAD"), findRevision(ctx, repo, revision)
	if other == "" {
		return nil
	}
	base, err := repo.Git(ctx, "merge-base", head, other)
	if err != nil {
		return nil
	}
	// Of a file that was renamed, GitLab compares only the new name.
	out, err := repo.Git(ctx, "diff-tree", "-r", "-z", "--name-only", "--find-renames", base, head)
	if err != nil {
		return nil
	}
	files := fields(out)
	if s.Commit == "" {
		status, err := repo.Status(ctx)
		if err != nil {
			return nil
		}
		for _, entry := range fields(status) {
			if len(entry) > 3 && entry[:2] != "??" {
				files = append(files, entry[3:])
			}
		}
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// fields splits git's output with -z. The result is not nil.
func fields(out string) []string {
	if out == "" {
		return []string{}
	}
	return strings.Split(strings.TrimSuffix(out, "\x00"), "\x00")
}

// commitHash matches the hash of a commit, which may be abbreviated.
var commitHash = lazyregexp.New(`^[0-9a-f]{7,64}$`)

// findRevision returns the full name of the ref that GitLab would find by a name,
// or the hash of a commit. It returns "" if the repository has none. The branches
// of origin are those that GitLab knows. A branch that origin does not have is not
// the one that is checked out, with which nothing would have changed.
func findRevision(ctx context.Context, repo *gitcmd.Repo, name string) string {
	refs, err := repo.Refs(ctx)
	if err != nil {
		return ""
	}
	branch, isBranch := strings.CutPrefix(name, "refs/heads/")
	tag, isTag := strings.CutPrefix(name, "refs/tags/")
	if !isBranch {
		if _, ok := refs["refs/tags/"+tag]; ok {
			return "refs/tags/" + tag
		}
	}
	if !isTag {
		for _, ref := range []string{"refs/remotes/origin/" + branch, "refs/heads/" + branch} {
			if r, ok := refs[ref]; ok && !r.Current {
				return ref
			}
		}
	}
	if commitHash.MatchString(name) {
		hash, _ := repo.Resolve(ctx, name)
		return hash
	}
	return ""
}
