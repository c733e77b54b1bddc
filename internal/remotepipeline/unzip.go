// SPDX-License-Identifier: GPL-2.0-or-later

package remotepipeline

import (
	"archive/zip"
	"bytes"
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
	"sync/atomic"

	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// unzip unpacks an untrusted archive below a directory. It skips symbolic links
// that lead out of the directory and says so in notes. all is what may still be stored
// of all archives, in bytes.
func unzip(ctx context.Context, packed *os.File, directory *safefs.Dir, limits Limits, all *atomic.Int64) (notes []string, err error) {
	info, err := packed.Stat()
	if err != nil {
		return nil, err
	}
	index := &indexReader{from: packed, files: limits.Files, bytes: maxIndex}
	archive, err := zip.NewReader(index, info.Size())
	if index.err != nil {
		return nil, index.err
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the archive: %w", err)
	}
	index.done = true
	u := &unzipper{dir: directory, left: limits.Unpacked, all: all, nesting: maxNesting}
	defer func() {
		if err != nil { // the files are removed
			all.Add(u.taken)
		}
	}()
	for _, entry := range archive.File {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err := u.unpack(entry); err != nil {
			return nil, fmt.Errorf("%q in the archive: %w", entry.Name, err)
		}
	}
	if u.more > 0 {
		u.notes = append(u.notes, fmt.Sprintf("left out of the artifacts: %d more", u.more))
	}
	return u.notes, nil
}

// maxNotes limits the entries left out that are named. An entry of a few bytes
// can have a note of many.
const maxNotes = 20

// maxNesting limits the sum of the squares of the entries' depths: so many
// directories are looked at to see that no entry goes through a link.
const maxNesting = 1 << 27

// maxIndex limits the size of an archive's central directory, in bytes.
const maxIndex = 128 << 20

// An indexReader limits the central directory of an archive, which archive/zip
// reads into memory. It counts the entries' signatures as they are read, because
// the sizes in the archive cannot be trusted.
type indexReader struct {
	from  io.ReaderAt
	files int    // allowed
	bytes int64  // that may still come
	seen  int    // files, without a jump
	end   int64  // end offset of the last read
	tail  []byte // last bytes of the last read
	done  bool   // the central directory was read
	err   error
}

func (r *indexReader) ReadAt(p []byte, offset int64) (int, error) {
	n, err := r.from.ReadAt(p, offset)
	if r.done {
		return n, err
	}
	if offset != r.end { // archive/zip reads the end record first, then the central directory in sequence
		r.seen, r.tail = 0, nil
	}
	r.end = offset + int64(n)
	read := append(r.tail, p[:n]...)
	r.seen += bytes.Count(read, []byte("PK\x01\x02"))
	r.tail = bytes.Clone(read[max(0, len(read)-3):]) // one byte less than a signature
	r.bytes -= int64(n)
	switch {
	case r.seen > r.files:
		r.err = fmt.Errorf("the archive has more than %d files", r.files)
	case r.bytes < 0:
		r.err = fmt.Errorf("the archive's index is %w", errTooLarge)
	}
	if r.err != nil {
		return 0, r.err
	}
	return n, err
}

type unzipper struct {
	dir     *safefs.Dir
	left    int64 // bytes that may still be written
	all     *atomic.Int64
	taken   int64 // of all
	nesting int   // of entries that may still come
	notes   []string
	more    int // entries left out that no note is about

	repository bool // a file of a repository was skipped; noted once
}

// ofRepository reports whether a file is part of a .git directory. Its
// configuration would affect git commands in the directory.
func ofRepository(name string) bool {
	return slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool { return strings.EqualFold(part, ".git") })
}

// maxLink limits the length of a symbolic link's target, in bytes.
const maxLink = 4096

func (u *unzipper) leaveOut(name, why string) {
	if len(u.notes) == maxNotes {
		u.more++
		return
	}
	u.notes = append(u.notes, fmt.Sprintf("left out of the artifacts: %q: %s", name, why))
}

// fileCost is what an entry takes of the budget of all archives, besides its content.
const fileCost = 4 << 10

// take takes bytes of the budget of all archives.
func (u *unzipper) take(n int64) error {
	if u.all.Add(-n) < 0 {
		u.all.Add(n)
		return fmt.Errorf("the artifacts of all jobs together are %w", errTooLarge)
	}
	u.taken += n
	return nil
}

func (u *unzipper) unpack(entry *zip.File) error {
	if err := u.take(fileCost); err != nil {
		return err
	}
	name := strings.TrimSuffix(entry.Name, "/")
	if !filepath.IsLocal(name) || strings.ContainsAny(name, "\\\x00") || safefs.CheckName(name) != nil {
		return errors.New("leads out of the directory")
	}
	name = path.Clean(name)
	depth := strings.Count(name, "/") + 1
	if u.nesting -= depth * depth; u.nesting < 0 {
		return errors.New("the directories of the archive are nested too deep")
	}
	if ofRepository(name) {
		if !u.repository {
			u.leaveOut(name, "artifacts have no repositories")
		}
		u.repository = true
		return nil
	}
	mode := entry.Mode()
	above := path.Dir(name)
	if mode.IsDir() {
		above = name
	}
	if err := u.dir.MkdirAll(above, 0o755); err != nil {
		if errors.Is(err, safefs.ErrLink) {
			u.leaveOut(name, "it leads through a link")
			return nil
		}
		return err
	}
	if mode.IsDir() {
		return nil
	}
	if info, err := u.dir.Lstat(name); err == nil && info.IsDir() {
		return errors.New("a directory of this name is there")
	}
	if err := u.dir.RemoveAll(name); err != nil {
		return err
	}
	switch {
	case mode&fs.ModeSymlink != 0:
		return u.link(entry, name)
	case !mode.IsRegular():
		u.leaveOut(name, "it is no file")
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
	to, err := u.dir.Create(name, mode)
	if err != nil {
		return err
	}
	n, err := io.Copy(to, &budgetReader{io.LimitReader(from, u.left+1), u}) // the extra byte detects files that are too large; reading to the end verifies the checksum
	if u.left -= n; u.left < 0 {
		err = fmt.Errorf("the files are %w", errTooLarge)
	}
	return errors.Join(err, to.Close())
}

// A budgetReader takes what it reads of the budget of all archives.
type budgetReader struct {
	io.Reader
	u *unzipper
}

func (b *budgetReader) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if over := b.u.take(int64(n)); over != nil {
		return 0, over
	}
	return n, err
}

// link creates a symbolic link if its target is in the directory.
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
	if err := safefs.CheckLink(name, string(target)); err != nil {
		u.leaveOut(name, err.Error())
		return nil
	}
	return u.dir.Symlink(string(target), name)
}
