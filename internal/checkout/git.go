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

	developers bool // the files are the developer's, and read with the settings of the user
}

// of returns the repository with a working tree.
func (g git) of(tree string) git {
	g.tree = tree
	return g
}

func (g git) own() gitcmd.Own {
	return gitcmd.Own{GitDir: g.dir, WorkTree: g.tree, Plain: !g.developers}
}

// raw runs git and returns its standard output.
func (g git) raw(ctx context.Context, stdin []byte, args ...string) ([]byte, error) {
	return g.own().Run(ctx, stdin, args...)
}

// writeTimeout limits a command that writes all files of a tree, on a slow disk.
const writeTimeout = 30 * time.Minute

// long is raw with writeTimeout.
func (g git) long(ctx context.Context, stdin []byte, args ...string) ([]byte, error) {
	o := g.own()
	o.Timeout = writeTimeout
	return o.Run(ctx, stdin, args...)
}

// run is raw without the trailing newline.
func (g git) run(ctx context.Context, args ...string) (string, error) {
	out, err := g.raw(ctx, nil, args...)
	return strings.TrimRight(string(out), "\n"), err
}

// list is raw for NUL-terminated output.
func (g git) list(ctx context.Context, args ...string) ([]string, error) {
	out, err := g.raw(ctx, nil, args...)
	return separate(out), err
}

// separate returns NUL-terminated texts.
func separate(out []byte) []string {
	if len(out) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

// submoduleHead returns the commit that is checked out in a submodule, or "".
func submoduleHead(ctx context.Context, tree, name string) (string, error) {
	if !isRealDir(tree, name) {
		return "", nil
	}
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

// committer is in what this package writes to repositories without git's help.
const committer = "lcitool <lcitool@localhost>"

// commitFirst commits a tree without parents.
func (g git) commitFirst(ctx context.Context, tree string) (string, error) {
	const who = committer + " 0 +0000"
	object := fmt.Sprintf("tree %s\nauthor %s\ncommitter %s\n\n%s\n", tree, who, who, messageOfFirst)
	hash, err := g.raw(ctx, []byte(object), "hash-object", "-t", "commit", "-w", "--stdin")
	return strings.TrimSpace(string(hash)), err
}

// errUnmerged reports an index with conflicts.
var errUnmerged = errors.New("files have merge conflicts; resolve them first, or choose a commit")
