// SPDX-License-Identifier: GPL-2.0-or-later

package remotepipeline

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// unzip unpacks an archive below a directory, which nothing in it can leave.
// Links to elsewhere are left out and named in the notes.
func unzip(ctx context.Context, packed *os.File, directory string, limits Limits) (notes []string, err error) {
	info, err := packed.Stat()
	if err != nil {
		return nil, err
	}
	archive, err := zip.NewReader(packed, info.Size())
	if err != nil {
		return nil, fmt.Errorf("cannot read the archive: %w", err)
	}
	if len(archive.File) > limits.Files {
		return nil, fmt.Errorf("the archive has %d files, allowed are %d", len(archive.File), limits.Files)
	}
	root, err := os.OpenRoot(directory)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	u := &unzipper{root: root, left: limits.Unpacked}
	for _, entry := range archive.File {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err := u.unpack(entry); err != nil {
			return nil, fmt.Errorf("%q in the archive: %w", entry.Name, err)
		}
	}
	return u.notes, nil
}

type unzipper struct {
	root  *os.Root
	left  int64 // bytes that may still come
	notes []string
}

// maxLink is how long what a link leads to may be, in bytes.
const maxLink = 4096

func (u *unzipper) unpack(entry *zip.File) error {
	name := strings.TrimSuffix(entry.Name, "/")
	if !filepath.IsLocal(name) || strings.ContainsAny(name, "\\\x00") {
		return errors.New("leads out of the directory")
	}
	mode := entry.Mode()
	if mode.IsDir() {
		return u.root.MkdirAll(filepath.FromSlash(name), 0o755)
	}
	if dir := path.Dir(name); dir != "." {
		if err := u.root.MkdirAll(filepath.FromSlash(dir), 0o755); err != nil {
			return err
		}
	}
	if err := u.root.Remove(filepath.FromSlash(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	switch {
	case mode&fs.ModeSymlink != 0:
		return u.link(entry, name)
	case !mode.IsRegular():
		u.notes = append(u.notes, fmt.Sprintf("left out of the artifacts: %q is no file", name))
		return nil
	}
	return u.file(entry, name, mode.Perm()&0o777|0o600)
}

func (u *unzipper) file(entry *zip.File, name string, mode fs.FileMode) error {
	from, err := entry.Open()
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := u.root.OpenFile(filepath.FromSlash(name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	n, err := io.Copy(to, io.LimitReader(from, u.left+1)) // to the end, so that the checksum is looked at
	if u.left -= n; u.left < 0 {
		err = fmt.Errorf("the files are %w", errTooLarge)
	}
	return errors.Join(err, to.Close())
}

// link makes a symbolic link if it leads to something in the archive's own
// directory.
func (u *unzipper) link(entry *zip.File, name string) error {
	from, err := entry.Open()
	if err != nil {
		return err
	}
	defer from.Close()
	target, err := io.ReadAll(io.LimitReader(from, maxLink+1))
	if err != nil {
		return err
	}
	if to := string(target); len(target) > maxLink || path.IsAbs(to) || strings.ContainsAny(to, "\\\x00") ||
		!filepath.IsLocal(path.Join(path.Dir(name), to)) {
		u.notes = append(u.notes, fmt.Sprintf("left out of the artifacts: %q is a link that leads out of them", name))
		return nil
	}
	return u.root.Symlink(string(target), filepath.FromSlash(name))
}
