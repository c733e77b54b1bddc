// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"errors"
	"io/fs"
	"os"
	"path"

	"golang.org/x/sys/unix"
)

// openDirs are open directories by path; missing ones are nil. With them, a
// rename or removal is one system call, which minimizes the time in which a kill
// leaves a mixture of old and new files.
type openDirs map[string]*os.File

// openStepDirs opens the directories of all steps, within the tree.
func (t *Tree) openStepDirs(steps []step) (openDirs, error) {
	f := openDirs{}
	for _, s := range steps {
		for _, name := range []string{s.Path, s.New} {
			dir := path.Dir(name)
			if _, ok := f[dir]; ok || name == "" {
				continue
			}
			open, err := t.openFolder(name)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return f, t.cannot("use", dir, err)
			}
			f[dir] = open
		}
	}
	return f, nil
}

func (t *Tree) openFolder(file string) (*os.File, error) {
	root, _, err := t.at(file)
	if err != nil {
		return nil, err
	}
	return root.Open(".")
}

func (f openDirs) close() {
	for _, open := range f {
		_ = open.Close() // only used for lookups; closing nil does nothing
	}
}

// at returns a file's directory and its name there.
func (f openDirs) at(file string) (fd int, name string, err error) {
	dir, name := path.Dir(file), path.Base(file)
	if f[dir] == nil {
		return -1, name, fs.ErrNotExist
	}
	return int(f[dir].Fd()), name, nil
}

func (f openDirs) rename(from, to string) error {
	fromFD, fromName, err := f.at(from)
	if err != nil {
		return err
	}
	toFD, toName, err := f.at(to)
	if err != nil {
		return err
	}
	return unix.Renameat(fromFD, fromName, toFD, toName)
}

func (f openDirs) remove(file string) error {
	fd, name, err := f.at(file)
	if err != nil {
		return err
	}
	return unix.Unlinkat(fd, name, 0)
}
