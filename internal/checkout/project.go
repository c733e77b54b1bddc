// SPDX-License-Identifier: GPL-2.0-or-later

package checkout

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/gitcmd"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// A project is the developer's side of a checkout.
type project struct {
	repo    *gitcmd.Repo // nil if there is none
	top     string       // of the working tree
	prefix  string       // of the project below top
	objects string       // object directory; empty if the repository cannot lend it
	format  string
	head    string // hash, empty before the first commit
	branch  string // short name, empty if HEAD is detached
	shallow []string
	refs    map[string]string
}

// peel is put behind the name of an annotated tag for what it stands for.
const peel = "^{}"

// maxShallow bounds the file that lists where a shallow history ends.
const maxShallow = 16 << 20

// find reads what a checkout needs of the developer's repository.
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
		p.head = "" // before the first commit
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

// setting is a value of the developer's own configuration that says how files
// are read, empty for none.
func (p *project) setting(key string) string {
	if p.repo == nil {
		return ""
	}
	return p.repo.Setting(key)
}

// copyIndex copies the index into a repository of ours, so that what git
// knows of unchanged files is of use there.
func (p *project) copyIndex(to string) error {
	if p.repo == nil {
		return nil
	}
	if err := copyFile(filepath.Join(p.repo.GitDir(), "index"), filepath.Join(to, "index")); err != nil {
		return err
	}
	shared, err := filepath.Glob(filepath.Join(p.repo.GitDir(), "sharedindex.*"))
	for _, file := range shared {
		err = errors.Join(err, copyFile(file, filepath.Join(to, filepath.Base(file))))
	}
	return err
}

// exclude is the developer's list of ignored files that is no part of the tree.
func (p *project) exclude() string {
	if p.repo == nil {
		return os.DevNull
	}
	return filepath.Join(p.repo.CommonDir(), "info", "exclude")
}
