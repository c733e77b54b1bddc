// SPDX-License-Identifier: GPL-2.0-or-later

package repodata

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/errgroup"
)

// An indexFile is a large index with a digest from a verified document. The cache
// keeps only its names, in a list that is valid while the digest is the same. A
// list has a fiftieth of the size of its index.
type indexFile struct {
	url      string   // does not change with the content; key of the list
	from     []string // URLs of this version, best first
	digest   digest
	size     int64 // as fetched; -1 when not known
	unpacked int64 // as unpacked; -1 when not known
	parse    func(r io.Reader, each func(record) error) error
}

// A nameList is an index whose names the cache holds.
type nameList struct {
	file *os.File
	meta cacheMeta
	arch func(string) bool // which records count; nil means all
}

func (l *nameList) packages() int { return l.meta.Packages }
func (l *nameList) close()        { _ = l.file.Close() }

// lists opens all the indexes, in their order, fetching those that have changed.
func (c *Client) lists(ctx context.Context, files []indexFile) ([]*nameList, error) {
	lists := make([]*nameList, len(files))
	errs := make([]error, len(files))
	group := errgroup.Group{}
	for i, f := range files {
		group.Go(func() error {
			lists[i], errs[i] = c.list(ctx, f)
			return nil // report the errors of all indexes
		})
	}
	_ = group.Wait()
	if err := joinErrors(errs); err != nil {
		for _, l := range lists {
			if l != nil {
				l.close()
			}
		}
		return nil, err
	}
	return lists, nil
}

// list opens one index's list of names, rewritten if the index has changed.
func (c *Client) list(ctx context.Context, x indexFile) (*nameList, error) {
	key := "names " + redacted(x.url)
	f, meta, err := c.cache.open(key)
	if err == nil {
		if meta.Index == x.digest.hex {
			return &nameList{file: f, meta: meta}, nil
		}
		_ = f.Close()
	} else if !errors.Is(err, errNotCached) {
		return nil, err
	}
	if last := x.from[len(x.from)-1]; c.offline(last) {
		return nil, &OfflineError{URLs: []string{redacted(last)}}
	}
	var packed *os.File
	for _, from := range x.from {
		packed, err = c.download(ctx, request{url: from, shown: x.url, limit: x.size}, x.digest)
		if !errors.Is(err, ErrNotFound) {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	defer packed.Close()
	if err := c.unpack.Acquire(ctx, 1); err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", redacted(x.url), err)
	}
	defer c.unpack.Release(1)
	if err := c.writeList(ctx, key, x, packed); err != nil {
		return nil, fmt.Errorf("%s: %w", redacted(x.url), err)
	}
	f, meta, err = c.cache.open(key)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot read back the list of names: %w", redacted(x.url), err)
	}
	return &nameList{file: f, meta: meta}, nil
}

// writeList unpacks and parses an index into its list of names.
func (c *Client) writeList(ctx context.Context, key string, x indexFile, packed io.Reader) error {
	limit := c.opts.MaxUnpacked
	if x.unpacked > limit {
		return fmt.Errorf("%d bytes unpacked are announced, more than the %d allowed", x.unpacked, limit)
	}
	if x.unpacked >= 0 {
		limit = x.unpacked
	}
	plain, done, err := unpack(x.url, contextReader{ctx, packed}, limit)
	if err != nil {
		return err
	}
	defer done()
	entry, err := c.cache.create(key)
	if err != nil {
		return err
	}
	defer entry.abandon()
	z, err := zstd.NewWriter(entry, zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(512<<10))
	if err != nil {
		return err
	}
	meta := cacheMeta{Index: x.digest.hex, Fetched: c.opts.Now()}
	out := listWriter{w: bufio.NewWriter(z), meta: &meta}
	if err := x.parse(plain, out.add); err != nil {
		return err
	}
	if err := errors.Join(out.w.Flush(), z.Close()); err != nil {
		return err
	}
	return entry.commit(meta)
}

// contextReader stops reading when the context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.r.Read(p)
}

// A listWriter writes records as lines: name, architecture, what it provides,
// separated by tabs. A package that provides many names has several lines.
type listWriter struct {
	w    *bufio.Writer
	meta *cacheMeta // counts go here
}

const maxListLine = 64 << 10

func (l *listWriter) add(r record) error {
	l.meta.Packages++
	if !printable(r.name) || (r.arch != "" && !printable(r.arch)) {
		l.meta.Dropped++
		return nil
	}
	length := 0
	for _, p := range r.provides {
		if p == r.name {
			continue
		}
		if !printable(p) {
			l.meta.Dropped++
			continue
		}
		if length > 0 && length+len(p) > maxListLine-3*maxNameLength {
			l.w.WriteByte('\n')
			length = 0
		}
		if length == 0 {
			length = l.start(r)
		}
		l.w.WriteByte('\t')
		l.w.WriteString(p)
		length += 1 + len(p)
	}
	if length == 0 {
		l.start(r)
	}
	return l.w.WriteByte('\n') // bufio keeps the first error of all the writes
}

func (l *listWriter) start(r record) int {
	l.w.WriteString(r.name)
	l.w.WriteByte('\t')
	l.w.WriteString(r.arch)
	return len(r.name) + 1 + len(r.arch)
}

func (l *nameList) scan(ctx context.Context, each func(record)) error {
	if _, err := l.file.Seek(cacheHeader, io.SeekStart); err != nil {
		return fmt.Errorf("cannot read the cache: %w", err)
	}
	z, err := zstd.NewReader(contextReader{ctx, l.file}, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
	if err != nil {
		return fmt.Errorf("cannot read the cache: %w", err)
	}
	defer z.Close()
	lines := bufio.NewScanner(z)
	lines.Buffer(make([]byte, 0, maxListLine), 2*maxListLine)
	var provides []string
	for lines.Scan() {
		name, rest, _ := strings.Cut(lines.Text(), "\t")
		arch, rest, _ := strings.Cut(rest, "\t")
		if l.arch != nil && !l.arch(arch) {
			continue
		}
		provides = provides[:0]
		for rest != "" {
			var p string
			p, rest, _ = strings.Cut(rest, "\t")
			provides = append(provides, p)
		}
		each(record{name, arch, provides})
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("cannot read the cache: %w", err)
	}
	return nil
}

// dropped says how many names of an index cannot be shown, if any.
func (l *nameList) dropped(url string, r *Report) {
	if l.meta.Dropped > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%s: %d names that are not printable left out",
			redacted(url), l.meta.Dropped))
	}
}
