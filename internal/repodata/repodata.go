// SPDX-License-Identifier: GPL-2.0-or-later

// Package repodata reads distributions' package indexes.
//
// [Client.Verify] looks up names in the indexes of a [Source]. It fetches the
// indexes over http, https or from a file:// mirror, verifies the signatures
// that the distribution makes, and caches the names. Each name is reported as a
// package, as a virtual name that packages provide, or as missing.
//
// Mirrors are untrusted: sizes, redirects, times, decompression and names are
// bounded.
package repodata

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Source is one set of package indexes: a distribution release on a mirror,
// for one architecture.
type Source struct {
	Format     string   // "deb", "rpm" or "apk"
	URL        string   // the mirror's base: http, https or file
	Suite      string   // deb: directory below dists/
	Components []string // deb: "main", "universe", …
	Pockets    []Pocket // deb: further parts of the release; those that the mirror lacks are skipped

	// Repos are the repositories of rpm (their directories hold repodata/) and apk
	// (holding APKINDEX.tar.gz): directories below URL, or whole addresses, in
	// which "$arch" stands for Arch. Empty means URL itself.
	Repos []string

	Arch string // as the distribution calls it: "amd64" (deb), "x86_64" (rpm, apk)

	// Keyring is a file of OpenPGP public keys (deb, rpm) or a directory of
	// PEM public keys named as the signatures name them (apk). If it is
	// empty or does not exist, signatures are not verified, and the report
	// says so.
	Keyring string
}

// A Pocket is a part of a deb release that has its own suite, with the same
// components and keys: updates, security fixes.
type Pocket struct {
	URL   string // of its mirror, "" for the source's
	Suite string // "trixie-updates"
}

// A Status is the result of a look-up.
type Status string

const (
	Present Status = "present" // a package of that name
	Virtual Status = "virtual" // no such package, but some provide the name
	Missing Status = "missing" // not known at all
)

// A Result is the answer for one name.
type Result struct {
	Name       string   // as requested
	Status     Status   // never empty
	ProvidedBy []string // for Virtual: packages that provide it, sorted, at most 20
	Nearest    []string // for Missing: at most three known names, the most similar first; nil when none is similar
}

// A Signature is the result of verifying one document.
type Signature struct {
	URL      string // the signed document
	Verified bool   // signed by a key of the keyring
	Detail   string // the key, or why nothing was verified
}

// A Report is what [Client.Verify] found.
type Report struct {
	Results    []Result    // one for each distinct name, in the order asked
	Signatures []Signature // one for each signed document that was read, in that order
	Warnings   []string    // in an undefined but stable order
	Packages   int         // entries in the indexes read; a package in several versions counts as often

	unread []string // pockets, and why; it matters if a name is missing
}

// errUnsupported is returned for a format that has no reader here, such as pkg.
var errUnsupported = errors.New("no reader for this package format")

// Supported reports whether indexes of the packaging format can be read.
func Supported(format string) bool {
	return format == "deb" || format == "rpm" || format == "apk"
}

// Verify looks the names up in the source's indexes. A name may carry the
// source's own architecture as a suffix (":arm64"), which is not part of what
// is looked up. Names asked twice are answered once.
//
// It fails if an index cannot be fetched or verified: [ErrNotFound] when the
// mirror has no such file, [ErrNoIndex] when a deb release does not have the
// architecture or a component, an [*OfflineError] when the cache of an offline
// client lacks a file, [ErrSignature] when a signature is wrong. It is
// safe from several goroutines.
func (c *Client) Verify(ctx context.Context, s Source, names []string) (*Report, error) {
	asked, err := newMatcher(names, s.Arch)
	if err != nil {
		return nil, err
	}
	r := &Report{}
	indexes, err := c.indexes(ctx, s, r)
	if err != nil {
		return nil, err
	}
	defer func() {
		for _, i := range indexes {
			i.close()
		}
	}()
	for _, i := range indexes {
		r.Packages += i.packages()
		if err := i.scan(ctx, asked.match); err != nil {
			return nil, err
		}
	}
	if near := asked.nearest(); near != nil {
		for _, i := range indexes {
			if err := i.scan(ctx, near.consider); err != nil {
				return nil, err
			}
		}
		near.finish()
		for _, pocket := range r.unread {
			r.Warnings = append(r.Warnings, "missing names may be in what cannot be read: "+pocket)
		}
	}
	r.Results = asked.results
	slices.Sort(r.Warnings)
	r.Warnings = slices.Compact(r.Warnings)
	return r, nil
}

// indexes checks the source, fetches its indexes and opens them. The caller
// closes them.
func (c *Client) indexes(ctx context.Context, s Source, r *Report) ([]index, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	switch s.Format {
	case "deb":
		return c.debIndexes(ctx, s, r)
	case "rpm":
		return c.rpmIndexes(ctx, s, r)
	default:
		return c.apkIndexes(ctx, s, r)
	}
}

// check refuses parts that would change the meaning of a path or URL.
func (s Source) check() error {
	if !Supported(s.Format) {
		return fmt.Errorf("%w: %q", errUnsupported, s.Format)
	}
	if s.Arch == "" {
		return errors.New("source without an architecture")
	}
	words := append([]string{s.Arch}, s.Components...)
	if s.Format == "deb" {
		if s.Suite == "" || len(s.Components) == 0 {
			return errors.New("deb source without a suite or without components")
		}
		words = append(words, s.Suite)
		for _, p := range s.Pockets {
			words = append(words, p.Suite)
		}
	}
	for _, w := range words {
		if !plainPath(w) {
			return fmt.Errorf("%q cannot be part of a mirror's path", w)
		}
	}
	_, err := parseURL(s.URL)
	return err
}

// plainPath reports whether p is one or more plain names joined by slashes,
// so that it stays below the path that it is appended to.
func plainPath(p string) bool {
	for part := range strings.SplitSeq(p, "/") {
		if part == "" || part[0] == '.' {
			return false
		}
		for _, c := range []byte(part) {
			plain := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
				strings.IndexByte("._+~=,:@-", c) >= 0
			if !plain {
				return false
			}
		}
	}
	return true
}

// repoURLs returns the addresses of an rpm or apk source's repositories.
func (s Source) repoURLs() []string {
	urls := []string{s.URL}
	if len(s.Repos) > 0 {
		urls = nil
		for _, repo := range s.Repos {
			if !strings.Contains(repo, "://") {
				repo = join(s.URL, strings.Trim(repo, "/"))
			}
			urls = append(urls, repo)
		}
	}
	named := strings.NewReplacer("$basearch", s.Arch, "$arch", s.Arch)
	for i, u := range urls {
		urls[i] = strings.TrimRight(named.Replace(u), "/")
	}
	return urls
}
