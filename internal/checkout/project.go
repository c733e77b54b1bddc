// SPDX-License-Identifier: GPL-2.0-or-later

package checkout

import (
	"cmp"
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
	opened  *gitcmd.Repo // by find
	top     string       // of the working tree
	prefix  string       // of the project below top
	objects string       // object directory; empty if the repository cannot lend it
	format  string
	head    gitcmd.Head // zero before the first commit
	branch  string      // short name, empty for a detached HEAD
	shallow []string
	refs    map[string]string
}

// peel is the suffix of an annotated tag's name for the object that it refers
// to.
const peel = "^{}"

// maxShallow limits the size of a repository's shallow file, in bytes.
const maxShallow = 16 << 20

// find reads the state of the developer's repository, and opens it if repo is
// nil.
func find(ctx context.Context, dir string, repo *gitcmd.Repo) (*project, error) {
	p := &project{repo: repo, top: dir, format: "sha1"}
	if repo == nil {
		opened, err := gitcmd.Open(ctx, dir)
		if errors.Is(err, gitcmd.ErrNoRepository) {
			return p, nil
		}
		if err != nil {
			return nil, err
		}
		p.repo, p.opened = opened, opened
	}
	p.top, p.prefix, p.objects = p.repo.Top, p.repo.Prefix, filepath.Join(p.repo.CommonDir(), "objects")
	if err := p.read(ctx); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (p *project) close() {
	if p.opened != nil {
		p.opened.Close()
	}
}

func (p *project) read(ctx context.Context) error {
	p.format = cmp.Or(strings.ToLower(p.repo.Setting("extensions.objectformat")), "sha1")
	p.head, _ = p.repo.Head(ctx) // there may be no commit yet
	p.branch = strings.TrimPrefix(p.repo.HeadRef(ctx), "refs/heads/")
	shallow, err := safefs.ReadFile(filepath.Join(p.repo.CommonDir(), "shallow"), maxShallow)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	p.shallow = strings.Fields(string(shallow))
	return p.readRefs(ctx)
}

func (p *project) readRefs(ctx context.Context) error {
	refs, err := p.repo.Refs(ctx)
	if err != nil {
		return err
	}
	p.refs = map[string]string{}
	for name, ref := range refs {
		p.refs[name] = ref.Hash
		if ref.Peeled != "" {
			p.refs[name+peel] = ref.Peeled
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
