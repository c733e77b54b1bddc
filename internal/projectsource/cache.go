// SPDX-License-Identifier: GPL-2.0-or-later

package projectsource

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/google/renameio/v2"

	"gitlab.com/lcitool/lcitool/internal/diag"
)

// maxRecord limits the size of the cache's record of a URL, in bytes.
const maxRecord = 64 << 10

var errDamaged = errors.New("not what its name says")

// A cache stores files by digest, and for each URL the digest of the last
// response. Files are replaced atomically, so that processes can share the
// directory. A file that does not match its digest counts as missing.
type cache struct {
	dir   string // "" for a cache that keeps nothing
	limit int64  // of one file, in bytes
}

// A record is the last response for a URL.
type record struct {
	URL          string    `json:"url"`
	SHA256       string    `json:"sha256"`
	ETag         string    `json:"etag,omitempty"`          // as the server sent it
	LastModified string    `json:"last_modified,omitempty"` // as the server sent it
	Fetched      time.Time `json:"fetched"`

	data []byte // nil if there is none
}

func (c cache) recordPath(location string) string {
	return filepath.Join(c.dir, "urls", digest([]byte(location))+".json")
}

func (c cache) blobPath(digest string) string {
	return filepath.Join(c.dir, "sha256", digest+".yml")
}

// load returns the record of a file. ok is false if there is none.
func (c cache) load(ref Reference) (record, bool) {
	if c.dir == "" {
		return record{}, false
	}
	text, err := readFile(c.recordPath(ref.Location()), maxRecord)
	if err != nil {
		return record{}, false
	}
	var r record
	if err := json.Unmarshal(text, &r); err != nil || r.URL != ref.Location() || !isDigest(r.SHA256) {
		return record{}, false
	}
	if r.data, err = c.blob(r.SHA256); err != nil {
		return record{}, false
	}
	return r, true
}

// blob returns the file with a digest.
func (c cache) blob(sum string) ([]byte, error) {
	if c.dir == "" {
		return nil, fs.ErrNotExist
	}
	data, err := readFile(c.blobPath(sum), c.limit)
	if err != nil {
		return nil, err
	}
	if digest(data) != sum {
		return nil, errDamaged
	}
	return data, nil
}

// store stores a response.
func (c cache) store(ref Reference, r record) error {
	if c.dir == "" {
		return nil
	}
	r.URL, r.SHA256 = ref.Location(), digest(r.data)
	if err := c.keep(r.SHA256, r.data); err != nil {
		return err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("cannot write to the cache: %w", err)
	}
	return writeCache(c.recordPath(r.URL), append(text, '\n'))
}

// keep stores a file by its digest unless it exists.
func (c cache) keep(sum string, data []byte) error {
	if c.dir == "" {
		return nil
	}
	if _, err := c.blob(sum); err == nil {
		return nil
	}
	return writeCache(c.blobPath(sum), data)
}

func writeCache(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return fmt.Errorf("cannot make the cache: %w", err)
	}
	if err := renameio.WriteFile(name, data, 0o600, renameio.WithTempDir(filepath.Dir(name))); err != nil {
		return fmt.Errorf("cannot write to the cache: %w", err)
	}
	return nil
}

// readFile reads a regular file of at most limit bytes. Its errors contain
// neither path nor operation.
func readFile(name string, limit int64) ([]byte, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // without waiting for the writer of a pipe
	if err != nil {
		return nil, diag.Cause(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, diag.Cause(err)
	}
	if info.IsDir() {
		return nil, syscall.EISDIR
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	data, err := readLimited(f, limit)
	return data, diag.Cause(err)
}
