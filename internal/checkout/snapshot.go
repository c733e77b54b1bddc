// SPDX-License-Identifier: GPL-2.0-or-later

// Package checkout creates the tree that GitLab Runner would check out for a
// job.
//
// Take turns the state of a developer's project into one commit. It does not
// write to the developer's repository, and does not use its configuration except
// for repositoryKeys. Snapshot.Populate checks out the commit as GitLab Runner
// does: a shallow clone with a detached HEAD, no other branches, and files that
// every user can write.
package checkout

import (
	"context"
	"fmt"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/gitcmd"
)

// Source says what to take a snapshot of.
type Source struct {
	Dir      string       // the project's directory, absolute
	Repo     *gitcmd.Repo // of Dir; nil opens it
	Revision string       // a commit; empty for the working tree as it would be after a push
	Indexes  Indexes      // may be zero
	Store    string       // empty directory for the objects of the snapshot, needed until the last tree was made
}

// Snapshot is the state of a project as one commit.
type Snapshot struct {
	Commit   string // full hash
	Branch   string // short name of the branch that is checked out, empty if HEAD is detached
	Modified bool   // Commit is not the developer's: it holds uncommitted changes
	Left     Left

	store   git    // repository with the snapshot's objects
	tree    string // of Commit; empty if it is not known
	format  string // hash algorithm: sha1 or sha256
	objects string // the developer's object directory, empty without a repository
	shallow []string
	refs    map[string]string // full name → hash, of the developer's repository
	files   files             // the working tree; zero for a revision
	work    string            // the project's directory
}

// Left counts the files of the working tree that are not in a checkout, because
// git does not track them.
type Left struct {
	Untracked int // files
	Ignored   int // files and directories that an ignore pattern matches
}

// messageOfFirst is the message of the snapshot's commit in a project without
// commits.
const messageOfFirst = "Uncommitted files"

// Take takes a snapshot of a project. In a project without a repository, all
// files count as staged. If the project is a subdirectory of its repository, it
// becomes the root of the snapshot, without history.
func Take(ctx context.Context, s Source) (*Snapshot, error) {
	p, err := find(ctx, s.Dir, s.Repo)
	if err != nil {
		return nil, fmt.Errorf("cannot read the repository of %s: %w", s.Dir, err)
	}
	defer p.close()
	snapshot := &Snapshot{objects: p.objects, shallow: p.shallow, refs: p.refs, Branch: p.branch, work: s.Dir, format: p.format}
	if snapshot.store, err = newStore(s.Store, p); err != nil {
		return nil, fmt.Errorf("cannot prepare a checkout of %s: %w", s.Dir, err)
	}
	if s.Revision != "" {
		err = snapshot.revision(ctx, p, s.Revision)
	} else {
		err = snapshot.workingTree(ctx, p, s.Indexes)
	}
	if err != nil {
		return nil, err
	}
	if p.prefix != "" {
		err = snapshot.subdirectory(ctx, p.prefix)
	}
	return snapshot, err
}

// revision uses a commit of the developer's repository as the snapshot.
func (s *Snapshot) revision(ctx context.Context, p *project, revision string) error {
	hash, err := p.resolve(ctx, revision)
	if err != nil {
		return fmt.Errorf("cannot check out %q: %w", revision, err)
	}
	s.Commit = hash
	return nil
}

// workingTree commits the tracked and the staged files of the working tree. The
// commit replaces HEAD and has its message, author and parents, so that a job
// sees the history as it will be after the push.
func (s *Snapshot) workingTree(ctx context.Context, p *project, indexes Indexes) error {
	w := s.store.of(p.top)
	if err := gitcmd.CheckWorkTree(ctx, p.top); err != nil {
		return fmt.Errorf("cannot take %s: %w", p.top, err)
	}
	if err := p.copyIndex(s.store.dir); err != nil {
		return fmt.Errorf("cannot copy the index of %s: %w", p.top, err)
	}
	s.files = files{git: w, top: p.top, prefix: p.prefix}
	changed, err := s.addChanges(ctx, w, p, indexes)
	if err != nil {
		return fmt.Errorf("cannot read the changes in %s: %w", p.top, err)
	}
	if !changed && p.head.Commit != "" {
		s.Commit, s.tree = p.head.Commit, p.head.Tree
		return nil
	}
	if s.tree, err = w.run(ctx, "write-tree"); err != nil {
		return fmt.Errorf("cannot take %s as one tree: %w", p.top, err)
	}
	if s.tree == p.head.Tree {
		s.Commit = p.head.Commit
		return nil
	}
	s.Modified = true
	s.Commit, err = s.replaceHead(ctx, p.head.Commit, s.tree)
	return err
}

// addChanges updates the index w from the working tree, and reports whether it
// may differ from HEAD.
func (s *Snapshot) addChanges(ctx context.Context, w git, p *project, indexes Indexes) (bool, error) {
	if p.repo == nil {
		_, err := w.run(ctx, "add", "--all", "--force", "--", ".")
		return true, err
	}
	index, err := indexes.refresh(p, w.dir)
	if err != nil {
		return false, err
	}
	c, err := w.changes(ctx, p.prefix)
	if err != nil {
		index.forget()
		return false, err
	}
	if err := index.keep(); err != nil {
		return false, fmt.Errorf("cannot keep a copy of the index: %w", err)
	}
	if c.unmerged {
		return false, errUnmerged
	}
	s.Left = c.left
	return c.any, w.addChanges(ctx, c)
}

// replaceHead commits a tree with the metadata of HEAD.
func (s *Snapshot) replaceHead(ctx context.Context, head, tree string) (string, error) {
	if head == "" {
		return s.store.commitFirst(ctx, tree)
	}
	object, err := s.store.raw(ctx, nil, "cat-file", "commit", head)
	if err != nil {
		return "", fmt.Errorf("cannot read commit %s: %w", head, err)
	}
	hash, err := s.store.raw(ctx, withTree(object, tree), "hash-object", "-t", "commit", "-w", "--stdin")
	if err != nil {
		return "", fmt.Errorf("cannot write the commit of the changes: %w", err)
	}
	return strings.TrimSpace(string(hash)), nil
}

// withTree replaces the tree in a commit object and removes its signature.
func withTree(object []byte, tree string) []byte {
	header, message, _ := strings.Cut(string(object), "\n\n")
	var out []string
	signature := false
	for line := range strings.SplitSeq(header, "\n") {
		switch {
		case strings.HasPrefix(line, " ") && signature:
			continue
		case strings.HasPrefix(line, "gpgsig"):
			signature = true
			continue
		case strings.HasPrefix(line, "tree "):
			line = "tree " + tree
		}
		signature = false
		out = append(out, line)
	}
	return []byte(strings.Join(out, "\n") + "\n\n" + message)
}

// subdirectory makes a directory of the snapshot its root. GitLab would see the
// directory as a project of its own, so it has no history.
func (s *Snapshot) subdirectory(ctx context.Context, prefix string) error {
	tree, err := s.store.run(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", s.Commit+":"+strings.TrimSuffix(prefix, "/"))
	if err != nil {
		return fmt.Errorf("commit %s has no directory %q", s.Commit, prefix)
	}
	object, err := s.store.raw(ctx, nil, "cat-file", "commit", s.Commit)
	if err != nil {
		return fmt.Errorf("cannot read commit %s: %w", s.Commit, err)
	}
	object = withoutParents(withTree(object, tree))
	hash, err := s.store.raw(ctx, object, "hash-object", "-t", "commit", "-w", "--stdin")
	if err != nil {
		return fmt.Errorf("cannot write the commit of %q: %w", prefix, err)
	}
	s.Commit, s.tree = strings.TrimSpace(string(hash)), tree
	s.refs, s.shallow = nil, nil
	return nil
}

// Names returns the files of the snapshot, sorted, as paths below the project.
func (s *Snapshot) Names(ctx context.Context) ([]string, error) {
	names, err := s.store.list(ctx, "ls-tree", "-r", "-z", "--name-only", "--full-tree", s.Commit)
	if err != nil {
		return nil, fmt.Errorf("cannot list the files of commit %s: %w", s.Commit, err)
	}
	return names, nil
}

func withoutParents(object []byte) []byte {
	header, message, _ := strings.Cut(string(object), "\n\n")
	var out []string
	for line := range strings.SplitSeq(header, "\n") {
		if !strings.HasPrefix(line, "parent ") {
			out = append(out, line)
		}
	}
	return []byte(strings.Join(out, "\n") + "\n\n" + message)
}
