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

// A refusal is an entry that may not be unpacked.
type refusal struct{ why string }

func (r *refusal) Error() string { return r.why }

func refuse(why string) error { return &refusal{why} }

// localName returns an entry's name below the directory it is unpacked into,
// "." for that directory, or "" when there is nothing left after stripping.
func localName(name string, strip int) (string, error) {
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

// parents makes the directories that an entry is in.
func (u *unpacker) parents(name string) error {
	if name == "." {
		return nil
	}
	for i, c := range name {
		if c == '/' {
			if err := u.makeDir(name[:i]); err != nil {
				return err
			}
		}
	}
	return u.makeDir(name)
}

// makeDir makes a directory that we can write to. What is already there must
// be a real one.
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

// makeWay removes the file or link that an entry replaces. It is never opened:
// it may be a link, or have another name elsewhere.
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

// tail remembers how many zero bytes a stream has ended with so far.
type tail struct {
	from  io.Reader
	zeros int
}

// tarBlock is what an archive is made of; it ends with two that are empty.
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

// proper reports whether the archive had an end.
func (t *tail) proper() bool { return t.zeros >= tarBlock }

// ctxReader is a reader that gives up when its context ends.
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
