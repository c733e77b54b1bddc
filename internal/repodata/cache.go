// SPDX-License-Identifier: GPL-2.0-or-later

package repodata

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"
)

// A cache has one file for each entry: a header of fixed length with the size and
// digest of the body, then the body. Entries are replaced atomically, so that
// several processes can share the directory. An entry that does not match its
// header counts as absent.
type cache struct{ dir string }

// cacheMeta is the header of an entry.
type cacheMeta struct {
	Key          string    `json:"key"`
	Size         int64     `json:"size"`           // of the body, in bytes
	SHA256       string    `json:"sha256"`         // of the body
	ETag         string    `json:"etag,omitempty"` // as the mirror sent it
	LastModified string    `json:"modified,omitempty"`
	Index        string    `json:"index,omitempty"`    // for a list of names: digest of the index it was made from
	Packages     int       `json:"packages,omitempty"` // for a list of names: entries in that index
	Dropped      int       `json:"dropped,omitempty"`  // for a list of names: names that were not printable
	Fetched      time.Time `json:"fetched"`
}

// cacheHeader is the length of an entry's header, padded with spaces.
const cacheHeader = 4096

// errNotCached covers both absent and damaged entries.
var errNotCached = errors.New("not in the cache")

func (c cache) path(key string) string {
	sum := sha256.Sum256([]byte(key))
	return filepath.Join(c.dir, hex.EncodeToString(sum[:])+".entry")
}

// open verifies an entry and returns its file at the start of the body.
func (c cache) open(key string) (*os.File, cacheMeta, error) {
	f, err := os.Open(c.path(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, cacheMeta{}, errNotCached
	}
	if err != nil {
		return nil, cacheMeta{}, fmt.Errorf("cannot read the cache: %w", err)
	}
	meta, err := verifyEntry(f, key)
	if err != nil {
		_ = f.Close()
		return nil, cacheMeta{}, err
	}
	return f, meta, nil
}

// verifyEntry reads header and body and rewinds to the body.
func verifyEntry(f *os.File, key string) (cacheMeta, error) {
	var meta cacheMeta
	head := make([]byte, cacheHeader)
	if _, err := io.ReadFull(f, head); err != nil {
		return meta, errNotCached
	}
	if err := json.Unmarshal(head, &meta); err != nil || meta.Key != key {
		return meta, errNotCached
	}
	sum := sha256.New()
	n, err := io.Copy(sum, f)
	if err != nil || n != meta.Size || hex.EncodeToString(sum.Sum(nil)) != meta.SHA256 {
		return meta, errNotCached
	}
	if _, err := f.Seek(cacheHeader, io.SeekStart); err != nil {
		return meta, fmt.Errorf("cannot read the cache: %w", err)
	}
	return meta, nil
}

// read returns an entry's whole body.
func (c cache) read(key string) ([]byte, cacheMeta, error) {
	f, meta, err := c.open(key)
	if err != nil {
		return nil, meta, err
	}
	defer f.Close()
	body, err := io.ReadAll(f)
	if err != nil {
		return nil, meta, fmt.Errorf("cannot read the cache: %w", err)
	}
	return body, meta, nil
}

// write stores a whole body.
func (c cache) write(meta cacheMeta, body []byte) error {
	w, err := c.create(meta.Key)
	if err != nil {
		return err
	}
	defer w.abandon()
	if _, err := w.Write(body); err != nil {
		return err
	}
	return w.commit(meta)
}

// temporary returns an unlinked file in the cache directory, which disappears even if
// the process is killed.
func (c cache) temporary() (*os.File, error) {
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the cache: %w", err)
	}
	f, err := os.CreateTemp(c.dir, "download-")
	if err != nil {
		return nil, fmt.Errorf("cannot write to the cache: %w", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("cannot write to the cache: %w", err)
	}
	return f, nil
}

type cacheWriter struct {
	file *renameio.PendingFile
	key  string
	sum  hash.Hash
	size int64
}

// create starts an entry, which readers see after commit.
func (c cache) create(key string) (*cacheWriter, error) {
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make the cache: %w", err)
	}
	f, err := renameio.TempFile(c.dir, c.path(key))
	if err != nil {
		return nil, fmt.Errorf("cannot write to the cache: %w", err)
	}
	w := &cacheWriter{file: f, key: key, sum: sha256.New()}
	if _, err := f.Seek(cacheHeader, io.SeekStart); err != nil {
		w.abandon()
		return nil, fmt.Errorf("cannot write to the cache: %w", err)
	}
	return w, nil
}

// commit writes the header and replaces the entry.
func (w *cacheWriter) commit(meta cacheMeta) error {
	meta.Key, meta.Size, meta.SHA256 = w.key, w.size, hex.EncodeToString(w.sum.Sum(nil))
	head, err := header(meta)
	if err != nil {
		return err
	}
	if _, err := w.file.WriteAt(head, 0); err != nil {
		return fmt.Errorf("cannot write to the cache: %w", err)
	}
	if err := w.file.CloseAtomicallyReplace(); err != nil {
		return fmt.Errorf("cannot write to the cache: %w", err)
	}
	return nil
}

// abandon removes an entry that was not committed. It does nothing after commit.
func (w *cacheWriter) abandon() { _ = w.file.Cleanup() }

func (w *cacheWriter) Write(p []byte) (int, error) {
	n, err := w.file.Write(p)
	w.sum.Write(p[:n])
	w.size += int64(n)
	if err != nil {
		return n, fmt.Errorf("cannot write to the cache: %w", err)
	}
	return n, nil
}

// header renders meta, padded; validators too long for it are left out.
func header(meta cacheMeta) ([]byte, error) {
	text, err := json.Marshal(meta)
	if err == nil && len(text) >= cacheHeader {
		meta.ETag, meta.LastModified = "", ""
		text, err = json.Marshal(meta)
	}
	if err == nil && len(text) >= cacheHeader {
		err = errors.New("address too long")
	}
	if err != nil {
		return nil, fmt.Errorf("cannot write to the cache: %w", err)
	}
	head := bytes.Repeat([]byte(" "), cacheHeader)
	copy(head, text)
	head[cacheHeader-1] = '\n'
	return head, nil
}
