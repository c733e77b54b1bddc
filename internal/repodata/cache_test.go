// SPDX-License-Identifier: GPL-2.0-or-later

package repodata

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestCacheRoundTrip(t *testing.T) {
	c := cache{dir: filepath.Join(t.TempDir(), "a", "b")}
	if _, _, err := c.read("k"); !errors.Is(err, errNotCached) {
		t.Fatalf("an empty cache says %v", err)
	}
	for _, body := range []string{"first", "", "third, longer than the first"} {
		if err := c.write(cacheMeta{Key: "k", ETag: `"x"`}, []byte(body)); err != nil {
			t.Fatal(err)
		}
		got, meta, err := c.read("k")
		if err != nil || string(got) != body || meta.ETag != `"x"` || meta.Size != int64(len(body)) {
			t.Errorf("read %q, %+v, %v; wrote %q", got, meta, err, body)
		}
	}
	if _, _, err := c.read("another"); !errors.Is(err, errNotCached) {
		t.Errorf("a key never written says %v", err)
	}
	entries, err := os.ReadDir(c.dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%d files in the cache (%v)", len(entries), err)
	}
}

// A damaged entry is absent, never wrong.
func TestCacheDamaged(t *testing.T) {
	cases := map[string]func([]byte) []byte{
		"empty":             func([]byte) []byte { return nil },
		"no body":           func(b []byte) []byte { return b[:cacheHeader] },
		"half a header":     func(b []byte) []byte { return b[:100] },
		"truncated":         func(b []byte) []byte { return b[:len(b)-1] },
		"longer":            func(b []byte) []byte { return append(b, 'x') },
		"a bit turned":      func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
		"header is garbage": func(b []byte) []byte { return bytes.Repeat([]byte("x"), len(b)) },
		"another's entry":   func(b []byte) []byte { return bytes.Replace(b, []byte(`"key":"k"`), []byte(`"key":"l"`), 1) },
	}
	for name, damage := range cases {
		t.Run(name, func(t *testing.T) {
			c := cache{dir: t.TempDir()}
			if err := c.write(cacheMeta{Key: "k"}, []byte("the body")); err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(c.path("k"))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(c.path("k"), damage(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if body, _, err := c.read("k"); !errors.Is(err, errNotCached) {
				t.Errorf("read %q, %v", body, err)
			}
		})
	}
}

func TestVerifyDamagedCache(t *testing.T) {
	s := newSigner(t)
	m := debSite(t, s, releaseHead, map[string]string{"main/binary-amd64/Packages.gz": packagesText}).serve(t)
	o := Options{CacheDir: t.TempDir()}
	for range 2 {
		r, err := newClient(t, o).Verify(t.Context(), debSource(m.server.URL, s), debNames)
		if err != nil {
			t.Fatal(err)
		}
		if got := describe(r.Results); got != debWant {
			t.Errorf("got\n%s", got)
		}
		if asked := strings.Join(m.requests(), "\n"); strings.Count(asked, "200 ") != 2 {
			t.Errorf("asked for\n%s", asked)
		}
		entries, err := filepath.Glob(filepath.Join(o.CacheDir, "*.entry"))
		if err != nil || len(entries) != 2 {
			t.Fatal(entries, err)
		}
		for _, e := range entries {
			if err := os.Truncate(e, cacheHeader+3); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A validator too long for the header is dropped, but the entry is stored.
func TestCacheLongValidator(t *testing.T) {
	c := cache{dir: t.TempDir()}
	if err := c.write(cacheMeta{Key: "k", ETag: strings.Repeat("x", 2*cacheHeader)}, []byte("body")); err != nil {
		t.Fatal(err)
	}
	body, meta, err := c.read("k")
	if err != nil || string(body) != "body" || meta.ETag != "" {
		t.Errorf("read %q, %+v, %v", body, meta, err)
	}
	if err := c.write(cacheMeta{Key: strings.Repeat("x", cacheHeader)}, nil); err == nil {
		t.Error("an address as long as the header is accepted")
	}
}

// Concurrent writers of one entry leave one complete body.
func TestCacheParallelWriters(t *testing.T) {
	c := cache{dir: t.TempDir()}
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			body := bytes.Repeat([]byte{byte('a' + i)}, 10_000+i)
			if err := c.write(cacheMeta{Key: "k"}, body); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	body, _, err := c.read("k")
	if err != nil || len(body) != 10_000+int(body[0]-'a') {
		t.Errorf("%d bytes, %v", len(body), err)
	}
}

func TestCacheNotWritable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err := cache{dir: file}.write(cacheMeta{Key: "k"}, nil)
	wantError(t, err, "cannot make the cache")
	_, err = NewClient(Options{})
	wantError(t, err, "no cache directory given")
}
