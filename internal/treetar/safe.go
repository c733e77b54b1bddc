// SPDX-License-Identifier: GPL-2.0-or-later

package treetar

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// A refusal is the reason why an entry is not unpacked.
type refusal struct{ why string }

func (r *refusal) Error() string { return r.why }

func refuse(why string) error { return &refusal{why} }

// localName returns the name below dir for an entry's name, "." for dir itself,
// or "" if Strip leaves nothing.
func (u *unpacker) localName(name string) (string, error) {
	name, err := stripName(name, u.options.Strip)
	if err != nil || name == "" || u.options.Below == "" {
		return name, err
	}
	return path.Join(u.options.Below, name), nil
}

// stripName returns an entry's name after removing strip elements, "." for the
// directory itself, or "" if nothing is left.
func stripName(name string, strip int) (string, error) {
	if err := safefs.CheckName(name); err != nil {
		return "", refuse(err.Error())
	}
	var parts []string
	for part := range strings.SplitSeq(name, "/") {
		switch part {
		case "", ".":
		default:
			parts = append(parts, part)
		}
	}
	switch {
	case len(parts) > strip:
		return strings.Join(parts[strip:], "/"), nil
	case len(parts) == 0 && strip == 0:
		return ".", nil
	}
	return "", nil
}

// parents creates a directory and those above it. Those that it has in common
// with the last one are there: no entry replaces a directory.
func (u *unpacker) parents(name string) error {
	if name == "." {
		return nil
	}
	name += "/"
	for i, c := range name {
		if c != '/' || strings.HasPrefix(u.above, name[:i+1]) {
			continue
		}
		if err := u.makeDir(name[:i]); err != nil {
			return err
		}
	}
	u.above = name
	return nil
}

// makeDir creates a writable directory. An existing entry must be a directory
// and not a symbolic link.
func (u *unpacker) makeDir(name string) error {
	info, err := u.root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if u.count++; u.count > u.options.MaxFiles {
			return fmt.Errorf("%w: more than %d files", ErrTooLarge, u.options.MaxFiles)
		}
		return u.root.Mkdir(name, 0o755)
	case err != nil:
		return err
	case !info.IsDir():
		return refuse(fmt.Sprintf("%s is there and no directory", path.Base(name)))
	}
	return nil
}

// makeWay removes the file or symbolic link that an entry replaces. It does not
// open it, because it may be a link or have another hard link elsewhere.
func (u *unpacker) makeWay(name string) error {
	info, err := u.root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.IsDir():
		return refuse("a directory of this name is there")
	}
	delete(u.files, name)
	return u.root.Remove(name)
}

// tail counts the zero bytes at the end of a stream.
type tail struct {
	from  io.Reader
	zeros int
}

// tarBlock is the block size of an archive. An archive ends with two blocks of
// zeros.
const tarBlock = 512

func (t *tail) Read(p []byte) (int, error) {
	n, err := t.from.Read(p)
	rest := len(strings.TrimRight(string(p[max(0, n-tarBlock):n]), "\x00"))
	if trailing := min(n, tarBlock) - rest; trailing == n {
		t.zeros += n
	} else {
		t.zeros = trailing
	}
	return n, err
}

// proper reports whether the archive was complete.
func (t *tail) proper() bool { return t.zeros >= tarBlock }

// ctxReader is a reader that fails when its context ends.
type ctxReader struct {
	ctx  context.Context //nolint:containedctx // lives as long as one call
	from io.Reader
}

func (p *ctxReader) Read(b []byte) (int, error) {
	if p.ctx.Err() != nil {
		return 0, context.Cause(p.ctx)
	}
	return p.from.Read(b)
}
