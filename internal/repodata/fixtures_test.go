// SPDX-License-Identifier: GPL-2.0-or-later

package repodata

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// A site is what a mirror serves, by path.
type site map[string][]byte

// serve starts a mirror that counts requests.
func (s site) serve(t testing.TB) *mirror {
	t.Helper()
	m := &mirror{files: s, asked: map[string]int{}}
	m.server = httptest.NewServer(m)
	t.Cleanup(m.server.Close)
	return m
}

// dir writes the site to a directory and returns its file:// address.
func (s site) dir(t testing.TB) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range s {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return "file://" + root
}

// A mirror serves a site over http, with validators.
type mirror struct {
	server *httptest.Server
	mu     sync.Mutex
	files  site
	asked  map[string]int // "STATUS PATH": how often
}

func (m *mirror) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	name := strings.TrimPrefix(r.URL.Path, "/")
	text, ok := m.files[name]
	if !ok {
		m.asked["404 "+name]++
		http.NotFound(w, r)
		return
	}
	sum := sha256.Sum256(text)
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	if r.Header.Get("If-None-Match") == tag {
		m.asked["304 "+name]++
		w.WriteHeader(http.StatusNotModified)
		return
	}
	m.asked["200 "+name]++
	w.Header().Set("ETag", tag)
	_, _ = w.Write(text)
}

// requests returns the requests since the last call, sorted.
func (m *mirror) requests() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	asked := slices.Sorted(maps.Keys(m.asked))
	clear(m.asked)
	return asked
}

func pack(t testing.TB, ext string, text []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser
	var err error
	switch ext {
	case "":
		return text
	case ".gz":
		w = gzip.NewWriter(&out)
	case ".xz":
		return xzStored(text)
	case ".zst":
		w, err = zstd.NewWriter(&out)
	default:
		t.Fatalf("no packer for %q", ext)
	}
	if err == nil {
		_, err = w.Write(text)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func fixedNow() time.Time { return time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC) }

// newClient creates a client with a cache of its own, unless o has one.
func newClient(t testing.TB, o Options) *Client {
	t.Helper()
	if o.CacheDir == "" {
		o.CacheDir = filepath.Join(t.TempDir(), "cache")
	}
	if o.Now == nil {
		o.Now = fixedNow
	}
	c, err := NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A signer is a key pair and the keyring file with its public key.
type signer struct {
	entity  *openpgp.Entity
	keyring string
}

func newSigner(t testing.TB) signer {
	t.Helper()
	config := &packet.Config{
		Algorithm: packet.PubKeyAlgoEdDSA,
		Time:      func() time.Time { return fixedNow().Add(-24 * time.Hour) },
	}
	e, err := openpgp.NewEntity("Example Archive", "", "archive@example.org", config)
	if err != nil {
		t.Fatal(err)
	}
	var keys bytes.Buffer
	if err := e.Serialize(&keys); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "archive.gpg")
	if err := os.WriteFile(name, keys.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return signer{e, name}
}

func (s signer) config() *packet.Config {
	return &packet.Config{Time: func() time.Time { return fixedNow().Add(-time.Hour) }}
}

func (s signer) clearsign(t testing.TB, text []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := clearsign.Encode(&out, s.entity.PrivateKey, s.config())
	if err == nil {
		_, err = w.Write(text)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	out.WriteByte('\n')
	return out.Bytes()
}

func (s signer) detach(t testing.TB, text []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := openpgp.ArmoredDetachSign(&out, s.entity, bytes.NewReader(text), s.config()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

const packagesText = `Package: zlib1g-dev
Architecture: amd64
Version: 1:1.2.13
Provides: libz-dev
Description: compression library
 of several lines
 .
 and an empty one

Package: mawk
Architecture: amd64
Provides: awk

Package: gawk
Architecture: amd64
Provides: awk (= 1), gawk-api:any

Package: python3-docutils
Architecture: all
`

func releaseText(fields string, files site) []byte {
	var b strings.Builder
	b.WriteString(fields)
	b.WriteString("SHA256:\n")
	for _, name := range slices.Sorted(maps.Keys(files)) {
		sum := sha256.Sum256(files[name])
		fmt.Fprintf(&b, " %x %d %s\n", sum, len(files[name]), name)
	}
	return []byte(b.String())
}

const releaseHead = "Suite: stable\nCodename: trixie\nArchitectures: all amd64\nComponents: main\n" +
	"No-Support-for-Architecture-all: Packages\nDate: Mon, 01 Jun 2026 10:00:00 UTC\n"

func debSite(t testing.TB, s signer, head string, packages map[string]string) site {
	t.Helper()
	files := site{}
	for name, text := range packages {
		files[name] = pack(t, filepath.Ext(name), []byte(text))
		if plain := strings.TrimSuffix(name, filepath.Ext(name)); plain != name {
			files[plain] = []byte(text)
		}
	}
	release := releaseText(head, files)
	mirror := site{"dists/trixie/InRelease": s.clearsign(t, release)}
	for name := range packages { // the plain form is listed, but as on real mirrors not served
		mirror["dists/trixie/"+name] = files[name]
	}
	return mirror
}

func debSource(url string, s signer) Source {
	return Source{Format: "deb", URL: url, Suite: "trixie", Components: []string{"main"}, Arch: "amd64", Keyring: s.keyring}
}

func describe(results []Result) string {
	var b strings.Builder
	for _, r := range results {
		fmt.Fprintf(&b, "%s: %s", r.Name, r.Status)
		if r.ProvidedBy != nil {
			fmt.Fprintf(&b, " by %s", strings.Join(r.ProvidedBy, " "))
		}
		if r.Nearest != nil {
			fmt.Fprintf(&b, " like %s", strings.Join(r.Nearest, " "))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func wantError(t testing.TB, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Fatalf("error is %v, not one with %q", err, text)
	}
}
