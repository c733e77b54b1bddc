// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/containers/podman/v4/pkg/specgen"
	spec "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// filesDir is the directory in the volume of a container's layers with the
// directories of Tree.Mounted.
const filesDir = "files"

// mountFiles unpacks the archives of trees that may be mounted below volume, the
// directory of the volume of the container's layers, and mounts their
// directories. It returns the trees that are left to copy. podman would start a
// process for the copy, and another one for each file that is read later.
func (c *Container) mountFiles(ctx context.Context, s *specgen.SpecGenerator, volume string, trees []api.Tree) ([]api.Tree, error) {
	if volume == "" {
		return trees, nil
	}
	var left, mounted []api.Tree
	for _, tree := range trees {
		if tree.AsPacked && len(tree.Mounted) > 0 {
			mounted = append(mounted, tree)
		} else {
			left = append(left, tree)
		}
	}
	if len(mounted) == 0 {
		return left, nil
	}
	root := filepath.Join(volume, filesDir)
	if err := os.Mkdir(root, 0o700); err != nil {
		return nil, engineError("make a directory for the container's files", err)
	}
	for _, tree := range joined(mounted) {
		r, w := io.Pipe()
		go func() { w.CloseWithError(tree.Tar(ctx, w)) }()
		err := unpackOwn(filepath.Join(root, tree.Target), r)
		r.CloseWithError(io.ErrClosedPipe)
		if err != nil {
			return nil, engineError("write the container's files", err)
		}
	}
	c.files = root
	for _, tree := range mounted {
		for _, dir := range tree.Mounted {
			if slices.Contains(c.mounted, dir) {
				continue
			}
			c.mounted = append(c.mounted, dir)
			s.Mounts = append(s.Mounts, spec.Mount{
				Type: "bind", Source: filepath.Join(root, dir), Destination: dir, Options: []string{"rbind", "exec", "suid", "dev"}, // as the container's other files
			})
		}
	}
	return left, nil
}

// unpackOwn unpacks an archive of lcitool with directories, files and FIFOs. The
// directory is not shared with a container yet.
func unpackOwn(dir string, archive io.Reader) error {
	in := tar.NewReader(archive)
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name := filepath.Join(dir, filepath.FromSlash(path.Join("/", h.Name)))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil { //nolint:gosec // the container's users see it
			return err
		}
		if err := unpackEntry(name, h, in); err != nil {
			return err
		}
		if os.Getuid() == 0 {
			err = os.Lchown(name, h.Uid, h.Gid)
		}
		// The mode is not subject to the umask, and changes with the owner.
		if err = errors.Join(err, os.Chmod(name, h.FileInfo().Mode()), os.Chtimes(name, h.ModTime, h.ModTime)); err != nil {
			return err
		}
	}
}

func unpackEntry(name string, h *tar.Header, content io.Reader) error {
	switch h.Typeflag {
	case tar.TypeDir:
		if err := os.Mkdir(name, 0o700); !errors.Is(err, fs.ErrExist) {
			return err
		}
		return nil
	case tar.TypeFifo:
		return unix.Mkfifo(name, 0o600)
	case tar.TypeReg:
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|unix.O_NOFOLLOW, 0o600)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, content)
		return errors.Join(err, f.Close())
	}
	return fmt.Errorf("%s: cannot unpack an entry of type %q", h.Name, h.Typeflag)
}

// Mounted opens a directory of Tree.Mounted. The container can have changed all
// that is in it. The error is fs.ErrNotExist if the container has a copy.
func (c *Container) Mounted(dir string) (*os.Root, error) {
	if !slices.Contains(c.mounted, dir) {
		return nil, fs.ErrNotExist
	}
	return os.OpenRoot(filepath.Join(c.files, dir))
}

// mountedFile opens a regular file in one of the mounted directories.
func (c *Container) mountedFile(name string) (*os.File, error) {
	for _, dir := range c.mounted {
		below, ok := strings.CutPrefix(path.Clean(name), dir+"/")
		if !ok {
			continue
		}
		root, err := c.Mounted(dir)
		if err != nil {
			return nil, err
		}
		defer root.Close()
		return safefs.In(root).Open(below)
	}
	return nil, fs.ErrNotExist
}

// getMounted is Get for a file in one of the mounted directories. It reports
// false if it has written nothing, because the engine must be asked.
func (c *Container) getMounted(name string, w io.Writer) (bool, error) {
	f, err := c.mountedFile(name)
	if err != nil {
		return false, nil //nolint:nilerr // the engine says why
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	out := tar.NewWriter(w)
	h := &tar.Header{Name: path.Base(name), Typeflag: tar.TypeReg, Mode: int64(info.Mode().Perm()), Size: info.Size(), ModTime: info.ModTime()}
	if err := out.WriteHeader(h); err != nil {
		return true, err
	}
	_, err = io.CopyN(out, f, info.Size()) // processes that are left may still write to it
	return true, errors.Join(err, out.Close())
}
