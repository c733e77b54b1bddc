// SPDX-License-Identifier: GPL-2.0-or-later

package gitcmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// maxPointer limits the size of a file with one path or ref, in bytes.
const maxPointer = 8 << 10

// find looks for .git in a directory and its parents on the same file system.
// The error is ErrNoRepository, or says why a repository cannot be used.
func find(dir string) (*Repo, error) {
	dir, err := filepath.Abs(dir)
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot look for a repository: %w", err)
	}
	start := dir
	var below *syscall.Stat_t
	for top := dir; ; top = filepath.Dir(top) {
		info, err := os.Stat(top)
		if err != nil {
			return nil, fmt.Errorf("cannot look for a repository: %w", err)
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if !ok || below != nil && stat.Dev != below.Dev {
			return nil, ErrNoRepository // as in git
		}
		below = stat
		r, err := at(top)
		if err != nil {
			return nil, fmt.Errorf("cannot use %s: %w", filepath.Join(top, ".git"), err)
		}
		if r != nil {
			if below, err := filepath.Rel(top, start); err == nil && below != "." {
				r.Prefix = filepath.ToSlash(below)
			}
			return r, nil
		}
		if top == filepath.Dir(top) {
			return nil, ErrNoRepository
		}
	}
}

// at returns the repository whose work tree is top, or nil if there is none.
func at(top string) (*Repo, error) {
	entry := filepath.Join(top, ".git")
	info, err := os.Lstat(entry)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	gitDir := entry
	if info.Mode()&fs.ModeSymlink != 0 {
		if gitDir, err = filepath.EvalSymlinks(entry); err != nil {
			return nil, err
		}
		if info, err = os.Stat(gitDir); err != nil {
			return nil, err
		}
	}
	if !info.IsDir() {
		if gitDir, err = gitFile(gitDir); err != nil {
			return nil, err
		}
	}
	if !isGitDir(gitDir) {
		if info.IsDir() {
			return nil, nil // as in git, continue with the parent
		}
		return nil, fmt.Errorf("there is no repository in %s", gitDir)
	}
	r := &Repo{Top: top, gitDir: gitDir, commonDir: gitDir}
	if common, err := pointer(filepath.Join(gitDir, "commondir"), ""); err == nil {
		r.commonDir = common
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return r, nil
}

// gitFile reads the .git file of a submodule or linked work tree.
func gitFile(file string) (string, error) {
	dir, err := pointer(file, "gitdir: ")
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(dir)
}

// pointer reads a file that contains a path, which may be relative to the file.
func pointer(file, prefix string) (string, error) {
	data, err := safefs.ReadFile(file, maxPointer)
	if err != nil {
		return "", err
	}
	path, ok := strings.CutPrefix(string(data), prefix)
	path = strings.TrimRight(path, "\r\n")
	if !ok || path == "" || strings.ContainsAny(path, "\x00\n") {
		return "", fmt.Errorf("%s holds no path of a repository", file)
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(file), path)
	}
	return filepath.Clean(path), nil
}

func isGitDir(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, "HEAD"))
	return err == nil
}

// checkLink fails if .git refers to a repository that does not know this work
// tree. An untrusted tree could otherwise use a repository of the user.
func (r *Repo) checkLink() error {
	entry := filepath.Join(r.Top, ".git")
	if r.gitDir == entry && r.commonDir == entry {
		return nil
	}
	known := false
	switch {
	case r.commonDir != r.gitDir: // a linked work tree
		back, err := pointer(filepath.Join(r.gitDir, "gitdir"), "")
		known = err == nil && sameEntry(back, entry) && same(filepath.Dir(filepath.Dir(r.gitDir)), r.commonDir)
	case strings.HasPrefix(r.gitDir, r.Top+"/"):
		known = true
	case r.setting("core.worktree") != "": // a submodule
		known = same(absolute(r.setting("core.worktree"), r.gitDir), r.Top)
	default: // "git init --separate-git-dir" records nothing; check at least that the repository is neither bare nor of another tree
		known = filepath.Base(r.gitDir) != ".git" && r.setting("core.bare") == "false"
	}
	if !known {
		return fmt.Errorf("%s leads to %s, which does not name this directory as its work tree (\"git worktree repair\" mends a work tree that was moved)", entry, r.gitDir)
	}
	return nil
}

func absolute(path, base string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(base, path)
}

func (r *Repo) setting(key string) string { return lastValue(r.settings, key) }

// sameEntry reports whether two paths are the same regular file.
func sameEntry(a, b string) bool {
	infoA, errA := os.Lstat(a)
	infoB, errB := os.Lstat(b)
	return errA == nil && errB == nil && infoA.Mode().IsRegular() && os.SameFile(infoA, infoB)
}

func same(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

// checkOwner refuses a repository of another user. git itself does so only for
// repositories that it has found itself.
func (r *Repo) checkOwner(ctx context.Context) error {
	for _, dir := range []string{r.Top, r.gitDir} {
		info, err := os.Stat(dir)
		if err != nil {
			return err
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if ok && ours(stat.Uid) {
			continue
		}
		if r.isSafe(ctx) {
			return nil
		}
		return fmt.Errorf("%s belongs to somebody else (\"git config --global --add safe.directory %s\" allows it)", dir, r.Top)
	}
	return nil
}

func ours(uid uint32) bool {
	if int(uid) == os.Geteuid() {
		return true
	}
	sudo, err := strconv.ParseUint(os.Getenv("SUDO_UID"), 10, 32)
	return err == nil && os.Geteuid() == 0 && uint64(uid) == sudo
}

// isSafe reports whether safe.directory lists the repository.
func (r *Repo) isSafe(ctx context.Context) bool {
	out, err := r.run(ctx, command{args: []string{"config", "-z", "--type=path", "--get-all", "safe.directory"}, bare: true, timeout: timeout})
	if err != nil {
		return false
	}
	safe := false
	for value := range strings.SplitSeq(strings.TrimSuffix(out, "\x00"), "\x00") {
		above, star := strings.CutSuffix(value, "/*")
		switch {
		case value == "": // clears the list
			safe = false
		case value == "*", star && strings.HasPrefix(r.Top, above+"/"), same(value, r.Top):
			safe = true
		}
	}
	return safe
}

// checkFiles fails if a file that git would read is not a regular file. git
// would block on a FIFO and read a device until memory is exhausted.
func (r *Repo) checkFiles() error {
	for _, base := range []string{r.gitDir, r.commonDir} {
		dir, err := safefs.OpenDir(base)
		if err != nil {
			return err
		}
		err = errors.Join(checkRegular(dir), checkRefs(dir))
		_ = dir.Close()
		if err != nil {
			return err
		}
	}
	for _, name := range []string{"objects", "refs"} {
		if info, err := os.Lstat(filepath.Join(r.commonDir, name)); err != nil {
			return err
		} else if !info.IsDir() {
			return fmt.Errorf("%s is not a directory", filepath.Join(r.commonDir, name))
		}
	}
	return nil
}

func checkRegular(dir *safefs.Dir) error {
	for _, name := range []string{
		"HEAD", "index", "packed-refs", "shallow", "ORIG_HEAD", "FETCH_HEAD", "MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD",
		"info/exclude", "info/sparse-checkout", "info/attributes", "objects/info/alternates", "logs/HEAD",
	} {
		f, err := dir.Open(name)
		if err == nil {
			_ = f.Close()
		} else if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s: %w", dir.Path(name), pathless(err))
		}
	}
	return nil
}

// checkRefs fails if a ref is not a regular file.
func checkRefs(dir *safefs.Dir) error {
	return fs.WalkDir(dir.FS(), "refs", func(name string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case !d.IsDir() && !d.Type().IsRegular():
			return fmt.Errorf("%s: %w", dir.Path(name), safefs.ErrNotRegular)
		}
		return nil
	})
}

func pathless(err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return pathErr.Err
	}
	return err
}
