// SPDX-License-Identifier: GPL-2.0-or-later

package checkout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/internal/gitcmd"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// A project is the developer's repository and working tree.
type project struct {
	repo    *gitcmd.Repo // nil if there is none
	top     string       // of the working tree
	prefix  string       // of the project below top
	objects string       // object directory; empty if the repository cannot lend it
	format  string
	head    string // hash, empty before the first commit
	branch  string // short name, empty for a detached HEAD
	shallow []string
	refs    map[string]string
}

// peel is the suffix of an annotated tag's name for the object that it refers
// to.
const peel = "^{}"

// maxShallow limits the size of a repository's shallow file, in bytes.
const maxShallow = 16 << 20

// find reads the state of the developer's repository.
func find(ctx context.Context, dir string) (*project, error) {
	repo, err := gitcmd.Open(ctx, dir)
	if errors.Is(err, gitcmd.ErrNoRepository) {
		return &project{top: dir, format: "sha1"}, nil
	}
	if err != nil {
		return nil, err
	}
	p := &project{repo: repo, top: repo.Top, prefix: repo.Prefix, objects: filepath.Join(repo.CommonDir(), "objects")}
	if err := p.read(ctx); err != nil {
		repo.Close()
		return nil, err
	}
	return p, nil
}

func (p *project) close() {
	if p.repo != nil {
		p.repo.Close()
	}
}

func (p *project) read(ctx context.Context) (err error) {
	if p.format, err = p.repo.Git(ctx, "rev-parse", "--show-object-format"); err != nil {
		return err
	}
	if p.head, err = p.repo.Git(ctx, "rev-parse", "--verify", "--quiet", "HEAD^{commit}"); err != nil {
		p.head = "" // no commit yet
	}
	if p.branch, err = p.repo.Git(ctx, "symbolic-ref", "--quiet", "--short", "HEAD"); err != nil {
		p.branch = ""
	}
	shallow, err := safefs.ReadFile(filepath.Join(p.repo.CommonDir(), "shallow"), maxShallow)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	p.shallow = strings.Fields(string(shallow))
	return p.readRefs(ctx)
}

func (p *project) readRefs(ctx context.Context) error {
	out, err := p.repo.Git(ctx, "for-each-ref", "--format=%(objectname) %(*objectname) %(refname)", "refs/heads", "refs/remotes/origin", "refs/tags")
	if err != nil {
		return err
	}
	p.refs = map[string]string{}
	for line := range strings.Lines(out) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 3)
		if len(fields) != 3 {
			continue
		}
		p.refs[fields[2]] = fields[0]
		if fields[1] != "" {
			p.refs[fields[2]+peel] = fields[1]
		}
	}
	return nil
}

func (p *project) resolve(ctx context.Context, revision string) (string, error) {
	if p.repo == nil {
		return "", errors.New("there is no repository")
	}
	return p.repo.Resolve(ctx, revision)
}

// setting returns a value of the developer's own configuration that affects how
// files are read, or "".
func (p *project) setting(key string) string {
	if p.repo == nil {
		return ""
	}
	return p.repo.Setting(key)
}

// copyIndex copies the index into a repository of this package, so that git need
// not read unchanged files.
func (p *project) copyIndex(to string) error {
	if p.repo == nil {
		return nil
	}
	dir, err := safefs.OpenDir(p.repo.GitDir())
	if err != nil {
		return err
	}
	defer dir.Close()
	entries, err := fs.ReadDir(dir.FS(), ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		if name := e.Name(); name == "index" || strings.HasPrefix(name, "sharedindex.") {
			if err := takeFile(dir, name, filepath.Join(to, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// copyExclude copies info/exclude, the developer's ignore list outside the tree.
func (p *project) copyExclude(to string) error {
	if p.repo == nil {
		return nil
	}
	dir, err := safefs.OpenDir(p.repo.CommonDir())
	if err != nil {
		return err
	}
	defer dir.Close()
	return takeFile(dir, "info/exclude", to)
}

// maxFile limits the size of a copied repository file, in bytes. The index of a
// million files has 100 MB.
const maxFile = 1 << 30

// takeFile copies a regular file of a repository, with its modification time, if
// it exists. git compares the content of files that are as new as the index.
func takeFile(dir *safefs.Dir, name, to string) error {
	in, err := dir.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	if info.Size() > maxFile {
		return fmt.Errorf("%s: %w", dir.Path(name), &safefs.TooLargeError{Limit: maxFile})
	}
	if err := writeFrom(safefs.Limit(in, maxFile), to); err != nil {
		return err
	}
	return os.Chtimes(to, time.Time{}, info.ModTime())
}

func writeFrom(in io.Reader, to string) error {
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
