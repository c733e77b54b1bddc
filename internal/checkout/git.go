// SPDX-License-Identifier: GPL-2.0-or-later

package checkout

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/internal/gitcmd"
)

// git is a repository that this package created, with or without a working tree.
type git struct {
	dir  string // of the repository
	tree string // of the files, empty for none
}

// of returns the repository with a working tree.
func (g git) of(tree string) git { return git{g.dir, tree} }

// raw runs git and returns its standard output.
func (g git) raw(ctx context.Context, stdin []byte, args ...string) ([]byte, error) {
	return gitcmd.Own{GitDir: g.dir, WorkTree: g.tree}.Run(ctx, stdin, args...)
}

// writeTimeout limits a command that writes all files of a tree, on a slow disk.
const writeTimeout = 30 * time.Minute

// long is raw with writeTimeout.
func (g git) long(ctx context.Context, stdin []byte, args ...string) ([]byte, error) {
	return gitcmd.Own{GitDir: g.dir, WorkTree: g.tree, Timeout: writeTimeout}.Run(ctx, stdin, args...)
}

// run is raw without the trailing newline.
func (g git) run(ctx context.Context, args ...string) (string, error) {
	out, err := g.raw(ctx, nil, args...)
	return strings.TrimRight(string(out), "\n"), err
}

// list is raw for NUL-terminated output.
func (g git) list(ctx context.Context, args ...string) ([]string, error) {
	out, err := g.raw(ctx, nil, args...)
	if err != nil || len(out) == 0 {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"), nil
}

// addChanges updates the index from the working tree. It avoids git add, which
// would run git in submodules with their own configuration.
func (g git) addChanges(ctx context.Context, p *project) error {
	if p.repo == nil {
		_, err := g.run(ctx, "add", "--all", "--force", "--", ".")
		return err
	}
	unmerged, err := g.list(ctx, "ls-files", "-z", "--unmerged")
	if err != nil {
		return err
	}
	if len(unmerged) > 0 {
		return errUnmerged
	}
	changed, err := g.raw(ctx, nil, "diff-files", "--name-only", "-z", "--ignore-submodules=all")
	if err != nil {
		return err
	}
	if len(changed) > 0 {
		if _, err := g.raw(ctx, changed, "update-index", "--add", "--remove", "--replace", "-z", "--stdin"); err != nil {
			return err
		}
	}
	return g.addSubmodules(ctx)
}

// addSubmodules adds the commits that are checked out in submodules to the
// index.
func (g git) addSubmodules(ctx context.Context) error {
	entries, err := g.list(ctx, "ls-files", "-z", "--stage")
	if err != nil {
		return err
	}
	for _, e := range entries {
		meta, name, _ := strings.Cut(e, "\t")
		fields := strings.Fields(meta)
		if len(fields) != 3 || fields[0] != "160000" {
			continue
		}
		head, err := submoduleHead(ctx, g.tree, name)
		if err != nil {
			return fmt.Errorf("submodule %q: %w", name, err)
		}
		if head == "" || head == fields[1] {
			continue
		}
		if _, err := g.run(ctx, "update-index", "--cacheinfo", "160000,"+head+","+name); err != nil {
			return err
		}
	}
	return nil
}

// submoduleHead returns the commit that is checked out in a submodule, or "".
func submoduleHead(ctx context.Context, tree, name string) (string, error) {
	dir := filepath.Join(tree, filepath.FromSlash(name))
	if _, err := os.Lstat(filepath.Join(dir, ".git")); err != nil {
		return "", nil //nolint:nilerr // not checked out
	}
	repo, err := gitcmd.Open(ctx, dir)
	if err != nil {
		return "", err
	}
	defer repo.Close()
	return repo.Resolve(ctx, "HEAD")
}

// commitFirst commits a tree without parents.
func (g git) commitFirst(ctx context.Context, tree string) (string, error) {
	const who = "lcitool <lcitool@localhost> 0 +0000"
	object := fmt.Sprintf("tree %s\nauthor %s\ncommitter %s\n\n%s\n", tree, who, who, messageOfFirst)
	hash, err := g.raw(ctx, []byte(object), "hash-object", "-t", "commit", "-w", "--stdin")
	return strings.TrimSpace(string(hash)), err
}

// errUnmerged reports an index with conflicts.
var errUnmerged = errors.New("files have merge conflicts; resolve them first, or choose a commit")
