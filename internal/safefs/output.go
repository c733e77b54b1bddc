// SPDX-License-Identifier: GPL-2.0-or-later

package safefs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// OpenOutput opens lcitool's output directory below a project. It creates the
// directory, and a .gitignore above it, if they are missing. If an element of
// its path below the project is a symbolic link, it fails, because an untrusted
// tree must not redirect writes and removals. made lists the paths that were
// created.
func OpenOutput(project, output string) (dir *Dir, made []string, err error) {
	dir, made, err = openOutput(project, output)
	if err != nil {
		return nil, made, fmt.Errorf("cannot use %s: %w", output, pathless(err))
	}
	return dir, made, nil
}

func openOutput(project, output string) (*Dir, []string, error) {
	below, err := filepath.Rel(project, output)
	if err != nil || !filepath.IsLocal(below) { // chosen by the user, not by the tree
		if err := os.MkdirAll(output, 0o755); err != nil {
			return nil, nil, err
		}
		dir, err := OpenDir(output)
		return dir, nil, err
	}
	tree, err := OpenDir(project)
	if err != nil {
		return nil, nil, err
	}
	defer tree.Close()
	below = filepath.ToSlash(below)
	var made []string
	for _, name := range []string{path.Dir(below), below} {
		if _, err := tree.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			made = append(made, tree.Path(name))
		}
	}
	dir, err := tree.MakeSub(below, 0o755)
	if err != nil {
		return nil, nil, err
	}
	if path.Dir(below) == "." {
		return dir, made, nil
	}
	ignore := path.Join(path.Dir(below), ".gitignore")
	switch err := tree.CreateFile(ignore, []byte("*\n"), 0o644); {
	case err == nil:
		made = append(made, tree.Path(ignore))
	case !errors.Is(err, fs.ErrExist):
		_ = dir.Close()
		return nil, made, err
	}
	return dir, made, nil
}

// pathless removes the operation from an fs.PathError.
func pathless(err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("%s: %w", pathErr.Path, pathErr.Err)
	}
	return err
}
