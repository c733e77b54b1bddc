// SPDX-License-Identifier: GPL-2.0-or-later

package repodata

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	_ "crypto/sha1" // Alpine signs its indexes with RSA over SHA-1
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"golang.org/x/sync/errgroup"
)

const (
	maxAPKIndex     = 64 << 20  // Alpine's largest has 2 MiB
	maxAPKUnpacked  = 128 << 20 // the records stay in memory
	maxAPKNames     = 2_000_000 // packages and what they provide
	maxAPKSignature = 64 << 10
)

// apkIndexes opens the APKINDEX.tar.gz of each repository. They are small and
// no signed document lists their digests, so they are cached whole.
func (c *Client) apkIndexes(ctx context.Context, s Source, r *Report) ([]index, error) {
	repos := s.repoURLs()
	lists := make([]*apkIndex, len(repos))
	errs := make([]error, len(repos))
	var group errgroup.Group
	for i, repo := range repos {
		group.Go(func() error {
			lists[i], errs[i] = c.apkIndex(ctx, join(repo, "APKINDEX.tar.gz"), s.Keyring)
			return nil // report the errors of all repositories
		})
	}
	_ = group.Wait()
	if err := joinErrors(errs); err != nil {
		return nil, err
	}
	indexes := make([]index, len(lists))
	for i, l := range lists {
		r.stale(l.doc)
		r.Signatures = append(r.Signatures, l.signature)
		if l.dropped > 0 {
			r.Warnings = append(r.Warnings, fmt.Sprintf("%s: %d names that are not printable left out",
				l.signature.URL, l.dropped))
		}
		indexes[i] = l
	}
	return indexes, nil
}

// An apkIndex is an index that was fetched and parsed once.
type apkIndex struct {
	doc       document
	signature Signature
	records   []record
	dropped   int
}

func (a *apkIndex) packages() int { return len(a.records) }
func (a *apkIndex) close()        {}

func (a *apkIndex) scan(ctx context.Context, each func(record)) error {
	for _, r := range a.records {
		each(r)
	}
	return context.Cause(ctx)
}

func (c *Client) apkIndex(ctx context.Context, url, keys string) (*apkIndex, error) {
	doc, err := c.document(ctx, url, min(maxAPKIndex, c.opts.MaxDownload))
	if err != nil {
		return nil, err
	}
	a := &apkIndex{doc: doc}
	names := 0
	a.signature, err = readAPKIndex(doc.body, keys, min(maxAPKUnpacked, c.opts.MaxUnpacked), func(r record) error {
		if names += 1 + len(r.provides); names > maxAPKNames {
			return fmt.Errorf("more than %d names", maxAPKNames)
		}
		if !printable(r.name) {
			a.dropped++
			return nil
		}
		all := len(r.provides)
		r.provides = keepPrintable(r.provides)
		a.dropped += all - len(r.provides)
		a.records = append(a.records, r)
		return nil
	})
	a.signature.URL = redacted(url)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", redacted(url), err)
	}
	return a, nil
}

func keepPrintable(names []string) []string {
	kept := names[:0]
	for _, n := range names {
		if printable(n) {
			kept = append(kept, n)
		}
	}
	return kept
}

// readAPKIndex reads an APKINDEX.tar.gz: a gzip stream with the signature
// file, when it is signed, then one with the index, over whose packed bytes the
// signature is made. Both are parts of one tar archive.
func readAPKIndex(packed []byte, keys string, limit int64, each func(record) error) (Signature, error) {
	signed, signatures, err := splitAPKIndex(packed)
	if err != nil {
		return Signature{}, err
	}
	sig, err := verifyAPK(signed, signatures, keys)
	if err != nil {
		return sig, err
	}
	z, err := gzip.NewReader(bytes.NewReader(signed))
	if err != nil {
		return sig, fmt.Errorf("cannot unpack: %w", err)
	}
	plain := &limitReader{r: z, left: limit, limit: limit}
	files := tar.NewReader(plain)
	for {
		head, err := files.Next()
		if errors.Is(err, io.EOF) {
			return sig, errors.New("holds no APKINDEX")
		}
		if err != nil {
			return sig, fmt.Errorf("cannot unpack: %w", err)
		}
		if head.Name != "APKINDEX" {
			continue
		}
		if err := parseAPKIndex(files, each); err != nil {
			return sig, fmt.Errorf("APKINDEX: %w", err)
		}
		// Read to the end, so that gzip verifies its checksum.
		if _, err := io.Copy(io.Discard, plain); err != nil {
			return sig, fmt.Errorf("cannot unpack: %w", err)
		}
		return sig, nil
	}
}

// An apkSignature is one file of the signature stream.
type apkSignature struct {
	hash crypto.Hash
	key  string // file name of the public key
	sig  []byte
}

// splitAPKIndex separates the signature stream, if there is one, from the signed part.
func splitAPKIndex(packed []byte) (signed []byte, sigs []apkSignature, err error) {
	rest := bytes.NewReader(packed)
	z, err := gzip.NewReader(rest) // reads not beyond the end of the stream: rest is an io.ByteReader
	if err != nil {
		return nil, nil, fmt.Errorf("cannot unpack: %w", err)
	}
	z.Multistream(false)
	first := &limitReader{r: z, left: maxAPKSignature, limit: maxAPKSignature}
	files := tar.NewReader(first)
	for {
		head, err := files.Next()
		if err == nil && len(sigs) == 0 && !strings.HasPrefix(head.Name, ".SIGN.") {
			return packed, nil, nil
		}
		// The stream has no end mark of its own: the archive goes on in the next.
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return nil, nil, fmt.Errorf("cannot unpack: %w", err)
		}
		// A file with holes is longer than what the archive has of it.
		text, err := io.ReadAll(&limitReader{r: files, left: maxAPKSignature, limit: maxAPKSignature})
		if err != nil {
			return nil, nil, fmt.Errorf("cannot unpack: %w", err)
		}
		if s, ok := parseSignatureName(head.Name); ok {
			s.sig = text
			sigs = append(sigs, s)
		}
	}
	if _, err := io.Copy(io.Discard, first); err != nil {
		return nil, nil, fmt.Errorf("cannot unpack: %w", err)
	}
	return packed[len(packed)-rest.Len():], sigs, nil
}

// parseSignatureName reads ".SIGN.RSA.KEYFILE". Other kinds are ignored.
func parseSignatureName(name string) (apkSignature, bool) {
	kinds := []struct {
		prefix string
		hash   crypto.Hash
	}{{".SIGN.RSA256.", crypto.SHA256}, {".SIGN.RSA512.", crypto.SHA512}, {".SIGN.RSA.", crypto.SHA1}}
	for _, k := range kinds {
		if key, ok := strings.CutPrefix(name, k.prefix); ok {
			return apkSignature{hash: k.hash, key: key}, plainPath(key) && !strings.Contains(key, "/")
		}
	}
	return apkSignature{}, false
}

// verifyAPK requires one good signature if the directory of keys exists.
func verifyAPK(signed []byte, sigs []apkSignature, keys string) (Signature, error) {
	if keys == "" {
		return Signature{Detail: "no keys given"}, nil
	}
	if _, err := os.Stat(keys); errors.Is(err, fs.ErrNotExist) {
		return Signature{Detail: fmt.Sprintf("no keys in %s on this machine", keys)}, nil
	}
	if len(sigs) == 0 {
		return Signature{}, fmt.Errorf("%w: not signed", ErrSignature)
	}
	var unknown []string
	for _, s := range sigs {
		key, err := readAPKKey(filepath.Join(keys, s.key))
		if errors.Is(err, fs.ErrNotExist) {
			unknown = append(unknown, s.key)
			continue
		}
		if err != nil {
			return Signature{}, err
		}
		sum := s.hash.New()
		sum.Write(signed)
		if err := rsa.VerifyPKCS1v15(key, s.hash, sum.Sum(nil), s.sig); err != nil {
			return Signature{}, fmt.Errorf("%w: key %s: %w", ErrSignature, s.key, err)
		}
		return Signature{Verified: true, Detail: "signed by " + s.key}, nil
	}
	return Signature{}, fmt.Errorf("%w: by no key of %s, but by %s", ErrSignature, keys, quoteList(unknown))
}

// readAPKKey reads a public key as /etc/apk/keys has it.
func readAPKKey(name string) (*rsa.PublicKey, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("cannot read the key: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s: not a key in PEM", name)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot read the key: %w", name, err)
	}
	rsaKey, ok := key.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%s: not an RSA key", name)
	}
	return rsaKey, nil
}

// parseAPKIndex reads the text of an APKINDEX: lines of a letter, a colon and
// a value, in blocks divided by empty lines.
func parseAPKIndex(r io.Reader, each func(record) error) error {
	lines := newLineReader(r)
	var rec record
	n := 0
	end := func() error {
		if rec.name == "" && rec.arch == "" && rec.provides == nil {
			return nil
		}
		if rec.name == "" {
			return fmt.Errorf("line %d: an entry without a package name", n)
		}
		err := each(rec)
		rec = record{}
		return err
	}
	for lines.Scan() {
		n++
		line := lines.Text()
		if line == "" {
			if err := end(); err != nil {
				return err
			}
			continue
		}
		if len(line) < 2 || line[1] != ':' {
			return lines.blame(fmt.Errorf("line %d: neither a field nor empty", n))
		}
		switch line[0] {
		case 'P':
			rec.name = line[2:]
		case 'A':
			rec.arch = line[2:]
		case 'p':
			rec.provides = parseAPKProvides(line[2:])
		}
	}
	if err := lines.err(); err != nil {
		return err
	}
	return end()
}

// parseAPKProvides reads "so:libz.so.1=1.3.1 pc:zlib=1.3.1 cmd:x" for its names.
func parseAPKProvides(field string) []string {
	names := strings.Fields(field)
	for i, n := range names {
		if end := strings.IndexAny(n, "=<>~"); end > 0 {
			names[i] = n[:end]
		}
	}
	return names
}
