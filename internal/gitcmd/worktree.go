// SPDX-License-Identifier: GPL-2.0-or-later

package gitcmd

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// CheckWorkTree fails if a file that git reads in every directory of a work
// tree is none: git waits for a FIFO until somebody writes to it.
func CheckWorkTree(ctx context.Context, top string) error {
	return filepath.WalkDir(top, func(name string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil: // git says itself what it cannot read
			return nil
		case d.IsDir() && d.Name() == ".git":
			return fs.SkipDir
		}
		switch d.Name() {
		case ".gitignore", ".gitattributes":
			if special(d.Type()) { // git follows no link with these names
				return fmt.Errorf("%s: %w", name, safefs.ErrNotRegular)
			}
		case ".gitmodules":
			if info, err := os.Stat(name); err == nil && special(info.Mode().Type()) {
				return fmt.Errorf("%s: %w", name, safefs.ErrNotRegular)
			}
		}
		return nil
	})
}

// special reports whether what is read from a file need not end.
func special(kind fs.FileMode) bool {
	return kind&(fs.ModeNamedPipe|fs.ModeDevice|fs.ModeSocket|fs.ModeIrregular) != 0
}
