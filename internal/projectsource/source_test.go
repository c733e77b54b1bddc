// SPDX-License-Identifier: GPL-2.0-or-later

package projectsource

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/facts"
)

const project = "packages:\n  - gcc\n  - zlib\n"

// read checks projects as the program does.
func read(ref Reference, data []byte) ([]string, error) {
	needs, _, err := facts.DecodeProject(ref.Location(), data)
	var names []string
	for _, n := range needs {
		names = append(names, n.Mapping)
	}
	return names, err
}

// A site is a server of project files with its own certificate.
type site struct {
	*httptest.Server
	requests atomic.Int32
	warnings []string
	options  Options // that trust the site
}

func serve(t *testing.T, handler http.HandlerFunc) *site {
	t.Helper()
	s := &site{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		handler(w, r)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	var mu sync.Mutex
	s.options = Options{Read: read, RootCAs: roots, CacheDir: filepath.Join(t.TempDir(), "cache"), Warn: func(m string) {
		mu.Lock()
		defer mu.Unlock()
		s.warnings = append(s.warnings, m)
	}}
	return s
}

func (s *site) ref(t *testing.T, path string) Reference {
	t.Helper()
	ref, err := Parse(s.URL+path, "/")
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func text(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }
}

func status(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}
}

// TestFetch sends the query of an URL, but not its fragment.
func TestFetch(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "a=1" || r.URL.Path != "/sp ace/p.yml" || r.Method != http.MethodGet {
			t.Errorf("asked %s %s", r.Method, r.URL)
		}
		text(project)(w, r)
	})
	files, err := New(s.options).Fetch(t.Context(), s.ref(t, "/sp%20ace/p.yml?a=1#frag"))
	if err != nil {
		t.Fatal(err)
	}
	if f := files[0]; string(f.Data) != project || f.Name != "p" || f.Digest != digest([]byte(project)) {
		t.Errorf("got %q of %q, digest %s", f.Data, f.Name, f.Digest)
	}
}

// TestD54StatusIsLookedAt refuses error pages, even if they look like a project.
func TestD54StatusIsLookedAt(t *testing.T) {
	for _, code := range []int{204, 300, 304, 400, 401, 403, 404, 410, 418, 429, 500, 502, 503, 504, 599} {
		s := serve(t, status(code, project))
		_, err := New(s.options).Fetch(t.Context(), s.ref(t, "/p.yml"))
		if code == 204 { // an answer, and an empty one
			if err == nil || !strings.Contains(err.Error(), "expected a mapping, got nothing") {
				t.Errorf("%d: error %v", code, err)
			}
			continue
		}
		var wrong *StatusError
		if !errors.As(err, &wrong) || wrong.Code != code {
			t.Errorf("%d: error %v", code, err)
		}
		if want := fmt.Sprintf("HTTP %d from %s/p.yml", code, s.URL); err != nil && err.Error() != want {
			t.Errorf("%d: error %q, want %q", code, err, want)
		}
		if _, err := os.Stat(s.options.CacheDir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%d: there is a cache: %v", code, err)
		}
	}
}

// TestContentIsChecked refuses responses that are no projects, and does not cache them.
func TestContentIsChecked(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c <= 'j'; c++ {
		prev := string(c - 1)
		bomb += string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+prev+", ", 9) + "*" + prev + "]\n"
	}
	for _, c := range []struct{ name, body, wantErr string }{
		{"html", "<!DOCTYPE html>\n<html><body>Not here</body></html>\n", "p.yml:1: expected a mapping"},
		{"not UTF-8", "packages:\n  - \xff\xfe\n", "is not UTF-8"},
		{"UTF-16", "p\x00a\x00c\x00k\x00", "p.yml:1: "},
		{"empty", "", "expected a mapping, got nothing"},
		{"no list", "packages: gcc\n", "Expected packages to be a list, got <class 'str'>"},
		{"broken", "packages: [\n", "invalid YAML"},
		{"alias bomb", bomb + "packages: *j\n", "p.yml:9: expected a string, got a list"},
		{"deep", "packages: " + strings.Repeat("[", 20000), "invalid YAML"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, text(c.body))
			start := time.Now()
			_, err := New(s.options).Fetch(t.Context(), s.ref(t, "/p.yml"))
			if err == nil || !strings.Contains(err.Error(), c.wantErr) {
				t.Errorf("error %v, want one with %q", err, c.wantErr)
			}
			if took := time.Since(start); took > 2*time.Minute {
				t.Errorf("took %v", took)
			}
			if _, err := os.Stat(s.options.CacheDir); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("there is a cache: %v", err)
			}
		})
	}
}

func TestD55SizeIsBounded(t *testing.T) {
	endless := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write([]byte(strings.Repeat("#", 4096))); err != nil {
				return
			}
		}
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		wantErr string
	}{
		"2 MiB":    {text(strings.Repeat("#", 2<<20)), "larger than 1024 KiB"},
		"endless":  {endless, "larger than 1024 KiB"},
		"too much": {text(strings.Repeat("#", 1<<20-len(project)+1) + "\n" + project), "larger than 1024 KiB"},
		"enough":   {text(strings.Repeat("#", 1<<20-len(project)-1) + "\n" + project), ""},
		"headers": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Long", strings.Repeat("x", 80<<10))
			text(project)(w, r)
		}, "server response headers exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, c.handler)
			_, err := New(s.options).Fetch(t.Context(), s.ref(t, "/p.yml"))
			if c.wantErr == "" && err != nil || c.wantErr != "" && (err == nil || !strings.Contains(err.Error(), c.wantErr)) {
				t.Errorf("error %v, want one with %q", err, c.wantErr)
			}
		})
	}
}

// TestD55SilenceEnds gives up on servers that stop responding, in each phase.
func TestD55SilenceEnds(t *testing.T) {
	silent := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	half := func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(project))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
	for name, handler := range map[string]http.HandlerFunc{"no answer": silent, "half an answer": half} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, handler)
			s.options.Timeout = 100 * time.Millisecond
			_, err := New(s.options).Fetch(t.Context(), s.ref(t, "/p.yml"))
			want := "cannot fetch " + s.URL + "/p.yml: no whole answer within 100ms"
			if err == nil || err.Error() != want {
				t.Errorf("error %v, want %q", err, want)
			}
		})
	}
	t.Run("many hosts", func(t *testing.T) {
		s := serve(t, silent)
		s.options.Timeout, s.options.Total = time.Hour, 100*time.Millisecond
		var refs []Reference
		for i := range 40 {
			refs = append(refs, s.ref(t, fmt.Sprintf("/p%d.yml", i)))
		}
		source := New(s.options)
		for range 2 { // the second time is not given any more
			_, err := source.Fetch(t.Context(), refs...)
			if err == nil || strings.Count(err.Error(), "no whole answer within 100ms") != len(refs) {
				t.Errorf("error %v", err)
			}
		}
	})
	t.Run("no handshake", func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close() // the kernel accepts, nobody answers
		ref, err := Parse("https://"+listener.Addr().String()+"/p.yml", "/")
		if err != nil {
			t.Fatal(err)
		}
		_, err = New(Options{ConnectTimeout: 100 * time.Millisecond}).Fetch(t.Context(), ref)
		// On a slow machine the time is up before the handshake begins.
		if err == nil || !strings.Contains(err.Error(), "TLS handshake timeout") && !strings.Contains(err.Error(), "i/o timeout") {
			t.Errorf("error %v", err)
		}
	})
}

func TestD56NeverPlainHTTP(t *testing.T) {
	plain := httptest.NewServer(text(project))
	defer plain.Close()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/p.yml":
			text(project)(w, r)
		case "/once.yml":
			http.Redirect(w, r, "/p.yml", http.StatusFound)
		case "/http.yml":
			http.Redirect(w, r, plain.URL+"/p.yml", http.StatusMovedPermanently)
		case "/later.yml":
			http.Redirect(w, r, "/http.yml", http.StatusTemporaryRedirect)
		case "/file.yml":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		default:
			http.Redirect(w, r, "/loop.yml", http.StatusFound)
		}
	})
	for path, wantErr := range map[string]string{
		"/once.yml":  "",
		"/http.yml":  "redirected to " + plain.URL + "/p.yml, which is not https",
		"/later.yml": "which is not https",
		"/file.yml":  "redirected to file:///etc/passwd, which is not https",
		"/loop.yml":  "more than 5 redirects",
	} {
		_, err := New(s.options).Fetch(t.Context(), s.ref(t, path))
		if wantErr == "" && err != nil || wantErr != "" && (err == nil || !strings.Contains(err.Error(), wantErr)) {
			t.Errorf("%s: error %v, want one with %q", path, err, wantErr)
		}
	}
}

func TestUnknownAuthority(t *testing.T) {
	s := serve(t, text(project))
	if _, err := New(s.options).Fetch(t.Context(), s.ref(t, "/p.yml")); err != nil {
		t.Fatal(err)
	}
	s.options.RootCAs = x509.NewCertPool() // the cache has the file, and is not for this
	_, err := New(s.options).Fetch(t.Context(), s.ref(t, "/p.yml"))
	var untrusted x509.UnknownAuthorityError
	if !errors.As(err, &untrusted) {
		t.Errorf("error %v", err)
	}
}

// TestD57FetchedOnce: concurrent requests for a file are sent once.
func TestD57FetchedOnce(t *testing.T) {
	s := serve(t, text(project))
	source := New(s.options)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			files, err := source.Fetch(t.Context(), s.ref(t, "/a.yml"), s.ref(t, "/b.yml"), s.ref(t, "/a.yml#again"))
			if err != nil || len(files) != 3 || files[1].Name != "b" {
				t.Errorf("got %v, %v", files, err)
			}
		})
	}
	group.Wait()
	if n := s.requests.Load(); n != 2 {
		t.Errorf("%d requests, want one for each of two files", n)
	}
}

// TestCancelled gives up at once; the next request works.
func TestCancelled(t *testing.T) {
	asked := make(chan struct{}, 1)
	var silent atomic.Bool
	silent.Store(true)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if silent.Load() {
			asked <- struct{}{}
			<-r.Context().Done()
			return
		}
		text(project)(w, r)
	})
	source := New(s.options)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	if _, err := source.Fetch(ctx, s.ref(t, "/p.yml")); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	silent.Store(false)
	if _, err := source.Fetch(t.Context(), s.ref(t, "/p.yml")); err != nil {
		t.Errorf("asked again: %v", err)
	}
}

// TestLocalFiles reads only regular files of limited size.
func TestLocalFiles(t *testing.T) {
	dir := resolved(t, t.TempDir())
	write(t, filepath.Join(dir, "good.yml"), project)
	write(t, filepath.Join(dir, "large.yml"), strings.Repeat("#", 1<<20+1))
	write(t, filepath.Join(dir, "html.yml"), "<html>")
	if err := os.Mkdir(filepath.Join(dir, "dir.yml"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.yml"), 0o644); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"link.yml": "good.yml", "loop.yml": "loop.yml", "zero.yml": "/dev/zero", "dangling.yml": "nothing"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for name, wantErr := range map[string]string{
		"good.yml": "", "link.yml": "",
		"large.yml":         "larger than 1024 KiB",
		"html.yml":          "expected a mapping",
		"dir.yml":           "is a directory",
		"pipe.yml":          "not a regular file",
		"zero.yml":          "not a regular file",
		"loop.yml":          "too many levels of symbolic links",
		"dangling.yml":      "no such file or directory",
		"missing.yml":       "no such file or directory",
		"good.yml/p.yml":    "not a directory",
		"nowhere/x/one.yml": "no such file or directory",
	} {
		ref, err := Parse("./"+name, dir)
		if err != nil {
			t.Fatal(err)
		}
		_, err = New(Options{Read: read}).Fetch(t.Context(), ref)
		if wantErr == "" && err != nil || wantErr != "" && (err == nil || !strings.Contains(err.Error(), wantErr)) {
			t.Errorf("%s: error %v, want one with %q", name, err, wantErr)
		}
	}
}
