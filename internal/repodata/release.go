// SPDX-License-Identifier: GPL-2.0-or-later

package repodata

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrNoIndex is returned if a release lacks a component or an architecture.
var ErrNoIndex = errors.New("Release file lists no packages") //nolint:staticcheck // the file's name has a capital

const maxRelease = 8 << 20 // Ubuntu's largest has 300 KiB

// A release has those fields of a Release file that this package uses.
type release struct {
	suite, codename string
	archs           []string
	components      []string
	byHash          bool // indexes are also at by-hash/SHA256/DIGEST
	allApart        bool // packages for all architectures are only in binary-all
	validUntil      time.Time
	files           map[string]releaseFile // by path below the Release file
}

type releaseFile struct {
	sha256 string
	size   int64
}

// release fetches and verifies a suite's Release file: InRelease, or Release
// with Release.gpg where the mirror has no InRelease.
func (c *Client) release(ctx context.Context, s Source, r *Report) (*release, error) {
	base := join(s.URL, "dists", s.Suite)
	text, err := c.signedRelease(ctx, base, s, r)
	if err != nil {
		return nil, err
	}
	rel, err := parseRelease(text)
	if err != nil {
		return nil, fmt.Errorf("%s/Release: %w", redacted(base), err)
	}
	if rel.suite+rel.codename != "" && rel.suite != s.Suite && rel.codename != s.Suite {
		return nil, fmt.Errorf("%s: Release file is for suite %q (%s), not for %q",
			redacted(base), rel.suite, rel.codename, s.Suite)
	}
	if !rel.validUntil.IsZero() && c.opts.Now().After(rel.validUntil) {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%s: Release file expired on %s",
			redacted(base), rel.validUntil.Format("2006-01-02")))
	}
	return rel, nil
}

// signedRelease returns the verified text of a Release file.
func (c *Client) signedRelease(ctx context.Context, base string, s Source, r *Report) ([]byte, error) {
	url := join(base, "InRelease")
	doc, err := c.document(ctx, url, maxRelease)
	var off *OfflineError
	if errors.Is(err, ErrNotFound) || errors.As(err, &off) {
		text, err2 := c.detachedRelease(ctx, base, s, r)
		if err2 == nil || !(errors.Is(err2, ErrNotFound) || errors.As(err2, &off)) {
			return text, err2
		}
	}
	if err != nil {
		return nil, err
	}
	r.stale(doc)
	text, sig, err := verifyClearsigned(s.Keyring, doc.body, c.opts.Now())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", redacted(url), err)
	}
	sig.URL = redacted(url)
	r.Signatures = append(r.Signatures, sig)
	return text, nil
}

// detachedRelease reads Release, whose signature is in a second file.
func (c *Client) detachedRelease(ctx context.Context, base string, s Source, r *Report) ([]byte, error) {
	url := join(base, "Release")
	doc, err := c.document(ctx, url, maxRelease)
	if err != nil {
		return nil, err
	}
	r.stale(doc)
	sig, err := c.detachedSignature(ctx, url, url+".gpg", doc.body, s.Keyring)
	if err != nil {
		return nil, err
	}
	r.Signatures = append(r.Signatures, sig)
	return doc.body, nil
}

// stale warns that a document came from the cache because the mirror did not answer.
func (r *Report) stale(d document) {
	if d.warning != "" {
		r.Warnings = append(r.Warnings, d.warning)
	}
}

// releaseFields are those that parseRelease reads, in lower case.
func releaseFields() map[string]bool {
	return map[string]bool{"suite": true, "codename": true, "architectures": true, "components": true,
		"acquire-by-hash": true, "no-support-for-architecture-all": true, "valid-until": true, "sha256": true}
}

func parseRelease(text []byte) (*release, error) {
	var rel *release
	err := paragraphs(bytes.NewReader(text), releaseFields(), func(f map[string]string) error {
		if rel != nil {
			return errors.New("a second paragraph")
		}
		rel = &release{
			suite: f["suite"], codename: f["codename"],
			archs: strings.Fields(f["architectures"]), components: strings.Fields(f["components"]),
			byHash: f["acquire-by-hash"] == "yes",
		}
		rel.allApart = slices.Contains(rel.archs, "all") && f["no-support-for-architecture-all"] != "Packages"
		var err error
		if v := f["valid-until"]; v != "" {
			if rel.validUntil, err = parseDate(v); err != nil {
				return err
			}
		}
		rel.files, err = parseFileList(f["sha256"])
		return err
	})
	if err == nil && rel == nil {
		err = errors.New("empty")
	}
	if err != nil {
		return nil, err
	}
	return rel, nil
}

func parseDate(v string) (time.Time, error) {
	for _, layout := range []string{time.RFC1123, time.RFC1123Z, "Mon, _2 Jan 2006 15:04:05 MST"} {
		if t, err := time.Parse(layout, v); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no date", v)
}

// parseFileList reads lines of digest, size and path.
func parseFileList(text string) (map[string]releaseFile, error) {
	files := map[string]releaseFile{}
	for line := range strings.SplitSeq(text, "\n") {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		if len(f) != 3 {
			return nil, fmt.Errorf("%q is no digest, size and path", line)
		}
		if _, err := newDigest("sha256", f[0]); err != nil {
			return nil, err
		}
		size, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil || size < 0 {
			return nil, fmt.Errorf("%q is not a size", f[1])
		}
		if old, twice := files[f[2]]; twice && old != (releaseFile{f[0], size}) {
			return nil, fmt.Errorf("%q is listed twice, differently", f[2])
		}
		files[f[2]] = releaseFile{f[0], size}
	}
	if len(files) == 0 {
		return nil, errors.New("lists no SHA256 digests")
	}
	return files, nil
}
