// SPDX-License-Identifier: GPL-2.0-or-later

package repodata

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func TestGetBad(t *testing.T) {
	silent := func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
	cases := []struct {
		name    string
		handler http.HandlerFunc
		want    string
	}{
		{"not there", http.NotFound, "no such file on the mirror"},
		{"gone", status(http.StatusGone), "no such file on the mirror"},
		{"forbidden", status(http.StatusForbidden), "status 403 Forbidden"},
		{"broken", status(http.StatusServiceUnavailable), "status 503 Service Unavailable"},
		{"nothing new, unasked", status(http.StatusNotModified), "nothing changed, unasked"},
		{"part", status(http.StatusPartialContent), "status 206"},
		{"announces less than it sends", raw("HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc"), "bad Content-Length"},
		{"announces more than it sends", raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"), "unexpected EOF"},
		{"announces too much", raw("HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\nabc"), "99999 bytes are announced, more than the 1000 allowed"},
		{"sends too much", func(w http.ResponseWriter, _ *http.Request) {
			for range 20 {
				_, _ = w.Write(make([]byte, 100))
				w.(http.Flusher).Flush()
			}
		}, "more than the 1000 bytes allowed"},
		{"header without end", raw("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 100<<10) + "\r\n\r\n"), "exceeded"},
		{"not http", raw("SSH-2.0-OpenSSH_9.2\r\n"), "malformed HTTP"},
		{"hangs up", raw(""), "EOF"},
		{"redirects to itself", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
		}, "more than 5 redirects"},
		{"redirects to a file", redirect("file:///etc/passwd"), "unsupported protocol scheme"},
		{"says nothing after its header", silent, errSilent.Error()},
		{"says nothing at all", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, errSilent.Error()},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(c.handler)
			defer server.Close()
			o := Options{IdleTimeout: 2 * time.Minute}
			if c.want == errSilent.Error() {
				o.IdleTimeout = 100 * time.Millisecond
			}
			client := newClient(t, o)
			var got bytes.Buffer
			_, err := client.get(t.Context(), request{url: server.URL + "/x", limit: 1000}, &got)
			wantError(t, err, c.want)
			wantError(t, err, "cannot fetch "+server.URL)
			if strings.Count(err.Error(), server.URL) > 1 {
				t.Errorf("the address is said twice: %v", err)
			}
		})
	}
}

// A mirror that sends only a byte from time to time is given up.
func TestGetDrip(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-r.Context().Done():
				return
			case <-tick.C:
				_, _ = w.Write([]byte("x"))
				w.(http.Flusher).Flush()
			}
		}
	}))
	defer server.Close()
	client := newClient(t, Options{Timeout: 150 * time.Millisecond})
	_, err := client.get(t.Context(), request{url: server.URL, limit: 1 << 20}, &bytes.Buffer{})
	wantError(t, err, "the mirror takes too long")
}

func TestGetDowngrade(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("downgraded"))
	}))
	defer plain.Close()
	secure := httptest.NewTLSServer(redirect(plain.URL))
	defer secure.Close()
	client := newClient(t, Options{Transport: secure.Client().Transport})
	var got bytes.Buffer
	_, err := client.get(t.Context(), request{url: secure.URL, limit: 1000}, &got)
	wantError(t, err, "which is not https")
	if got.Len() > 0 {
		t.Errorf("%q arrived", got.String())
	}
	upgrade := httptest.NewServer(redirect(secure.URL + "/elsewhere"))
	defer upgrade.Close()
	_, err = client.get(t.Context(), request{url: upgrade.URL, limit: 1000}, &got)
	wantError(t, err, "which is not https")
}

func TestGetCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	defer server.Close()
	_, err := newClient(t, Options{}).get(ctx, request{url: server.URL, limit: 1000}, &bytes.Buffer{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

func TestGetAddresses(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	cases := []struct{ url, want string }{
		{"ftp://example.org/debian", "none of http, https, file"},
		{"example.org/debian", "none of http, https, file"},
		{"http:///debian", "names no host"},
		{"file://example.org/debian", "a file is on this host"},
		{"http://exa mple/", "bad mirror address"},
		{"file://" + dir, "not a file"},
		{"file://" + pipe, "not a file"},
		{"file://" + dir + "/absent", "no such file on the mirror"},
	}
	for _, c := range cases {
		t.Run(c.url, func(t *testing.T) {
			_, err := newClient(t, Options{}).get(t.Context(), request{url: c.url, limit: 1000}, &bytes.Buffer{})
			wantError(t, err, c.want)
		})
	}
}

func TestGetPassword(t *testing.T) {
	var asked atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		asked.Store(password)
		http.NotFound(w, r)
	}))
	defer server.Close()
	url := strings.Replace(server.URL, "//", "//me:secret@", 1)
	src := Source{Format: "deb", URL: url, Suite: "trixie", Components: []string{"main"}, Arch: "amd64"}
	var seen []string
	c := newClient(t, Options{Progress: func(p Progress) { seen = append(seen, p.URL) }})
	_, err := c.Verify(t.Context(), src, []string{"a"})
	wantError(t, err, "no such file")
	if said := fmt.Sprint(err, seen); strings.Contains(said, "secret") {
		t.Errorf("the password is shown: %s", said)
	}
	if asked.Load() != "secret" {
		t.Errorf("the mirror was told %v", asked.Load())
	}
}

func TestGetProgress(t *testing.T) {
	s := site{"a": bytes.Repeat([]byte("x"), 1000)}
	var told []Progress
	c := newClient(t, Options{Progress: func(p Progress) { told = append(told, p) }})
	m := s.serve(t)
	if _, err := c.get(t.Context(), request{url: m.server.URL + "/a", limit: 1000}, &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	last := told[len(told)-1]
	want := Progress{URL: m.server.URL + "/a", Done: 1000, Total: 1000, Ended: true}
	if last != want {
		t.Errorf("last word is %+v, not %+v", last, want)
	}
	for i := 1; i < len(told); i++ {
		if told[i].Done < told[i-1].Done {
			t.Errorf("progress goes back: %+v", told)
		}
	}
}

// Without the mirror the cache is used with a warning; without both, the files are named.
func TestStaleAndOffline(t *testing.T) {
	s := newSigner(t)
	m := debSite(t, s, releaseHead, map[string]string{"main/binary-amd64/Packages.gz": packagesText}).serve(t)
	src := debSource(m.server.URL, s)
	dir := filepath.Join(t.TempDir(), "cache")
	cold := newClient(t, Options{CacheDir: dir, Offline: true})
	_, err := cold.Verify(t.Context(), src, debNames)
	var off *OfflineError
	if !errors.As(err, &off) || len(off.URLs) != 1 || !strings.HasSuffix(off.URLs[0], "/dists/trixie/InRelease") {
		t.Fatalf("offline without cache: %v", err)
	}
	if asked := m.requests(); asked != nil {
		t.Errorf("offline asked for %q", asked)
	}
	if _, err := newClient(t, Options{CacheDir: dir}).Verify(t.Context(), src, debNames); err != nil {
		t.Fatal(err)
	}
	m.server.Close()
	r, err := newClient(t, Options{CacheDir: dir}).Verify(t.Context(), src, debNames)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "connection refused; used what was fetched on 2026-06-01 12:00 UTC") {
		t.Errorf("warnings are %q", r.Warnings)
	}
	if got := describe(r.Results); got != debWant {
		t.Errorf("got\n%s", got)
	}
}

// The cache does not replace a Release file that the mirror no longer has.
func TestStaleNotFound(t *testing.T) {
	s := newSigner(t)
	m := debSite(t, s, releaseHead, map[string]string{"main/binary-amd64/Packages.gz": packagesText}).serve(t)
	o := Options{CacheDir: filepath.Join(t.TempDir(), "cache")}
	if _, err := newClient(t, o).Verify(t.Context(), debSource(m.server.URL, s), debNames); err != nil {
		t.Fatal(err)
	}
	clear(m.files)
	_, err := newClient(t, o).Verify(t.Context(), debSource(m.server.URL, s), debNames)
	if !errors.Is(err, ErrNotFound) {
		t.Errorf("error is %v", err)
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func redirect(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
}

func raw(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		_, _ = conn.Write([]byte(text))
		_ = conn.Close()
	}
}
