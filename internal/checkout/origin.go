// SPDX-License-Identifier: GPL-2.0-or-later

package checkout

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Origin creates a bare repository in an empty directory that stands in for the
// remote "origin" of jobs. It has the remote-tracking branches of the
// developer's repository, local branches that the remote does not have, the
// tags, and the snapshot as the branch of the pipeline. It uses the developer's
// objects at t.Objects, where the job sees them; if that is empty, it copies all
// objects.
func (s *Snapshot) Origin(ctx context.Context, dir string, t Tree) error {
	g := git{dir: dir}
	err := g.create(s.format, s.objects, s.shallow)
	if err == nil {
		err = copyObjects(s.store.dir, dir)
	}
	if err != nil {
		return fmt.Errorf("cannot prepare a copy of origin: %w", err)
	}
	refs := t.refs(s.Commit)
	for name, hash := range s.refs {
		if branch, ok := strings.CutPrefix(name, "refs/heads/"); ok {
			refs["refs/heads/"+branch] = hash
		}
	}
	for name, hash := range s.refs {
		branch, isRemote := strings.CutPrefix(name, "refs/remotes/origin/")
		switch {
		case isRemote && branch != "HEAD":
			refs["refs/heads/"+branch] = hash
		case strings.HasPrefix(name, "refs/tags/"):
			refs[name] = hash
		}
	}
	switch t.Kind {
	case BranchRef:
		delete(refs, "refs/remotes/origin/"+t.Ref)
		refs["refs/heads/"+t.Ref] = s.Commit
	case TagRef:
	case MergeRequestRef:
		refs[t.Ref] = s.Commit
	}
	if err := g.writeRefs(refs); err != nil {
		return err
	}
	return errors.Join(g.addConfig("[uploadpack]\n\tallowAnySHA1InWant = true\n"), g.finish(ctx, t.Objects, s.objects))
}
