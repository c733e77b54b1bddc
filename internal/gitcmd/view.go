// SPDX-License-Identifier: GPL-2.0-or-later

package gitcmd

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// A view is the temporary common directory for a repository. It is locked; an
// unlocked one was left by a killed process.
type view struct {
	dir  string
	lock *os.File
}

const viewPrefix = "lcitool-git-"

func newView() (*view, error) {
	parent, err := viewParent()
	if err != nil {
		return nil, err
	}
	sweepViews(parent)
	for range 10 {
		dir, err := os.MkdirTemp(parent, viewPrefix)
		if err != nil {
			return nil, err
		}
		v := &view{dir: dir}
		if v.lock, err = lock(dir); err == nil {
			if _, err := os.Lstat(dir); err == nil {
				return v, nil
			}
			_ = v.lock.Close() // removed before it was locked
		}
	}
	return nil, errors.New("cannot make a temporary directory: others remove it")
}

// viewParent returns the absolute path of the temporary directory, since git runs in
// another directory. If everybody can replace what is in it, it returns /tmp.
func viewParent() (string, error) {
	parent, err := filepath.Abs(os.TempDir())
	if err == nil && replaceable(parent) && !replaceable("/tmp") {
		parent = "/tmp"
	}
	return parent, err
}

// replaceable reports whether a directory is not sticky and everybody can write to it.
func replaceable(dir string) bool {
	info, err := os.Stat(dir)
	return err != nil || info.Mode().Perm()&0o002 != 0 && info.Mode()&fs.ModeSticky == 0
}

// isViewName reports whether a name is that of a view: the prefix and a number.
func isViewName(name string) bool {
	number, ok := strings.CutPrefix(name, viewPrefix)
	return ok && number != "" && strings.Trim(number, "0123456789") == ""
}

// sweepViews removes the views of killed processes. A directory with other files
// is not a view.
func sweepViews(parent string) {
	entries, _ := os.ReadDir(parent) // those that could be read
	for _, e := range entries {
		if !isViewName(e.Name()) {
			continue
		}
		dir := filepath.Join(parent, e.Name())
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() || info.Mode().Perm() != 0o700 {
			continue
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); !ok || int(stat.Uid) != os.Geteuid() {
			continue
		}
		if f, err := lock(dir); err == nil {
			if isView(dir) {
				_ = os.RemoveAll(dir) // removes symbolic links, not their targets
			}
			_ = f.Close()
		}
	}
}

// isView reports whether a directory contains only what fill and readConfig
// create.
func isView(dir string) bool {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, e := range entries {
		switch name := e.Name(); {
		case (name == "config" || name == "untrusted") && e.Type().IsRegular():
		case slices.Contains(linked(), name) && e.Type()&fs.ModeSymlink != 0:
		case name == "info" && e.IsDir():
			below, err := os.ReadDir(filepath.Join(dir, name))
			if err != nil || slices.ContainsFunc(below, func(e fs.DirEntry) bool { return e.Name() != "exclude" || e.Type()&fs.ModeSymlink == 0 }) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// linked returns the entries of the common directory that a view links to.
func linked() []string {
	return []string{"objects", "refs", "packed-refs", "reftable", "logs", "shallow", "info/exclude"}
}

// lock locks a directory until the file is closed or the process ends.
func lock(dir string) (*os.File, error) {
	f, err := os.OpenFile(dir, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

func (v *view) close() {
	_ = os.RemoveAll(v.dir)
	_ = v.lock.Close()
}

// fill creates the view of a common directory. git does not see entries without
// a link: hooks, info/attributes, info/grafts, remotes, branches, modules.
func (v *view) fill(commonDir string, settings []setting) error {
	if err := checkFormat(settings); err != nil {
		return err
	}
	errs := []error{
		os.WriteFile(filepath.Join(v.dir, "config"), configText(settings), 0o600),
		os.Mkdir(filepath.Join(v.dir, "info"), 0o700),
	}
	for _, name := range linked() {
		errs = append(errs, os.Symlink(filepath.Join(commonDir, name), filepath.Join(v.dir, name)))
	}
	return errors.Join(errs...)
}
