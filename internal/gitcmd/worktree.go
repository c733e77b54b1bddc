// SPDX-License-Identifier: GPL-2.0-or-later

package gitcmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// CheckWorkTree fails if a file that git reads in each directory of a work tree
// is not a regular file. git would block on a FIFO.
func CheckWorkTree(ctx context.Context, top string) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	// The order does not matter: filepath.WalkDir would sort, and join the name of
	// each file.
	for _, d := range entries(top) {
		var err error
		switch name := d.Name(); {
		case d.IsDir() && name == ".git":
			err = checkNested(filepath.Join(top, name))
		case d.IsDir():
			err = CheckWorkTree(ctx, filepath.Join(top, name))
		case name == ".gitignore" || name == ".gitattributes": // git does not follow symbolic links with these names
			if special(d.Type()) {
				err = fmt.Errorf("%s: %w", filepath.Join(top, name), safefs.ErrNotRegular)
			}
		case name == ".gitmodules" || name == ".git":
			err = checkEnds(filepath.Join(top, name))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// entries returns the entries of a directory that could be read; git reports
// errors.
func entries(dir string) []fs.DirEntry {
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close()
	list, _ := f.ReadDir(-1)
	return list
}

// checkNested checks the files of a nested repository that git reads to find its
// HEAD.
func checkNested(dir string) error {
	var errs []error
	for _, name := range []string{"HEAD", "config", "config.worktree", "commondir", "packed-refs"} {
		errs = append(errs, checkEnds(filepath.Join(dir, name)))
	}
	_ = filepath.WalkDir(filepath.Join(dir, "refs"), func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			errs = append(errs, checkEnds(name))
		}
		return nil
	})
	return errors.Join(errs...)
}

// checkEnds fails for a file, also through a symbolic link, whose reading may
// not end.
func checkEnds(name string) error {
	if info, err := os.Stat(name); err == nil && special(info.Mode().Type()) {
		return fmt.Errorf("%s: %w", name, safefs.ErrNotRegular)
	}
	return nil
}

// special reports whether reading a file of this type may not end.
func special(kind fs.FileMode) bool {
	return kind&(fs.ModeNamedPipe|fs.ModeDevice|fs.ModeSocket|fs.ModeIrregular) != 0
}
