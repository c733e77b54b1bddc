// SPDX-License-Identifier: GPL-2.0-or-later

package gitcmd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// state is what was read of a repository so far. It is read once, so that all
// parts of a run agree.
type state struct {
	head     once[*Head]
	refs     once[map[string]Ref]
	settings once[[]setting] // the user's and the repository's
}

// once keeps the first value that was read without an error.
type once[T any] struct {
	mu    sync.Mutex
	known bool
	value T
}

func (o *once[T]) get(read func() (T, error)) (T, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.known {
		return o.value, nil
	}
	value, err := read()
	if err == nil {
		o.value, o.known = value, true
	}
	return value, err
}

// ReadState reads HEAD, the refs and the settings at the same time, since each
// needs a process of its own. What cannot be read is read again when it is asked
// for.
func (r *Repo) ReadState(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { _, _ = r.Head(ctx) })
	all.Go(func() { _, _ = r.Refs(ctx) })
	all.Go(func() { _ = r.allSettings(ctx) })
	all.Wait()
}

// A Head is the commit that is checked out.
type Head struct {
	Commit, Tree string // whole hashes
	Author       string // "NAME <ADDRESS>"
	Date         string // of the commit, as in RFC 3339
	Message      string // whole, usually with a newline at its end
}

// Head returns the commit that was checked out at the first call. It fails
// before the first commit.
func (r *Repo) Head(ctx context.Context) (Head, error) {
	head, err := r.state.head.get(func() (*Head, error) { return r.readHead(ctx) })
	if err != nil {
		return Head{}, err
	}
	return *head, nil
}

func (r *Repo) readHead(ctx context.Context) (*Head, error) {
	out, err := r.Git(ctx, "log", "-1", "--format=%H%x00%T%x00%an <%ae>%x00%cI%x00%B%x00", "HEAD")
	if err != nil {
		return nil, err
	}
	f := strings.Split(out, "\x00")
	if len(f) != 6 {
		return nil, fmt.Errorf("git log: unexpected output %q", out)
	}
	return &Head{Commit: f[0], Tree: f[1], Author: f[2], Date: f[3], Message: f[4]}, nil
}

// Resolve returns the full hash of the commit that a revision names.
func (r *Repo) Resolve(ctx context.Context, revision string) (string, error) {
	hash, err := r.Git(ctx, "rev-parse", "--verify", "--end-of-options", revision+"^{commit}")
	if failed, ok := errors.AsType[*Error](err); ok && strings.Contains(failed.Stderr, "Needed a single revision") {
		return "", fmt.Errorf("there is no commit %q", revision)
	}
	return hash, err
}

// A Ref is a branch, a tag or a remote-tracking branch.
type Ref struct {
	Hash    string
	Peeled  string // object that an annotated tag refers to
	Target  string // full name of the ref that a symbolic one refers to
	Current bool   // HEAD refers to it
}

// Refs returns the branches, the tags and the remote-tracking branches of origin
// by their full names, as they were at the first call.
func (r *Repo) Refs(ctx context.Context) (map[string]Ref, error) {
	return r.state.refs.get(func() (map[string]Ref, error) { return r.readRefs(ctx) })
}

func (r *Repo) readRefs(ctx context.Context) (map[string]Ref, error) {
	const format = "--format=%(objectname)%00%(*objectname)%00%(symref)%00%(HEAD)%00%(refname)"
	out, err := r.Git(ctx, "for-each-ref", format, "refs/heads", "refs/remotes/origin", "refs/tags")
	if err != nil {
		return nil, err
	}
	refs := map[string]Ref{}
	for line := range strings.Lines(out) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\x00")
		if len(f) != 5 {
			return nil, fmt.Errorf("git for-each-ref: unexpected output %q", line)
		}
		refs[f[4]] = Ref{Hash: f[0], Peeled: f[1], Target: f[2], Current: f[3] == "*"}
	}
	return refs, nil
}

// HeadRef returns the full name of the ref that HEAD refers to, or "" if HEAD is
// detached.
func (r *Repo) HeadRef(ctx context.Context) string {
	refs, _ := r.Refs(ctx) // git is asked below
	for name, ref := range refs {
		if ref.Current {
			return name
		}
	}
	name, err := r.Git(ctx, "symbolic-ref", "--quiet", "HEAD") // before the first commit, or elsewhere
	if err != nil {
		return ""
	}
	return name
}

// Config returns a value from the user's configuration and the allowed settings
// of the repository's, as it was at the first call, or "". The section and the
// name in key are in lower case.
func (r *Repo) Config(ctx context.Context, key string) string {
	return lastValue(r.allSettings(ctx), key)
}

// allSettings returns the user's configuration and the allowed settings of the
// repository's, as they were at the first call. There are none after an error.
func (r *Repo) allSettings(ctx context.Context) []setting {
	all, _ := r.state.settings.get(func() ([]setting, error) { // none after an error
		out, err := r.Git(ctx, "config", "--list", "-z")
		return parseSettings(out), err
	})
	return all
}
