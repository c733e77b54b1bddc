// SPDX-License-Identifier: GPL-2.0-or-later

package gitcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// Resolve returns the full hash of the commit that a revision names.
func (r *Repo) Resolve(ctx context.Context, revision string) (string, error) {
	return r.Git(ctx, "rev-parse", "--verify", "--end-of-options", revision+"^{commit}")
}

// Checkout creates a repository with a clean tree of a commit in dir, which must
// be empty or missing. It copies all objects, so that changes to the copies do
// not affect this repository. It has this repository's branches as
// remote-tracking branches of "origin", and its tags, but not its configuration
// and hooks.
func (r *Repo) Checkout(ctx context.Context, hash, dir string) error {
	gitDir := filepath.Join(dir, ".git")
	format, err := r.Git(ctx, "rev-parse", "--show-object-format")
	if err != nil {
		return err
	}
	if _, err := r.run(ctx, command{args: []string{"init", "--quiet", "--template=", "--object-format=" + format, "--", dir}, bare: true}); err != nil {
		return err
	}
	if err := r.populate(ctx, hash, gitDir); err != nil {
		return err
	}
	_, err = r.run(ctx, command{
		options: []string{"--git-dir=" + gitDir, "--work-tree=" + dir}, bare: true,
		args: []string{"checkout", "--quiet", "--force", "--detach", hash, "--"},
	})
	return err
}

// populate copies objects and refs to a new repository.
func (r *Repo) populate(ctx context.Context, hash, gitDir string) error {
	copyIn := r.copyObjects
	if borrowed, err := r.borrows(); err != nil {
		return err
	} else if borrowed {
		copyIn = r.packObjects
	}
	if err := copyIn(ctx, hash, gitDir); err != nil {
		return err
	}
	shallow, err := safefs.ReadFile(filepath.Join(r.commonDir, "shallow"), maxOutput)
	if err == nil {
		err = os.WriteFile(filepath.Join(gitDir, "shallow"), shallow, 0o644)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := r.copyRefs(ctx, gitDir); err != nil {
		return err
	}
	return r.copyRemote(ctx, gitDir)
}

// borrows reports whether the repository has alternates. These may belong to
// another repository of the user; then only objects reachable from the refs are
// copied.
func (r *Repo) borrows() (bool, error) {
	info, err := os.Stat(filepath.Join(r.commonDir, "objects", "info", "alternates"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && info.Size() > 0, err
}

var (
	looseDir  = lazyregexp.New(`^[0-9a-f]{2}$`)
	looseFile = lazyregexp.New(`^([0-9a-f]{38}|[0-9a-f]{62})$`)
	packFile  = lazyregexp.New(`^pack-[0-9a-f]+\.(pack|idx|rev|promisor)$`)
)

// copyObjects copies object files, which is much faster than packing them again.
func (r *Repo) copyObjects(ctx context.Context, _, gitDir string) error {
	from, err := safefs.OpenDir(filepath.Join(r.commonDir, "objects"))
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := safefs.OpenDir(filepath.Join(gitDir, "objects"))
	if err != nil {
		return err
	}
	defer to.Close()
	dirs, err := fs.ReadDir(from.FS(), ".")
	if err != nil {
		return err
	}
	for _, d := range dirs {
		wanted := looseFile
		if d.Name() == "pack" {
			wanted = packFile
		} else if !looseDir.MatchString(d.Name()) {
			continue
		}
		if err := copyDir(ctx, from, to, d.Name(), wanted); err != nil {
			return err
		}
	}
	return nil
}

func copyDir(ctx context.Context, from, to *safefs.Dir, dir string, wanted *lazyregexp.Regexp) error {
	files, err := fs.ReadDir(from.FS(), dir)
	if err != nil {
		return err
	}
	if err := to.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, f := range files {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if !wanted.MatchString(f.Name()) {
			continue
		}
		if err := copyFile(from, to, path.Join(dir, f.Name())); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to *safefs.Dir, name string) error {
	in, err := from.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // packed concurrently
	}
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to.Path(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o444)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// packObjects copies all objects reachable from the refs and a commit, including
// those in alternates.
func (r *Repo) packObjects(ctx context.Context, hash, gitDir string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out, in := io.Pipe()
	packed := make(chan error, 1)
	go func() {
		_, err := r.run(ctx, command{
			args:  []string{"pack-objects", "--quiet", "--all", "--stdout", "--delta-base-offset"},
			stdin: strings.NewReader(hash + "\n"), stdout: in,
		})
		in.CloseWithError(err)
		packed <- err
	}()
	_, err := r.run(ctx, command{options: []string{"--git-dir=" + gitDir}, args: []string{"index-pack", "--stdin", "--strict"}, stdin: out, bare: true})
	out.CloseWithError(err)
	if err != nil {
		cancel(err)
	}
	if packErr := <-packed; packErr != nil && (err == nil || !errors.Is(packErr, err)) {
		return packErr
	}
	return err
}

// copyRefs writes the branches as remote-tracking branches, and the tags.
func (r *Repo) copyRefs(ctx context.Context, gitDir string) error {
	out, err := r.Git(ctx, "for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", "refs/tags")
	if err != nil {
		return err
	}
	var refs strings.Builder
	for line := range strings.Lines(out) {
		hash, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if branch, ok := strings.CutPrefix(name, "refs/heads/"); ok {
			name = "refs/remotes/origin/" + branch
		}
		fmt.Fprintf(&refs, "%s %s\n", hash, name)
	}
	return os.WriteFile(filepath.Join(gitDir, "packed-refs"), []byte(refs.String()), 0o644)
}

// copyRemote sets the URL of "origin" in the new repository, without a password.
func (r *Repo) copyRemote(ctx context.Context, gitDir string) error {
	address, err := r.Git(ctx, "config", "--get", "remote.origin.url")
	if err != nil || address == "" {
		return nil
	}
	if u, err := url.Parse(address); err == nil && u.User != nil {
		u.User = nil
		address = u.String()
	}
	for _, s := range []setting{{"remote.origin.url", address}, {"remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"}} {
		if _, err := r.run(ctx, command{args: []string{"config", "--file=" + filepath.Join(gitDir, "config"), s.key, s.value}, bare: true, timeout: timeout}); err != nil {
			return err
		}
	}
	return nil
}
