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
	return filepath.WalkDir(top, func(name string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil: // git reports it
			return nil
		case d.IsDir() && d.Name() == ".git":
			if err := checkNested(name); err != nil {
				return err
			}
			return fs.SkipDir
		}
		switch d.Name() {
		case ".gitignore", ".gitattributes": // git does not follow symbolic links with these names
			if special(d.Type()) {
				return fmt.Errorf("%s: %w", name, safefs.ErrNotRegular)
			}
		case ".gitmodules", ".git":
			return checkEnds(name)
		}
		return nil
	})
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
