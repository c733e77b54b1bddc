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
)

// Strategies, as GIT_STRATEGY has them.
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
	Origin     string // URL of the remote "origin"
	Ref        string // branch, tag or "refs/merge-requests/N/head" of the pipeline
	Kind       RefKind
	Pipeline   string // its number, for refs/pipelines
	Include    string // file for include.path in the repository's configuration, as the job sees it; empty for none
	Objects    string // where the job sees the developer's objects; empty to copy what the history needs
	Submodules Submodules
	Untracked  bool // with the files that git does not track, ignored ones too
}

// RefKind is what a pipeline is for.
type RefKind int

// The kinds of references that a pipeline runs for.
const (
	BranchRef RefKind = iota
	TagRef
	MergeRequestRef
)

// Populate checks the snapshot out. The tree belongs to the user at work.
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

// repository makes the repository of the tree as a fetch of a runner leaves
// it: only the references of the pipeline, and the tags within its history.
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
		case strings.HasPrefix(name, "refs/tags/") && (t.Depth == 0 || h.commits[s.peeled(name)]):
			refs[name] = hash
		}
	}
	return g.writeRefs(refs)
}

// peeled is the commit that a tag of the developer's stands for.
func (s *Snapshot) peeled(name string) string {
	if hash, ok := s.refs[name+peel]; ok {
		return hash
	}
	return s.refs[name]
}

// refs gives the references that the runner asks for.
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

// config is the configuration that the runner gives the repository.
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

// quoteConfig writes a value for a configuration file of git's.
func quoteConfig(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`).Replace(s) + `"`
}

// writeRefs writes references as git packs them.
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

// copyObjects copies what a repository of ours has written itself.
func copyObjects(from, to string) error {
	return copyTree(filepath.Join(from, "objects"), filepath.Join(to, "objects"), func(name string) bool { return name == "info" })
}

// finish lets the objects be found where the job will see them.
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
