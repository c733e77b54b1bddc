// SPDX-License-Identifier: GPL-2.0-or-later

package includes

import (
	"crypto/x509"
	"errors"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// A site serves one text at every path except /none, with its own certificate.
type site struct {
	*httptest.Server
	text     atomic.Value
	requests atomic.Int32
	options  Options
	warned   []string
}

func serve(t *testing.T) *site {
	t.Helper()
	s := &site{}
	s.text.Store("first\n")
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		if r.URL.Path == "/none" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, s.text.Load().(string))
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	s.options = Options{CacheDir: t.TempDir(), RootCAs: roots, Warn: func(message string) { s.warned = append(s.warned, message) }}
	return s
}

// get requests a file as one run of the program.
func (s *site) get(t *testing.T, project string, fetch bool, path string) (string, error) {
	t.Helper()
	o := s.options
	o.Fetch = fetch
	f, err := Open(project, o)
	if err != nil {
		t.Fatal(err)
	}
	data, err := f.For(t.Context()).URL(s.URL + path)
	if err := f.Write(); err != nil {
		t.Fatal(err)
	}
	return string(data), err
}

// TestFetchedFilesAreLocked: a file is fetched only on request, and does not change until
// the next request.
func TestFetchedFilesAreLocked(t *testing.T) {
	s, project := serve(t), t.TempDir()
	if text, err := s.get(t, project, false, "/a.yml"); !errors.Is(err, gitlabci.ErrNotAsked) || s.requests.Load() != 0 {
		t.Errorf("not asked: %q, %v, %d requests", text, err, s.requests.Load())
	}
	if text, err := s.get(t, project, true, "/a.yml?x=1"); text != "first\n" || err != nil {
		t.Errorf("fetched: %q, %v", text, err)
	}
	lock, err := os.ReadFile(filepath.Join(project, LockFile))
	if err != nil || !strings.Contains(string(lock), "/a.yml?x=1") {
		t.Errorf("lock %q, %v", lock, err)
	}
	s.text.Store("second\n")
	before := s.requests.Load()
	if text, err := s.get(t, project, false, "/a.yml?x=1"); text != "first\n" || err != nil || s.requests.Load() != before {
		t.Errorf("locked: %q, %v, %d more requests", text, err, s.requests.Load()-before)
	}
	if len(s.warned) > 0 {
		t.Errorf("warned %q", s.warned)
	}
	if text, err := s.get(t, project, true, "/a.yml?x=1"); text != "second\n" || err != nil {
		t.Errorf("fetched again: %q, %v", text, err)
	}
	if len(s.warned) != 1 || !strings.Contains(s.warned[0], "has changed") {
		t.Errorf("warned %q", s.warned)
	}
	if text, err := s.get(t, project, false, "/a.yml?x=1"); text != "second\n" || err != nil {
		t.Errorf("locked again: %q, %v", text, err)
	}
	s.options.CacheDir = t.TempDir()
	if text, err := s.get(t, project, false, "/a.yml?x=1"); err == nil || !strings.Contains(err.Error(), "--fetch") {
		t.Errorf("without a cache: %q, %v", text, err)
	}
}

func TestMissingFiles(t *testing.T) {
	s, project := serve(t), t.TempDir()
	if _, err := s.get(t, project, true, "/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(project, ".lcitool")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a lock of nothing: %v", err)
	}
	s.options.RootCAs = x509.NewCertPool()
	if _, err := s.get(t, project, true, "/a.yml"); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an unknown certificate: %v", err)
	}
}

func TestHostileLock(t *testing.T) {
	s, project, outside := serve(t), t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(project, ".lcitool")); err != nil {
		t.Fatal(err)
	}
	o := s.options
	o.Fetch = true
	f, err := Open(project, o)
	if err == nil {
		if _, err = f.For(t.Context()).URL(s.URL + "/a.yml"); err == nil {
			err = f.Write()
		}
	}
	left, _ := os.ReadDir(outside)
	if err == nil || len(left) > 0 {
		t.Errorf("%v, wrote %v", err, left)
	}
}

// TestOwnerOfTheDirectory: what root makes in a user's project is the user's, who could
// store no artifacts there otherwise.
func TestOwnerOfTheDirectory(t *testing.T) {
	s, project := serve(t), t.TempDir()
	owner := os.Getuid()
	if owner == 0 {
		owner = 4242
		if err := os.Chown(project, owner, owner); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.get(t, project, true, "/a.yml"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".lcitool", ".lcitool/artifacts"} {
		if info, err := os.Stat(filepath.Join(project, name)); err != nil || safefs.UID(info) != owner {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

// TestRevision: files of other commits come from the project's repository.
func TestRevision(t *testing.T) {
	project := t.TempDir()
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"}, args...)...)
		cmd.Dir = project
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v: %s", args, err, out)
		}
	}
	git("init", "--quiet", "--initial-branch=main")
	for _, text := range []string{"old\n", "new\n"} {
		if err := os.WriteFile(filepath.Join(project, "f.yml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		git("add", ".")
		git("commit", "--quiet", "-m", text)
		git("tag", strings.TrimSpace(text))
	}
	f, err := Open(project, Options{})
	if err != nil {
		t.Fatal(err)
	}
	read := f.For(t.Context()).Revision
	for ref, want := range map[string]string{"old": "old\n", "new": "new\n", "main": "new\n", "main~1": "old\n"} {
		if got, err := read(ref, "f.yml"); string(got) != want || err != nil {
			t.Errorf("%s: %q, %v", ref, got, err)
		}
	}
	if names, err := f.For(t.Context()).Files("old"); len(names) != 1 || names[0] != "f.yml" || err != nil {
		t.Errorf("the files are %q, %v", names, err)
	}
	if _, err := read("old", "none.yml"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := read("none", "f.yml"); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing ref: %v", err)
	}
}
