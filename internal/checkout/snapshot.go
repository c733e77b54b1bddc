// SPDX-License-Identifier: GPL-2.0-or-later

// Package checkout makes the tree that a GitLab runner would check out for a job.
//
// Take turns the state of a developer's project into one commit. Nothing is
// written to the developer's repository, whose configuration is not used
// either. Snapshot.Populate checks the commit out the way a runner does: a
// shallow clone with a detached HEAD, no other branches, and files that every
// user may write.
package checkout

import (
	"context"
	"fmt"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/gitcmd"
)

// Source says what is checked out.
type Source struct {
	Dir      string // the project's directory, absolute
	Revision string // a commit; empty for the working tree as it would be after a push
	Store    string // empty directory for the objects of the snapshot, needed until the last tree was made
}

// Snapshot is the state of a project as one commit.
type Snapshot struct {
	Commit   string // full hash
	Branch   string // short name of the branch that is checked out, empty if HEAD is detached
	Modified bool   // Commit is not the developer's: it holds uncommitted changes
	Left     Left

	store   git    // repository of ours with the snapshot's objects
	format  string // of hashes: sha1 or sha256
	objects string // the developer's object directory, empty if there is no repository
	shallow []string
	refs    map[string]string // full name → hash, of the developer's repository
	files   files             // the working tree; zero for a revision
	work    string            // the developer's project directory
}

// Left counts what git does not track in the working tree and a checkout does not have.
type Left struct {
	Untracked int // files
	Ignored   int // files, and directories with nothing but ignored files
}

// messageOfFirst is the message of the commit that stands for a project
// without any.
const messageOfFirst = "Uncommitted files"

// Take makes the snapshot of a project. A project without a repository counts
// as one in which every file is staged. A project below the top of its
// repository becomes the top of the snapshot, without history.
func Take(ctx context.Context, s Source) (*Snapshot, error) {
	p, err := find(ctx, s.Dir)
	if err != nil {
		return nil, fmt.Errorf("cannot read the repository of %s: %w", s.Dir, err)
	}
	defer p.close()
	snapshot := &Snapshot{objects: p.objects, shallow: p.shallow, refs: p.refs, Branch: p.branch, work: s.Dir, format: p.format}
	if snapshot.store, err = newStore(ctx, s.Store, p); err != nil {
		return nil, fmt.Errorf("cannot prepare a checkout of %s: %w", s.Dir, err)
	}
	if s.Revision != "" {
		err = snapshot.revision(ctx, p, s.Revision)
	} else {
		err = snapshot.workingTree(ctx, p)
	}
	if err != nil {
		return nil, err
	}
	if p.prefix != "" {
		err = snapshot.subdirectory(ctx, p.prefix)
	}
	return snapshot, err
}

// revision takes a commit of the developer's.
func (s *Snapshot) revision(ctx context.Context, p *project, revision string) error {
	hash, err := p.resolve(ctx, revision)
	if err != nil {
		return fmt.Errorf("cannot check out %q: %w", revision, err)
	}
	s.Commit = hash
	return nil
}

// workingTree commits the tracked files as they are, and those that are staged.
// The commit takes the place of HEAD, with its message, author and parents, so
// that what a job reads from the history is what the push will bring.
func (s *Snapshot) workingTree(ctx context.Context, p *project) error {
	w := s.store.of(p.top)
	if err := gitcmd.CheckWorkTree(ctx, p.top); err != nil {
		return fmt.Errorf("cannot take %s: %w", p.top, err)
	}
	if err := p.copyIndex(s.store.dir); err != nil {
		return fmt.Errorf("cannot copy the index of %s: %w", p.top, err)
	}
	if err := w.addChanges(ctx, p); err != nil {
		return fmt.Errorf("cannot read the changes in %s: %w", p.top, err)
	}
	tree, err := w.run(ctx, "write-tree")
	if err != nil {
		return fmt.Errorf("cannot take %s as one tree: %w", p.top, err)
	}
	s.files = files{git: w, top: p.top, prefix: p.prefix}
	if s.Left, err = s.files.left(ctx); err != nil {
		return err
	}
	if p.head != "" {
		committed, err := s.store.run(ctx, "rev-parse", p.head+"^{tree}")
		if err != nil {
			return fmt.Errorf("cannot read commit %s: %w", p.head, err)
		}
		if committed == tree {
			s.Commit = p.head
			return nil
		}
	}
	s.Modified = true
	s.Commit, err = s.replaceHead(ctx, p.head, tree)
	return err
}

// replaceHead commits a tree with everything else as HEAD has it.
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

// withTree gives a commit object another tree, and takes its signature away.
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

// subdirectory makes a part of the snapshot the whole of it. What GitLab would
// make of the directory is a project of its own, without a history.
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
	s.Commit = strings.TrimSpace(string(hash))
	s.refs, s.shallow = nil, nil
	return nil
}

// Names lists the files of the snapshot, sorted, by path below the project.
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
