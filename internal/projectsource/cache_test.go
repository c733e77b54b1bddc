// SPDX-License-Identifier: GPL-2.0-or-later

package projectsource

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const changedProject = "packages:\n  - gcc\n  - meson\n"

// fetch gets one file with a new source, as a new process does.
func (s *site) fetch(t *testing.T, ref Reference) (string, error) {
	t.Helper()
	files, err := New(s.options).Fetch(t.Context(), ref)
	if err != nil {
		return "", err
	}
	return string(files[0].Data), nil
}

func (s *site) blobs(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(s.options.CacheDir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// The second request is conditional.
func TestUnchangedIsNotSentAgain(t *testing.T) {
	for header, question := range map[string]string{"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"} {
		t.Run(header, func(t *testing.T) {
			value := map[string]string{"ETag": `"v1"`, "Last-Modified": "Mon, 02 Nov 2026 10:00:00 GMT"}[header]
			sent := 0
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set(header, value)
				if r.Header.Get(question) == value {
					w.WriteHeader(http.StatusNotModified)
					return
				}
				sent++
				text(project)(w, r)
			})
			for range 3 {
				if got, err := s.fetch(t, s.ref(t, "/p.yml")); err != nil || got != project {
					t.Fatalf("got %q, %v", got, err)
				}
			}
			if sent != 1 || s.requests.Load() != 3 {
				t.Errorf("sent %d times in %d requests", sent, s.requests.Load())
			}
			if len(s.warnings) > 0 {
				t.Errorf("warned: %q", s.warnings)
			}
		})
	}
}

// TestNetworkAway uses the last copy with a warning.
func TestNetworkAway(t *testing.T) {
	s := serve(t, text(project))
	ref, other := s.ref(t, "/p.yml"), s.ref(t, "/q.yml")
	if _, err := s.fetch(t, ref); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if got, err := s.fetch(t, ref); err != nil || got != project {
		t.Errorf("got %q, %v", got, err)
	}
	if len(s.warnings) != 1 || strings.Contains(s.warnings[0], "\n") ||
		!strings.HasPrefix(s.warnings[0], "cannot fetch "+ref.Location()) || !strings.HasSuffix(s.warnings[0], "using the copy in the cache") {
		t.Errorf("warned: %q", s.warnings)
	}
	if _, err := s.fetch(t, other); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("a file that was never fetched: %v", err)
	}
}

// TestCutOffIsAway: a connection that breaks during a response counts as unreachable.
func TestCutOffIsAway(t *testing.T) {
	broken := false
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if broken {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte("packages: []\n"))
			panic(http.ErrAbortHandler)
		}
		text(project)(w, r)
	})
	if _, err := s.fetch(t, s.ref(t, "/p.yml")); err != nil {
		t.Fatal(err)
	}
	broken = true
	if got, err := s.fetch(t, s.ref(t, "/p.yml")); err != nil || got != project || len(s.warnings) != 1 {
		t.Errorf("got %q, %v, warned %q", got, err, s.warnings)
	}
}

// TestWrongAnswerIsNotAway reports a server's error instead of using the copy.
func TestWrongAnswerIsNotAway(t *testing.T) {
	handler := text(project)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { handler(w, r) })
	if _, err := s.fetch(t, s.ref(t, "/p.yml")); err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []http.HandlerFunc{
		status(404, ""), status(500, project), text("<html>"), text(strings.Repeat("#", 2<<20)),
		func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/p.yml", http.StatusFound)
		},
	} {
		handler = wrong
		if got, err := s.fetch(t, s.ref(t, "/p.yml")); err == nil {
			t.Errorf("got %q", got)
		}
	}
	handler = text(changedProject)
	if got, err := s.fetch(t, s.ref(t, "/p.yml")); err != nil || got != changedProject {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestOffline sends no request and names all missing files.
func TestOffline(t *testing.T) {
	s := serve(t, text(project))
	kept, a, b := s.ref(t, "/kept.yml"), s.ref(t, "/a.yml"), s.ref(t, "/b.yml")
	if _, err := s.fetch(t, kept); err != nil {
		t.Fatal(err)
	}
	s.options.Offline = true
	if got, err := s.fetch(t, kept); err != nil || got != project {
		t.Errorf("got %q, %v", got, err)
	}
	_, err := New(s.options).Fetch(t.Context(), a, kept, b)
	want := "offline, and not in the cache: " + a.Location() + "\noffline, and not in the cache: " + b.Location()
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %q", err, want)
	}
	if n := s.requests.Load(); n != 1 {
		t.Errorf("%d requests", n)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "p.yml"), project)
	ref, err := Parse(filepath.Join(dir, "p.yml"), "/")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.fetch(t, ref); err != nil {
		t.Errorf("a local file: %v", err)
	}
}

func TestDamagedCacheIsAbsent(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"truncated":  func(p string) error { return os.Truncate(p, 5) },
		"empty":      func(p string) error { return os.Truncate(p, 0) },
		"other text": func(p string) error { return os.WriteFile(p, []byte(changedProject), 0o600) },
		"gone":       os.Remove,
		"endless": func(p string) error {
			return errors.Join(os.Remove(p), os.Symlink("/dev/zero", p))
		},
		"directory": func(p string) error {
			return errors.Join(os.Remove(p), os.Mkdir(p, 0o755))
		},
		"other record": func(p string) error {
			return os.WriteFile(p, []byte(`{"url":"https://elsewhere/p.yml","sha256":"`+digest([]byte(project))+`"}`), 0o600)
		},
		"path for a digest": func(p string) error {
			return os.WriteFile(p, []byte(`{"url":"","sha256":"../../../../etc/passwd"}`), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("ETag", `"v1"`)
				if r.Header.Get("If-None-Match") != "" {
					t.Error("asked whether a damaged copy is right")
				}
				text(project)(w, r)
			})
			ref := s.ref(t, "/p.yml")
			if _, err := s.fetch(t, ref); err != nil {
				t.Fatal(err)
			}
			files := s.blobs(t)
			if len(files) != 2 {
				t.Fatalf("the cache has %q", files)
			}
			for _, file := range files {
				if err := damage(file); err != nil {
					t.Fatal(err)
				}
			}
			offline := s.options
			offline.Offline = true
			var missing *OfflineError
			if _, err := New(offline).Fetch(t.Context(), ref); !errors.As(err, &missing) {
				t.Errorf("offline: %v", err)
			}
			if got, err := s.fetch(t, ref); err != nil || got != project {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestD62CacheIsNotNeeded(t *testing.T) {
	s := serve(t, text(project))
	s.options.CacheDir = "/proc/lcitool"
	if got, err := s.fetch(t, s.ref(t, "/p.yml")); err != nil || got != project {
		t.Errorf("got %q, %v", got, err)
	}
	if len(s.warnings) != 1 || !strings.HasPrefix(s.warnings[0], "cannot make the cache: ") {
		t.Errorf("warned: %q", s.warnings)
	}
	s.options.CacheDir = ""
	if got, err := s.fetch(t, s.ref(t, "/p.yml")); err != nil || got != project || len(s.warnings) != 1 {
		t.Errorf("got %q, %v, warned: %q", got, err, s.warnings)
	}
}

// TestSeveralProcesses share a cache: concurrent writes leave complete entries and no
// temporary files.
func TestSeveralProcesses(t *testing.T) {
	const variable = "PROJECTSOURCE_TEST_CACHE"
	texts := []string{project, changedProject}
	ref, err := Parse("https://h/p.yml", "/")
	if err != nil {
		t.Fatal(err)
	}
	work := func(dir string) {
		c := cache{dir: dir, limit: 1 << 20}
		for i := range 100 {
			if err := c.store(ref, record{data: []byte(texts[i%2])}); err != nil {
				t.Error(err)
			}
			got, ok := c.load(ref)
			if s := string(got.data); !ok || s != texts[0] && s != texts[1] {
				t.Errorf("read %q, %v", s, ok)
			}
		}
	}
	if dir := os.Getenv(variable); dir != "" { // one of the processes
		work(dir)
		return
	}
	dir := t.TempDir()
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			cmd := exec.Command(os.Args[0], "-test.run=^TestSeveralProcesses$")
			cmd.Env = append(os.Environ(), variable+"="+dir)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	group.Go(func() { work(dir) })
	group.Wait()
	s := &site{options: Options{CacheDir: dir}}
	if files := s.blobs(t); len(files) != 3 {
		t.Errorf("the cache has %q, want two files and a record", files)
	}
}
