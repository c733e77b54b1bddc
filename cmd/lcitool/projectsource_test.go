// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/stdio"
)

// A site serves project files by https to a program that runs in an empty directory.
type site struct {
	*httptest.Server
	requests atomic.Int32
	env      map[string]string

	mu    sync.Mutex
	files map[string]string // by path
}

func serve(t *testing.T, files map[string]string) *site {
	t.Helper()
	s := &site{files: files}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		s.mu.Lock()
		defer s.mu.Unlock()
		text, ok := s.files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(text))
	}))
	t.Cleanup(s.Close)
	dir := t.TempDir()
	authority := filepath.Join(dir, "authority.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(authority, block, 0o644); err != nil {
		t.Fatal(err)
	}
	s.env = map[string]string{"HOME": filepath.Join(dir, "home"), "REQUESTS_CA_BUNDLE": authority}
	t.Chdir(t.TempDir())
	return s
}

func (s *site) put(path, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[path] = text
}

func (s *site) app() (a *app, stdout, stderr *bytes.Buffer) {
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	a = &app{Streams: stdio.Streams{Stdout: stdout, Stderr: stderr, Getenv: func(name string) string { return s.env[name] }}}
	return a, stdout, stderr
}

func (s *site) run(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	a, out, errs := s.app()
	status = run(t.Context(), a, args)
	return status, out.String(), errs.String()
}

// Errors have the server's status and not its page.
func TestD54StatusIsTold(t *testing.T) {
	s := serve(t, nil)
	status, stdout, stderr := s.run(t, "variables", "debian-13", s.URL+"/p.yml")
	if want := "Project error: HTTP 404 from " + s.URL + "/p.yml\n"; status != 1 || stdout != "" || stderr != want {
		t.Errorf("status %d, %q, %q, want %q", status, stdout, stderr, want)
	}
}

// A file is fetched once in a run, however many arguments need it.
func TestD57OneRequestARun(t *testing.T) {
	s := serve(t, map[string]string{"/p.yml": "packages: [meson]\n", "/q.yml": "packages: [zlib]\n"})
	a, _, _ := s.app()
	a.prepare()
	for range 7 {
		set, names, err := a.workspace().Projects(t.Context(), []string{"osinfo-db", s.URL + "/p.yml", s.URL + "/q.yml"})
		if err != nil || !slices.Equal(names, []string{"osinfo-db", "p", "q"}) {
			t.Fatalf("got %q, %v", names, err)
		}
		project, err := set.Project("q")
		if err != nil || project.Location != s.URL+"/q.yml" || project.Needs[0].Mapping != "zlib" {
			t.Errorf("got %+v, %v", project, err)
		}
	}
	if n := s.requests.Load(); n != 2 {
		t.Errorf("%d requests", n)
	}
}

func TestD57ManifestAsksOnce(t *testing.T) {
	s := serve(t, map[string]string{"/p.yml": "packages: [meson]\n"})
	if err := os.Mkdir("ci", 0o755); err != nil {
		t.Fatal(err)
	}
	manifest := "projects: ['" + s.URL + "/p.yml']\ngitlab: {namespace: n, project: p}\n" +
		"targets: {debian-12: x86_64, debian-13: x86_64, fedora-43: x86_64, alpine-322: x86_64}\n"
	if err := os.WriteFile("ci/manifest.yml", []byte(manifest), 0o644); err != nil {
		t.Fatal(err)
	}
	status, _, stderr := s.run(t, "manifest")
	if status != 0 || s.requests.Load() != 1 {
		t.Errorf("status %d, %d requests, %q", status, s.requests.Load(), stderr)
	}
	made, err := filepath.Glob("ci/containers/*.Dockerfile")
	if err != nil || len(made) != 4 {
		t.Errorf("made %q, %v", made, err)
	}
	text, err := os.ReadFile("ci/containers/debian-13.Dockerfile")
	if err != nil || !strings.Contains(string(text), "meson") {
		t.Errorf("%v, %q", err, text)
	}
}

func TestPlainNamesNeedNoSource(t *testing.T) {
	s := serve(t, nil)
	if err := os.MkdirAll("ci/lcitool.lock", 0o755); err != nil {
		t.Fatal(err)
	}
	a, _, _ := s.app()
	a.prepare()
	_, names, err := a.workspace().Projects(t.Context(), []string{"b", "a", "b"})
	if err != nil || !slices.Equal(names, []string{"b", "a"}) {
		t.Errorf("got %q, %v", names, err)
	}
}

// The fetched project replaces a known one of the same name.
func TestD58FileOverridesProject(t *testing.T) {
	s := serve(t, map[string]string{"/osinfo-db.yml": "packages: [meson]\n"})
	status, stdout, stderr := s.run(t, "variables", "debian-13", "osinfo-db,"+s.URL+"/osinfo-db.yml")
	if status != 0 || !strings.Contains(stdout, "PKGS='ca-certificates git locales meson'\n") {
		t.Errorf("status %d, %q, %q", status, stdout, stderr)
	}
}

// TestNetworkAwayIsTold uses the cached copy and prints one warning.
func TestNetworkAwayIsTold(t *testing.T) {
	s := serve(t, map[string]string{"/p.yml": "packages: [meson]\n"})
	_, before, _ := s.run(t, "variables", "debian-13", s.URL+"/p.yml")
	_, offline, said := s.run(t, "--offline", "variables", "debian-13", s.URL+"/p.yml")
	if before == "" || offline != before || said != "" || s.requests.Load() != 1 {
		t.Errorf("offline: %q, %q, %d requests", offline, said, s.requests.Load())
	}
	s.Close()
	status, after, stderr := s.run(t, "variables", "debian-13", s.URL+"/p.yml")
	if status != 0 || after != before {
		t.Errorf("status %d, %q", status, after)
	}
	if strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "warning: cannot fetch ") || !strings.HasSuffix(stderr, "using the copy in the cache\n") {
		t.Errorf("said %q", stderr)
	}
}

func TestLockedURL(t *testing.T) {
	s := serve(t, map[string]string{"/p.yml": "packages: [gcc, meson]\n"})
	if err := os.Mkdir("ci", 0o755); err != nil {
		t.Fatal(err)
	}
	manifest := "projects: [libvirt]\ntargets:\n  debian-13:\n    projects: ['" + s.URL + "/p.yml']\n"
	if err := os.WriteFile("ci/manifest.yml", []byte(manifest), 0o644); err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr := s.run(t, "projects", "lock")
	if status != 0 || stdout != "locked "+s.URL+"/p.yml\n" || stderr != "" {
		t.Fatalf("status %d, %q, %q", status, stdout, stderr)
	}
	s.put("/p.yml", "packages: [gcc, zlib]\n")
	status, stdout, stderr = s.run(t, "variables", "debian-13", s.URL+"/p.yml")
	if status != 1 || stdout != "" || !strings.Contains(stderr, "-meson\n+zlib\nhint: ") {
		t.Errorf("changed: status %d, %q, %q", status, stdout, stderr)
	}
	status, stdout, _ = s.run(t, "--offline", "variables", "debian-13", s.URL+"/p.yml")
	if status != 0 || !strings.Contains(stdout, "meson") {
		t.Errorf("offline: status %d, %q", status, stdout)
	}
	status, stdout, stderr = s.run(t, "projects", "lock", "--update")
	if status != 0 || stdout != "updated "+s.URL+"/p.yml\n" || !strings.Contains(stderr, "-meson\n+zlib\n") {
		t.Errorf("update: status %d, %q, %q", status, stdout, stderr)
	}
	if status, _, stderr = s.run(t, "variables", "debian-13", s.URL+"/p.yml"); status != 0 {
		t.Errorf("accepted: status %d, %q", status, stderr)
	}
}

func TestCertificateVariables(t *testing.T) {
	s := serve(t, map[string]string{"/p.yml": "packages: []\n"})
	good := s.env["REQUESTS_CA_BUNDLE"]
	for _, c := range []struct{ requests, curl, want string }{
		{good, "/nothing", ""},
		{"", good, ""},
		{"", "", "certificate signed by unknown authority"},
		{"/nothing", good, "REQUESTS_CA_BUNDLE: cannot read certificates: open /nothing: no such file"},
		{"", "/proc/self/status", "CURL_CA_BUNDLE: no certificate in /proc/self/status"},
	} {
		s.env["REQUESTS_CA_BUNDLE"], s.env["CURL_CA_BUNDLE"] = c.requests, c.curl
		status, _, stderr := s.run(t, "variables", "debian-13", s.URL+"/p.yml")
		if c.want == "" && status != 0 || c.want != "" && (status != 1 || !strings.Contains(stderr, c.want)) {
			t.Errorf("%q, %q: status %d, %q, want %q", c.requests, c.curl, status, stderr, c.want)
		}
	}
}

// TestFetch: includes from elsewhere are fetched only on request, and do not change later.
func TestFetch(t *testing.T) {
	s := serve(t, map[string]string{"/a.yml": "there: {script: [x]}\n"})
	if err := os.WriteFile(".gitlab-ci.yml", []byte("include: "+s.URL+"/a.yml\nhere: {script: [x]}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, stdout, stderr := s.run(t, "job", "list", "--event", "push"); strings.Contains(stdout, "there") || !strings.Contains(stderr, "hint: --fetch") {
		t.Errorf("not asked: %q, %q", stdout, stderr)
	}
	if s.requests.Load() != 0 {
		t.Errorf("%d requests that nobody asked for", s.requests.Load())
	}
	if status, stdout, stderr := s.run(t, "job", "list", "--event", "push", "--fetch"); status != 0 || !strings.Contains(stdout, "there") || strings.Contains(stderr, "not available") {
		t.Errorf("fetched: %d, %q, %q", status, stdout, stderr)
	}
	s.put("/a.yml", "changed: {script: [x]}\n")
	if status, stdout, stderr := s.run(t, "--offline", "job", "list", "--event", "push"); status != 0 || !strings.Contains(stdout, "there") || stderr != "" {
		t.Errorf("locked: %d, %q, %q", status, stdout, stderr)
	}
	if status, _, stderr := s.run(t, "--offline", "job", "list", "--fetch"); status != 2 || !strings.Contains(stderr, "not allowed with argument --offline") {
		t.Errorf("offline: %d, %q", status, stderr)
	}
	if _, stdout, stderr := s.run(t, "job", "list", "--event", "push", "--fetch"); !strings.Contains(stdout, "changed") || !strings.Contains(stderr, "has changed since it was locked") {
		t.Errorf("changed: %q, %q", stdout, stderr)
	}
}
