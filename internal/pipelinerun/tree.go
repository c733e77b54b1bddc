// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"gitlab.com/lcitool/lcitool/internal/checkout"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/gitcmd"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/safefs"
	"gitlab.com/lcitool/lcitool/internal/scratch"
)

// takeSnapshot takes a snapshot of the project for the jobs. If a revision was
// asked for, s.tree becomes its tree.
func (s *Source) takeSnapshot(ctx context.Context, revision string) error {
	if err := os.MkdirAll(filepath.Dir(s.checkouts), 0o700); err != nil {
		return noRoom(err)
	}
	if err := safefs.MakePrivateDir(s.checkouts); err != nil {
		return noRoom(err)
	}
	s.trees.Expect(s.Project)
	dir, done, err := scratch.New(s.checkouts)
	if err != nil {
		return noRoom(err)
	}
	s.remove, s.work = done, dir
	store, tree := filepath.Join(dir, "store"), filepath.Join(dir, filepath.Base(s.Project))
	if err := os.Mkdir(store, 0o755); err != nil {
		return noRoom(err)
	}
	repo, err := s.repo(ctx)
	if err != nil && !errors.Is(err, gitcmd.ErrNoRepository) {
		return fmt.Errorf("cannot read the repository of %s: %w", s.Project, err)
	}
	if s.snapshot, err = checkout.Take(ctx, checkout.Source{Dir: s.Project, Repo: repo, Revision: revision, Store: store, Indexes: checkout.IndexesIn(s.checkouts)}); err != nil {
		return err
	}
	if revision == "" {
		return nil
	}
	s.Commit, s.tree = s.snapshot.Commit, tree
	if err := os.Mkdir(tree, 0o755); err != nil {
		return noRoom(err)
	}
	return s.snapshot.Populate(ctx, checkout.Tree{Dir: tree, Depth: 1, Kind: checkout.MergeRequestRef})
}

// noRoom returns the error for a directory of trees that cannot be used.
func noRoom(err error) error {
	err = fmt.Errorf("cannot make room for the jobs' trees: %w", err)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return diag.WithHint(err, "XDG_CACHE_HOME can name another directory for them")
	}
	return err
}

// Untracked counts the files of the project that git does not track.
func (p *Plan) Untracked() checkout.Left {
	if p.source.snapshot == nil {
		return checkout.Left{}
	}
	return p.source.snapshot.Left
}

func (p *Plan) jobTree(o LocalOptions) jobrun.Tree {
	t := jobrun.Tree{
		Dir: p.source.tree, Writable: p.source.snapshot == nil, MountPath: gitlabci.ProjectDir(p.event), Snapshot: p.source.snapshot, Work: p.source.work,
		FullHistory: o.FullHistory, Untracked: o.Untracked, Cache: p.source.trees,
	}
	for _, variable := range gitlabci.Predefined(p.event) {
		switch variable.Name {
		case "CI_REPOSITORY_URL":
			t.Origin = variable.Value
		case "CI_PIPELINE_ID":
			t.Pipeline = variable.Value
		case "CI_COMMIT_REF_NAME":
			if t.Kind != checkout.MergeRequestRef {
				t.Ref = variable.Value
			}
		case "CI_COMMIT_TAG":
			t.Kind = checkout.TagRef
		case "CI_MERGE_REQUEST_REF_PATH":
			t.Kind, t.Ref = checkout.MergeRequestRef, variable.Value
		}
	}
	return t
}
