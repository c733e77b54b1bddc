// SPDX-License-Identifier: GPL-2.0-or-later

// Package treetar copies directories as tar archives.
//
// Pack creates an archive of a directory. Unpack extracts an untrusted archive:
// it never writes outside of its directory, and creates no symbolic link through
// which a later reader would leave it.
package treetar

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// Keep selects what is packed or unpacked, by its slash-separated path below the
// directory. It is not called for entries of a directory that it rejects.
type Keep func(path string, d fs.DirEntry) bool

// PackOptions say what goes into an archive.
type PackOptions struct {
	Keep Keep // nil means everything
	Open bool // every user may read and write, as a runner's umask makes files
}

// Pack writes an archive of dir, sorted by name, to w. Owners are 0:0, times are
// truncated to seconds, and set-user-ID, set-group-ID and sticky bits are
// dropped. Symbolic links are packed unchanged, hard links as files. Other
// types, and files that disappear meanwhile, are skipped. A file that shrinks
// while it is read is an error.
func Pack(ctx context.Context, w io.Writer, dir string, o PackOptions) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("cannot pack: %w", err)
	}
	defer root.Close()
	return PackRoot(ctx, w, root, o)
}

// PackRoot is Pack for an open directory. Its path may lead elsewhere meanwhile.
func PackRoot(ctx context.Context, w io.Writer, root *os.Root, o PackOptions) error {
	p := &packer{root: root, out: tar.NewWriter(w), open: o.Open}
	err := fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, fs.ErrNotExist) && path != ".":
			return nil
		case err != nil:
			return err
		case path == ".":
			return nil
		case o.Keep != nil && !o.Keep(path, d) && d.IsDir():
			return fs.SkipDir
		case o.Keep != nil && !o.Keep(path, d):
			return nil
		}
		return p.add(path, d)
	})
	if err == nil {
		err = p.out.Close()
	}
	if err != nil {
		return fmt.Errorf("cannot pack %s: %w", root.Name(), err)
	}
	return nil
}

type packer struct {
	root *os.Root
	out  *tar.Writer
	open bool
}

func (p *packer) add(path string, d fs.DirEntry) error {
	info, err := d.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	h := &tar.Header{Name: path, Mode: int64(info.Mode().Perm()), ModTime: info.ModTime().Truncate(time.Second)}
	if p.open {
		h.Mode |= 0o666
		if h.Mode&0o100 != 0 || info.IsDir() {
			h.Mode |= 0o777
		}
	}
	switch info.Mode().Type() {
	case fs.ModeDir:
		h.Typeflag, h.Name = tar.TypeDir, path+"/"
		return p.out.WriteHeader(h)
	case fs.ModeSymlink:
		h.Typeflag = tar.TypeSymlink
		if h.Linkname, err = p.root.Readlink(path); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		return p.out.WriteHeader(h)
	case 0:
		h.Typeflag = tar.TypeReg
		return p.file(path, h)
	}
	return nil
}

// file packs a regular file. The file may have been replaced since it was
// listed, for example by a FIFO.
func (p *packer) file(path string, h *tar.Header) error {
	f, err := safefs.In(p.root).Open(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, safefs.ErrNotRegular) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	h.Size = info.Size()
	if err := p.out.WriteHeader(h); err != nil {
		return err
	}
	switch _, err := io.CopyN(p.out, f, h.Size); {
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%s became shorter while it was read", path)
	case err != nil:
		return err
	}
	return nil
}
