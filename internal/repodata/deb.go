// SPDX-License-Identifier: GPL-2.0-or-later

package repodata

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// debIndexes opens the Packages files of a suite and of its pockets, one for
// each component. A mirror need not have the pockets: r.unread has the reason for
// each that was not read. A wrong signature of a pocket is an error.
func (c *Client) debIndexes(ctx context.Context, s Source, r *Report) ([]index, error) {
	indexes, err := c.suiteIndexes(ctx, s, r)
	if err != nil {
		return nil, err
	}
	for _, p := range s.Pockets {
		more, err := c.suiteIndexes(ctx, p.source(s), r)
		if errors.Is(err, ErrSignature) || ctx.Err() != nil && err != nil {
			for _, i := range indexes {
				i.close()
			}
			return nil, err
		}
		if err != nil {
			r.unread = append(r.unread, fmt.Sprintf("suite %s: %v", p.Suite, err))
		}
		indexes = append(indexes, more...)
	}
	return indexes, nil
}

// source describes the pocket as a suite of its own.
func (p Pocket) source(s Source) Source {
	s.URL, s.Suite, s.Pockets = cmp.Or(p.URL, s.URL), p.Suite, nil
	return s
}

func (c *Client) suiteIndexes(ctx context.Context, s Source, r *Report) ([]index, error) {
	rel, err := c.release(ctx, s, r)
	if err != nil {
		return nil, err
	}
	base := join(s.URL, "dists", s.Suite)
	var files []indexFile
	var errs []error
	for _, component := range s.Components {
		for _, arch := range rel.archsOf(s.Arch) {
			f, err := rel.packagesFile(base, component, arch)
			files, errs = append(files, f), append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return c.openLists(ctx, files, r, nil)
}

// openLists opens the lists of indexes and warns of names that they leave out.
func (c *Client) openLists(ctx context.Context, files []indexFile, r *Report, arch func(string) bool) ([]index, error) {
	lists, err := c.lists(ctx, files)
	if err != nil {
		return nil, err
	}
	indexes := make([]index, len(lists))
	for i, l := range lists {
		l.arch = arch
		l.dropped(files[i].url, r)
		indexes[i] = l
	}
	return indexes, nil
}

// archsOf returns the binary-ARCH directories in which an architecture's packages are.
func (rel *release) archsOf(arch string) []string {
	if rel.allApart {
		return []string{arch, "all"}
	}
	return []string{arch}
}

// packagesFile finds a component's index in the Release file, in the smallest
// form that can be read.
func (rel *release) packagesFile(base, component, arch string) (indexFile, error) {
	// A component named "updates/main" has its indexes below "main" on
	// some mirrors and below its whole name on others.
	for _, dir := range slices.Compact([]string{component, path.Base(component)}) {
		plain := dir + "/binary-" + arch + "/Packages"
		unpacked := int64(-1)
		if f, ok := rel.files[plain]; ok {
			unpacked = f.size
		}
		for _, ext := range []string{".xz", ".zst", ".gz", ".bz2", ""} {
			f, ok := rel.files[plain+ext]
			if !ok {
				continue
			}
			d, err := newDigest("sha256", f.sha256)
			if err != nil {
				return indexFile{}, err
			}
			x := indexFile{url: join(base, plain+ext), digest: d, size: f.size, unpacked: unpacked, parse: parsePackages}
			if rel.byHash {
				x.from = append(x.from, join(base, path.Dir(plain), "by-hash/SHA256", d.hex))
			}
			x.from = append(x.from, x.url) // partial mirrors have no by-hash
			return x, nil
		}
	}
	return indexFile{}, fmt.Errorf("%s: %w of component %q for %q; it has components %s for %s",
		redacted(base), ErrNoIndex, component, arch, quoteList(rel.components), quoteList(rel.archs))
}

// quoteList shows words from outside.
func quoteList(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	quoted := make([]string, 0, len(words))
	for _, w := range words[:min(len(words), 30)] {
		quoted = append(quoted, fmt.Sprintf("%q", w))
	}
	return strings.Join(quoted, " ")
}

func parsePackages(r io.Reader, each func(record) error) error {
	wanted := map[string]bool{"package": true, "architecture": true, "provides": true}
	return paragraphs(r, wanted, func(f map[string]string) error {
		if f["package"] == "" {
			return errors.New("an entry without a package name")
		}
		return each(record{f["package"], f["architecture"], parseProvides(f["provides"])})
	})
}

// parseProvides reads a Provides field, "a, b (= 1.2), c:any", for its names.
func parseProvides(field string) []string {
	if field == "" {
		return nil
	}
	var names []string
	for p := range strings.SplitSeq(field, ",") {
		p = strings.TrimSpace(p)
		if end := strings.IndexAny(p, " (:[\n\t"); end >= 0 {
			p = p[:end]
		}
		if p != "" {
			names = append(names, p)
		}
	}
	return names
}
