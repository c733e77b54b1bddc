// SPDX-License-Identifier: GPL-2.0-or-later

package treetar

import (
	"archive/tar"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/internal/safefs"
)

const (
	defaultBytes = 16 << 30
	defaultFiles = 1_000_000
)

// ErrTooLarge reports an archive that exceeds the limits of UnpackOptions.
var ErrTooLarge = errors.New("archive is too large")

// UnpackOptions say what is unpacked, and limit it.
type UnpackOptions struct {
	Strip    int                    // leading elements of names to drop; what has no more is left out
	Below    string                 // directory in dir that everything goes into; "" means dir itself
	LinkRoot string                 // absolute links that lead below it become relative, as if it were dir; "" for none
	Keep     Keep                   // sees names below dir; nil means everything
	MaxBytes int64                  // of all files together; 0 means 16 GiB
	MaxFiles int                    // and directories and links; 0 means a million
	Refused  func(name, why string) // called for entries that are refused; if it is nil, they are errors
}

// Unpack extracts an archive below dir, which must exist. It returns the names
// of the files and links that it has created, in the archive's order, also with
// an error. Files replace existing ones. All files belong to the caller; modes
// and times are the archive's, without set-user-ID, set-group-ID and sticky
// bits.
//
// It refuses absolute names and names with "..", links that lead out of dir or
// to files that were not unpacked before, entries below a symbolic link, and
// devices. A truncated archive gives io.ErrUnexpectedEOF.
func Unpack(ctx context.Context, r io.Reader, dir string, o UnpackOptions) ([]string, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot unpack: %w", err)
	}
	defer root.Close()
	return UnpackRoot(ctx, r, root, o)
}

// UnpackRoot is Unpack for an open directory. Its path may lead elsewhere
// meanwhile.
func UnpackRoot(ctx context.Context, r io.Reader, root *os.Root, o UnpackOptions) ([]string, error) {
	if o.MaxBytes == 0 {
		o.MaxBytes = defaultBytes
	}
	if o.MaxFiles == 0 {
		o.MaxFiles = defaultFiles
	}
	u := &unpacker{ctx: ctx, root: root, options: o, files: map[string]bool{}}
	err := u.all(r)
	if dirErr := u.closeDirs(); err == nil {
		err = dirErr
	}
	if err != nil {
		return u.made, fmt.Errorf("cannot unpack into %s: %w", root.Name(), err)
	}
	return u.made, nil
}

type unpacker struct {
	ctx     context.Context //nolint:containedctx // lives as long as one call
	root    *os.Root
	options UnpackOptions
	bytes   int64
	count   int
	made    []string
	files   map[string]bool // regular files that were created, for hard links
	dirs    []dirAttributes
	above   string // directory of the last entry, with a slash at its end
}

// dirAttributes are applied after all entries were unpacked.
type dirAttributes struct {
	name string
	mode fs.FileMode
	time time.Time
}

func (u *unpacker) all(r io.Reader) error {
	end := &tail{from: r}
	archive := tar.NewReader(end)
	for {
		h, err := archive.Next()
		switch {
		case u.ctx.Err() != nil:
			return context.Cause(u.ctx)
		case errors.Is(err, io.EOF) && !end.proper():
			return io.ErrUnexpectedEOF
		case errors.Is(err, io.EOF):
			_, err := io.CopyN(io.Discard, r, 1<<20) // read the padding, so that the sender does not get SIGPIPE
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return err
		case err != nil && !errors.Is(err, tar.ErrInsecurePath): // names are checked below
			return err
		}
		err = u.entry(archive, h)
		if why, refused := errors.AsType[*refusal](err); refused && u.options.Refused != nil {
			u.options.Refused(h.Name, why.why)
			continue
		}
		if err != nil {
			return fmt.Errorf("%q: %w", h.Name, err)
		}
	}
}

func (u *unpacker) entry(content io.Reader, h *tar.Header) error {
	if h.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	name, err := u.localName(h.Name)
	if err != nil || name == "" {
		return err
	}
	if !u.keeps(name, h) {
		return nil
	}
	if u.count++; u.count > u.options.MaxFiles {
		return fmt.Errorf("%w: more than %d files", ErrTooLarge, u.options.MaxFiles)
	}
	if name == "." {
		return nil // the mode of dir itself is not changed
	}
	if err := u.parents(path.Dir(name)); err != nil {
		return err
	}
	switch h.Typeflag {
	case tar.TypeDir:
		return u.dir(name, h)
	case tar.TypeReg, tar.TypeGNUSparse:
		return u.file(content, name, h)
	case tar.TypeSymlink:
		return u.symlink(name, h)
	case tar.TypeLink:
		return u.link(name, h)
	}
	return refuse("it is neither file nor directory nor link")
}

// keeps calls Keep for a name and its parent directories, for which the archive
// may have no entries.
func (u *unpacker) keeps(name string, h *tar.Header) bool {
	if u.options.Keep == nil {
		return true
	}
	above := &tar.Header{Typeflag: tar.TypeDir, Mode: 0o755}
	for i, c := range name {
		if above.Name = name[:i]; c == '/' && !u.options.Keep(above.Name, fs.FileInfoToDirEntry(above.FileInfo())) {
			return false
		}
	}
	return u.options.Keep(name, fs.FileInfoToDirEntry(h.FileInfo()))
}

func (u *unpacker) dir(name string, h *tar.Header) error {
	if err := u.makeDir(name); err != nil {
		return err
	}
	u.dirs = append(u.dirs, dirAttributes{name, h.FileInfo().Mode().Perm(), h.ModTime})
	return nil
}

func (u *unpacker) file(content io.Reader, name string, h *tar.Header) (err error) {
	if h.Size > u.options.MaxBytes-u.bytes {
		return fmt.Errorf("%w: more than %d bytes", ErrTooLarge, u.options.MaxBytes)
	}
	u.bytes += h.Size
	if err := u.makeWay(name); err != nil {
		return err
	}
	f, err := u.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, &ctxReader{u.ctx, content})
	if err = errors.Join(err, f.Chmod(h.FileInfo().Mode().Perm()), f.Close()); err != nil {
		_ = u.root.Remove(name)
		return err
	}
	u.made, u.files[name] = append(u.made, name), true
	return u.root.Chtimes(name, h.ModTime, h.ModTime)
}

func (u *unpacker) symlink(name string, h *tar.Header) error {
	target := h.Linkname
	if below, ok := strings.CutPrefix(target+"/", u.options.LinkRoot+"/"); ok && u.options.LinkRoot != "" {
		target = strings.Repeat("../", strings.Count(name, "/")) + strings.TrimLeft(below, "/")
		target = cmp.Or(strings.TrimRight(target, "/"), ".")
	}
	if err := safefs.CheckLink(name, target); err != nil {
		return refuse(err.Error())
	}
	if err := u.makeWay(name); err != nil {
		return err
	}
	if err := u.root.Symlink(target, name); err != nil {
		return err
	}
	u.made = append(u.made, name)
	return nil
}

func (u *unpacker) link(name string, h *tar.Header) error {
	to, err := u.localName(h.Linkname)
	if err != nil || !u.files[to] {
		return refuse(fmt.Sprintf("it is a hard link to %q, which was not unpacked before", h.Linkname))
	}
	if to == name {
		return nil
	}
	if err := u.makeWay(name); err != nil {
		return err
	}
	if err := u.root.Link(to, name); err != nil {
		return err
	}
	u.made, u.files[name] = append(u.made, name), true
	return nil
}

// closeDirs sets the modes and times of directories, inner ones first.
func (u *unpacker) closeDirs() error {
	var errs []error
	for _, d := range slices.Backward(u.dirs) {
		errs = append(errs, u.root.Chtimes(d.name, d.time, d.time), u.root.Chmod(d.name, d.mode))
	}
	return errors.Join(errs...)
}
