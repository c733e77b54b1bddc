// SPDX-License-Identifier: GPL-2.0-or-later

package checkout

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Values of GIT_STRATEGY.
const (
	Fetch = "fetch"
	Clone = "clone"
	None  = "none"
	Empty = "empty"
)

// Tree says how a snapshot is checked out.
type Tree struct {
	Dir        string // becomes the tree; it must be empty
	Strategy   string // empty for Fetch
	NoCheckout bool   // GIT_CHECKOUT: "false": the repository alone
	Depth      int    // generations of history; 0 for all of it, with all branches and tags
	Tags       Tags
	Origin     string // URL of the remote "origin"
	Ref        string // branch, tag or "refs/merge-requests/N/head" of the pipeline
	Kind       RefKind
	Pipeline   string // pipeline number, for refs/pipelines
	Include    string // include.path in the repository's configuration, as the job sees it; empty for none
	Objects    string // developer's object directory, as the job sees it; empty to copy the objects of the history
	Submodules Submodules
	Untracked  bool // include files that git does not track, also ignored ones
}

// RefKind is the kind of ref that a pipeline runs for.
type RefKind int

// Kinds of refs.
const (
	BranchRef RefKind = iota
	TagRef
	MergeRequestRef
)

// Tags says which tags a tree has.
type Tags int

// Kinds of Tags.
const (
	TagsOfHistory Tags = iota // and all with Depth 0
	NoTags                    // but the pipeline's own, with any depth
	AllTags
)

// Populate checks out the snapshot. The files belong to the current user.
func (s *Snapshot) Populate(ctx context.Context, t Tree) error {
	if err := s.populate(ctx, t); err != nil {
		return fmt.Errorf("cannot check out %s: %w", s.Commit, err)
	}
	return nil
}

func (s *Snapshot) populate(ctx context.Context, t Tree) error {
	switch t.Strategy {
	case None, Empty:
		return openModes(t.Dir)
	case "", Fetch, Clone:
	default:
		return fmt.Errorf("unknown GIT_STRATEGY %q", t.Strategy)
	}
	g := git{dir: filepath.Join(t.Dir, ".git")}
	if err := s.repository(ctx, g, t); err != nil {
		return err
	}
	w := g.of(t.Dir)
	if !t.NoCheckout {
		if _, err := w.long(ctx, nil, "checkout", "--force", "--quiet", "--detach", s.Commit); err != nil {
			return err
		}
		if err := t.Submodules.populate(ctx, s, t); err != nil {
			return err
		}
	}
	if t.Untracked {
		if err := s.files.copyUntracked(ctx, t.Dir); err != nil {
			return err
		}
	}
	if err := g.finish(ctx, t.Objects, s.objects); err != nil {
		return err
	}
	return openModes(t.Dir)
}

// repository creates the repository of the tree as GitLab Runner's git fetch
// leaves it: only the refs of the pipeline, and the tags in its history.
func (s *Snapshot) repository(ctx context.Context, g git, t Tree) error {
	h, err := s.store.history(ctx, s.Commit, t.Depth, s.shallow)
	if err != nil {
		return err
	}
	if err := g.create(s.format, s.objects, h.boundary); err != nil {
		return err
	}
	if err := copyObjects(s.store.dir, g.dir); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(g.dir, "config"), []byte(t.config(s.format)), 0o666); err != nil {
		return err
	}
	refs := t.refs(s.Commit)
	for name, hash := range s.refs {
		switch branch, isBranch := strings.CutPrefix(name, "refs/remotes/origin/"); {
		case isBranch && t.Depth == 0 && branch != "HEAD":
			if _, ok := refs[name]; !ok {
				refs[name] = hash
			}
		case strings.HasPrefix(name, "refs/tags/") && (t.Tags == AllTags || t.Tags == TagsOfHistory && (t.Depth == 0 || h.commits[s.peeled(name)])):
			refs[name] = hash
		}
	}
	return g.writeRefs(refs)
}

// peeled returns the commit that a tag of the developer's repository refers to.
func (s *Snapshot) peeled(name string) string {
	if hash, ok := s.refs[name+peel]; ok {
		return hash
	}
	return s.refs[name]
}

// refs returns the refs that GitLab Runner fetches.
func (t *Tree) refs(commit string) map[string]string {
	refs := map[string]string{}
	if t.Pipeline != "" {
		refs["refs/pipelines/"+t.Pipeline] = commit
	}
	switch t.Kind {
	case BranchRef:
		refs["refs/remotes/origin/"+t.Ref] = commit
	case TagRef:
		refs["refs/tags/"+t.Ref] = commit
	case MergeRequestRef:
	}
	return refs
}

// config returns the repository configuration that GitLab Runner writes.
func (t *Tree) config(format string) string {
	var b strings.Builder
	version, extensions := 0, ""
	if format == "sha256" {
		version, extensions = 1, "[extensions]\n\tobjectformat = sha256\n"
	}
	fmt.Fprintf(&b, "[core]\n\trepositoryformatversion = %d\n\tfilemode = true\n\tbare = false\n\tlogallrefupdates = true\n%s", version, extensions)
	b.WriteString("[init]\n\tdefaultBranch = none\n[fetch]\n\trecurseSubmodules = false\n[credential]\n\tinteractive = never\n[gc]\n\tautoDetach = false\n")
	if t.Include != "" {
		fmt.Fprintf(&b, "[include]\n\tpath = %s\n", quoteConfig(t.Include))
	}
	fmt.Fprintf(&b, "[remote \"origin\"]\n\turl = %s\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n", quoteConfig(t.Origin))
	return b.String()
}

// quoteConfig quotes a value for a git configuration file.
func quoteConfig(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`).Replace(s) + `"`
}

func (g git) writeRefs(refs map[string]string) error {
	var b strings.Builder
	b.WriteString("# pack-refs with: sorted\n")
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		if !strings.HasSuffix(name, peel) && !strings.ContainsAny(name, " \n") {
			fmt.Fprintf(&b, "%s %s\n", refs[name], name)
		}
	}
	return os.WriteFile(filepath.Join(g.dir, "packed-refs"), []byte(b.String()), 0o666)
}

// detach makes a commit the HEAD of a repository that create has made, and logs
// it, as "git checkout --detach" does.
func (g git) detach(commit string) error {
	if err := os.MkdirAll(filepath.Join(g.dir, "logs"), 0o777); err != nil {
		return err
	}
	now := time.Now()
	entry := fmt.Sprintf("%s %s %s %d %s\tcheckout: moving from none to %s\n",
		strings.Repeat("0", len(commit)), commit, committer, now.Unix(), now.Format("-0700"), commit)
	return errors.Join(
		os.WriteFile(filepath.Join(g.dir, "logs", "HEAD"), []byte(entry), 0o666),
		os.WriteFile(filepath.Join(g.dir, "HEAD"), []byte(commit+"\n"), 0o666))
}

// copyObjects copies the objects in a repository's own object directory.
func copyObjects(from, to string) error {
	return copyTree(filepath.Join(from, "objects"), filepath.Join(to, "objects"), func(name string) bool { return name == "info" })
}

// finish makes the developer's objects, which are at here, available at seen,
// the path in the job's container. If seen is "", it copies them into the
// repository.
func (g git) finish(ctx context.Context, seen, here string) error {
	alternates := filepath.Join(g.dir, "objects", "info", "alternates")
	if seen != "" && here != "" {
		return os.WriteFile(alternates, []byte(seen+"\n"), 0o666)
	}
	if here == "" {
		return nil
	}
	if _, err := g.run(ctx, "repack", "-a", "-d", "-q", "--no-write-bitmap-index"); err != nil {
		return err
	}
	if err := os.Remove(alternates); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
