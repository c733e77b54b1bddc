// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"gitlab.com/lcitool/lcitool/internal/checkout"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// checkouts is where trees of jobs are while they run.
func (a *app) checkouts() string {
	if dir := a.cacheDir(); dir != "" {
		return filepath.Join(dir, "checkouts")
	}
	return filepath.Join(os.TempDir(), fmt.Sprintf("lcitool-checkouts-%d", os.Getuid()))
}

// takeSnapshot takes the state of the project that jobs are to see. The plan's
// tree becomes that of the commit if one was asked for.
func (p *jobPlan) takeSnapshot(ctx context.Context, v *jobVerb) error {
	if v.writable {
		return nil
	}
	parent := v.app.checkouts()
	if err := os.MkdirAll(filepath.Dir(parent), 0o700); err != nil {
		return fmt.Errorf("cannot make room for the jobs' trees: %w", err)
	}
	if err := safefs.MakePrivateDir(parent); err != nil {
		return fmt.Errorf("cannot make room for the jobs' trees: %w", err)
	}
	dir, done, err := jobrun.Scratch(parent)
	if err != nil {
		return fmt.Errorf("cannot make room for the jobs' trees: %w", err)
	}
	p.done, p.work = done, dir
	store, tree := filepath.Join(dir, "store"), filepath.Join(dir, filepath.Base(p.project))
	if err := os.Mkdir(store, 0o755); err != nil {
		return fmt.Errorf("cannot make room for the jobs' trees: %w", err)
	}
	if p.snapshot, err = checkout.Take(ctx, checkout.Source{Dir: p.project, Revision: v.commit, Store: store}); err != nil {
		return err
	}
	if v.commit == "" {
		return nil
	}
	p.commit, p.tree = p.snapshot.Commit, tree
	if err := os.Mkdir(tree, 0o755); err != nil {
		return fmt.Errorf("cannot make room for the jobs' trees: %w", err)
	}
	return p.snapshot.Populate(ctx, checkout.Tree{Dir: tree, Depth: 1, Kind: checkout.MergeRequestRef})
}

// tellLeftOut says how many files of the project the jobs do not see.
func (p *jobPlan) tellLeftOut(v *jobVerb) {
	if p.snapshot == nil || v.untracked || p.snapshot.Left.Untracked == 0 && p.snapshot.Left.Ignored == 0 {
		return
	}
	v.app.tell("left out what git does not track, as GitLab does not see it either: %d files, %d ignored; --untracked brings them",
		p.snapshot.Left.Untracked, p.snapshot.Left.Ignored)
}

// jobTree says where the jobs' trees come from.
func (v *jobVerb) jobTree(p *jobPlan) jobrun.Tree {
	t := jobrun.Tree{
		Dir: p.tree, Writable: v.writable, At: gitlabci.ProjectDir(p.event), Snapshot: p.snapshot, Work: p.work,
		FullHistory: v.fullHistory, Untracked: v.untracked,
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
