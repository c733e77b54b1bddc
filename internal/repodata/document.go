// SPDX-License-Identifier: GPL-2.0-or-later

package repodata

import (
	"bytes"
	"context"
	"crypto"
	_ "crypto/sha256" // the digests that indexes are listed with
	_ "crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// A document is a small file that changes without changing its URL.
type document struct {
	body    []byte
	warning string // set if the cache was used because the mirror did not answer
}

// document fetches a file, with a conditional request if the cache has it. If the
// mirror cannot be reached, the cached file is used.
func (c *Client) document(ctx context.Context, url string, limit int64) (document, error) {
	return c.once(ctx, url, func() (document, error) { return c.fetchDocument(ctx, url, limit) })
}

func (c *Client) fetchDocument(ctx context.Context, url string, limit int64) (document, error) {
	if strings.HasPrefix(url, "file:") {
		var body bytes.Buffer
		_, err := c.get(ctx, request{url: url, limit: limit}, &body)
		return document{body: body.Bytes()}, err
	}
	key := "document " + redacted(url)
	var known *cacheMeta
	kept, meta, err := c.cache.read(key)
	switch {
	case err == nil && int64(len(kept)) <= limit:
		known = &meta
	case err != nil && !errors.Is(err, errNotCached):
		return document{}, err
	}
	if c.offline(url) {
		if known == nil {
			return document{}, &OfflineError{URLs: []string{redacted(url)}}
		}
		return document{body: kept}, nil
	}
	var body bytes.Buffer
	r, err := c.get(ctx, request{url: url, limit: limit, known: known}, &body)
	switch {
	case err == nil && r.notModified:
		return document{body: kept}, nil
	case err == nil:
		meta := cacheMeta{Key: key, ETag: r.ETag, LastModified: r.LastModified, Fetched: c.opts.Now()}
		return document{body: body.Bytes()}, c.cache.write(meta, body.Bytes())
	case known == nil || errors.Is(err, ErrNotFound) || ctx.Err() != nil:
		return document{}, err
	}
	return document{body: kept, warning: fmt.Sprintf("%v; used what was fetched on %s",
		err, meta.Fetched.UTC().Format("2006-01-02 15:04 UTC"))}, nil
}

// offline reports whether a URL must not be requested.
func (c *Client) offline(url string) bool {
	return c.opts.Offline && !strings.HasPrefix(url, "file:")
}

// A digest is what a file must hash to.
type digest struct {
	hash crypto.Hash
	hex  string
}

// newDigest reads a digest of a kind that is still secure.
func newDigest(kind, text string) (digest, error) {
	kinds := map[string]crypto.Hash{"sha256": crypto.SHA256, "sha384": crypto.SHA384, "sha512": crypto.SHA512}
	h, ok := kinds[strings.ToLower(kind)]
	if !ok {
		return digest{}, fmt.Errorf("digest of kind %q proves nothing", kind)
	}
	if raw, err := hex.DecodeString(text); err != nil || len(raw) != h.Size() {
		return digest{}, fmt.Errorf("%q is no %s digest", text, kind)
	}
	return digest{h, strings.ToLower(text)}, nil
}

// download fetches a file with a known digest and returns it unlinked, at its
// start. The request's limit is the expected size, -1 if it is not known.
func (c *Client) download(ctx context.Context, f request, want digest) (*os.File, error) {
	if f.limit > c.opts.MaxDownload {
		return nil, fmt.Errorf("%s: %d bytes are announced, more than the %d allowed", redacted(f.url), f.limit, c.opts.MaxDownload)
	}
	if f.limit < 0 {
		f.limit = c.opts.MaxDownload
	}
	file, err := c.cache.temporary()
	if err != nil {
		return nil, err
	}
	sum := want.hash.New()
	_, err = c.get(ctx, f, io.MultiWriter(file, sum))
	if err == nil {
		if got := hex.EncodeToString(sum.Sum(nil)); got != want.hex {
			err = fmt.Errorf("%s: %s digest is %s, not %s: the mirror is damaged or being updated",
				redacted(f.url), want.hash, got, want.hex)
		}
	}
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}
