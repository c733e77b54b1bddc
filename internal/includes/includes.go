// SPDX-License-Identifier: GPL-2.0-or-later

// Package includes keeps the files that a project's pipeline includes from
// elsewhere.
//
// They are fetched only if somebody asks for it. A lock in the project then says
// what each of them held, and the cache has that: later calls need no network
// and see the same files.
package includes

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"gitlab.com/lcitool/lcitool/internal/artifacts"
	"gitlab.com/lcitool/lcitool/internal/gitcmd"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/projectsource"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// LockFile is where the lock stands, below the directory of the project.
const LockFile = ".lcitool/includes.lock"

const lockHeader = "# What the files held that the pipeline includes from elsewhere.\n# Made by --fetch, which rewrites it.\n"

// maxIncluded bounds one file, in bytes.
const maxIncluded = 4 << 20

// Options say whether and how files are fetched.
type Options struct {
	Fetch    bool           // ask the network
	CacheDir string         // for what was fetched; "" for none
	RootCAs  *x509.CertPool // trusted certificates; nil means the system's
	Warn     func(message string)
	Log      *slog.Logger // nil for none
}

// Files are those of one project. They are safe for use by several goroutines.
type Files struct {
	project string
	o       Options
	source  *projectsource.Source

	mu      sync.Mutex
	lock    *projectsource.Lock
	changed []string // URLs whose files are not those that the lock had
}

// Open reads the lock of a project.
func Open(project string, o Options) (*Files, error) {
	format := projectsource.LockFormat{File: LockFile, Header: lockHeader, Parse: func(text, _ string) (projectsource.Reference, error) { return projectsource.URL(text) }}
	lock, err := format.Read(project)
	switch {
	case err != nil && o.Fetch:
		return nil, err
	case err != nil: // a tree that nothing is fetched for may be what it is
		o.Warn(err.Error())
		lock = nil
	}
	from := projectsource.Options{CacheDir: o.CacheDir, Offline: !o.Fetch, MaxSize: maxIncluded, RootCAs: o.RootCAs, Warn: o.Warn, Log: o.Log}
	if !o.Fetch {
		from.Lock = lock
	}
	return &Files{project: project, o: o, source: projectsource.New(from), lock: lock}, nil
}

// For gives the files to a pipeline, for as long as ctx goes on.
func (f *Files) For(ctx context.Context) *gitlabci.Elsewhere {
	return &gitlabci.Elsewhere{
		URL:      func(url string) ([]byte, error) { return f.url(ctx, url) },
		Revision: func(ref, file string) ([]byte, error) { return f.revision(ctx, ref, file) },
		Files:    func(ref string) ([]string, error) { return f.files(ctx, ref) },
	}
}

// url gives the file at a URL: what it has now if it is to be fetched, else what
// the lock says.
func (f *Files) url(ctx context.Context, url string) ([]byte, error) {
	ref, err := projectsource.URL(url)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	want := f.lock.Digest(ref) // "" without a lock
	f.mu.Unlock()
	if !f.o.Fetch && want == "" {
		return nil, gitlabci.ErrNotAsked
	}
	got, err := f.source.Fetch(ctx, ref)
	if err != nil {
		return nil, fetchError(err)
	}
	if f.o.Fetch && got[0].Digest != want {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.lock.Set(got[0])
		if want != "" {
			f.changed = append(f.changed, ref.Location())
		}
	}
	return got[0].Data, nil
}

// fetchError says what became of a request.
func fetchError(err error) error {
	var status *projectsource.StatusError
	if errors.As(err, &status) && status.Code == http.StatusNotFound {
		return fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	var offline *projectsource.OfflineError
	if errors.As(err, &offline) {
		return errors.New("it is locked and no longer in the cache; --fetch brings it back")
	}
	return err
}

// revision gives a file of the project at a commit that its repository has.
func (f *Files) revision(ctx context.Context, ref, file string) ([]byte, error) {
	repo, hash, err := f.commit(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer repo.Close()
	if names, err := repo.Git(ctx, "ls-tree", "--name-only", hash, "--", file); err != nil || strings.TrimSpace(names) == "" {
		return nil, errors.Join(err, fs.ErrNotExist)
	}
	text, err := repo.Git(ctx, "cat-file", "blob", hash+":"+file)
	if len(text) > maxIncluded {
		return nil, &safefs.TooLargeError{Limit: maxIncluded}
	}
	return []byte(text + "\n"), err // without the line's end that Git takes away
}

// commit opens the project's repository and gives the commit that ref means.
func (f *Files) commit(ctx context.Context, ref string) (*gitcmd.Repo, string, error) {
	repo, err := gitcmd.Open(ctx, f.project)
	if err != nil {
		return nil, "", err
	}
	hash, err := resolve(ctx, repo, ref)
	if err != nil {
		repo.Close()
		return nil, "", err
	}
	return repo, hash, nil
}

// resolve gives the commit that a tag, a branch or a hash means.
func resolve(ctx context.Context, repo *gitcmd.Repo, ref string) (string, error) {
	for _, name := range []string{"refs/tags/" + ref, "refs/remotes/origin/" + ref, "refs/heads/" + ref, ref} {
		if hash, err := repo.Resolve(ctx, name); err == nil && hash != "" {
			return hash, nil
		}
	}
	return "", fmt.Errorf("the repository has no %q", ref)
}

// files lists the files of the project at a commit that its repository has.
func (f *Files) files(ctx context.Context, ref string) ([]string, error) {
	repo, hash, err := f.commit(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer repo.Close()
	names, err := repo.Git(ctx, "ls-tree", "-r", "-z", "--name-only", "--full-tree", hash)
	return strings.FieldsFunc(names, func(r rune) bool { return r == 0 }), err
}

// Write writes the lock down if files were fetched.
func (f *Files) Write() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.o.Fetch || len(f.lock.References()) == 0 {
		return nil
	}
	for _, url := range f.changed {
		f.o.Warn(url + " has changed since it was locked")
	}
	f.changed = nil
	if err := artifacts.In(f.project).Make(); err != nil {
		return err
	}
	return f.lock.Write()
}
