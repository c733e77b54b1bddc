// SPDX-License-Identifier: GPL-2.0-or-later

package projectsource

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const zeros = "0000000000000000000000000000000000000000000000000000000000000000"

func lockOf(t *testing.T, text string) (*Lock, error) {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, LockFile), text)
	return ReadLock(dir)
}

// TestReadLock accepts a lock as it is written, without missing or additional keys.
func TestReadLock(t *testing.T) {
	entry := func(url, sum string) string { return "version: 1\nfiles:\n- url: " + url + "\n  sha256: " + sum + "\n" }
	for _, c := range []struct{ name, text, wantErr string }{
		{"one", entry("https://h/p.yml", strings.Repeat("a", 64)), ""},
		{"digest like a number", entry("https://h/p.yml", zeros), ""},
		{"path", entry("ci/p.yml", zeros), ""},
		{"quoted", entry(`"https://h/p.yml?a#b"`, "'"+zeros+"'"), ""},
		{"no files", "version: 1\nfiles: []\n", ""},
		{"empty", "", "expected a mapping, got nothing"},
		{"not YAML", "version: [\n", "ci/lcitool.lock:"},
		{"other version", "version: 2\nfiles: []\n", `expected version 1, got "2"`},
		{"no version", "files: []\n", `expected version 1, got ""`},
		{"unknown key", "version: 1\nfile: []\n", `ci/lcitool.lock:2: unknown key "file"`},
		{"unknown key of a file", entry("https://h/p.yml", zeros) + "  md5: 0\n", `ci/lcitool.lock:5: unknown key "md5"`},
		{"files are no list", "version: 1\nfiles: {}\n", "ci/lcitool.lock:2: expected a list, got a mapping"},
		{"file is no mapping", "version: 1\nfiles: [x]\n", "expected a mapping, got a string"},
		{"url is a list", entry("[]", zeros), "expected a string, got a list"},
		{"no url", "version: 1\nfiles: [{sha256: " + zeros + "}]\n", "should refer to a project YML file"},
		{"no digest", "version: 1\nfiles: [{url: https://h/p.yml}]\n", `"" is no SHA-256 digest`},
		{"http", entry("http://h/p.yml", zeros), "ci/lcitool.lock:3: Project http://h/p.yml must use a 'https' or 'file' URI scheme"},
		{"short digest", entry("https://h/p.yml", "abc"), `"abc" is no SHA-256 digest`},
		{"digest in capitals", entry("https://h/p.yml", strings.Repeat("A", 64)), "is no SHA-256 digest"},
		{"digest is a path", entry("https://h/p.yml", strings.Repeat("../", 21)+"x"), "is no SHA-256 digest"},
		{"twice", entry("https://h/p.yml", zeros) + "- url: https://h/p.yml#x\n  sha256: " + zeros + "\n", "https://h/p.yml#x is locked twice"},
		{"conflict", "<<<<<<< HEAD\n" + entry("https://h/p.yml", zeros), "ci/lcitool.lock:"},
		{"too large", entry("https://h/p.yml", zeros) + strings.Repeat("#", 1<<20), "larger than 1 MiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := lockOf(t, c.text)
			if c.wantErr == "" && err != nil || c.wantErr != "" && (err == nil || !strings.Contains(err.Error(), c.wantErr)) {
				t.Errorf("error %v, want one with %q", err, c.wantErr)
			}
		})
	}
}

func TestNoLockLocksNothing(t *testing.T) {
	ref, err := Parse("https://h/p.yml", "/")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file", "ci"), "")
	for _, base := range []string{dir, filepath.Join(dir, "file"), filepath.Join(dir, "missing")} {
		lock, err := ReadLock(base)
		if err != nil {
			t.Fatal(err)
		}
		if got := lock.Digest(ref); got != "" || len(lock.References()) > 0 {
			t.Errorf("%s: digest %q", base, got)
		}
	}
	if got := (*Lock)(nil).Digest(ref); got != "" {
		t.Errorf("nil: digest %q", got)
	}
}

// TestWriteLock writes the same bytes for the same files in any order, and reads them back.
func TestWriteLock(t *testing.T) {
	dir := resolved(t, t.TempDir())
	texts := []string{"https://h/b.yml?x=1#f", "https://u:secret@h/a.yml", "ci/p.yml", "./top.yml", "file:///d/sp%20ace.yml", "/elsewhere/y.yml"}
	want := lockHeader + "version: 1\nfiles:\n"
	for _, url := range []string{"./top.yml", "/elsewhere/y.yml", "ci/p.yml", "file:///d/sp%20ace.yml", "https://h/a.yml", "https://h/b.yml?x=1"} {
		want += "  - url: " + url + "\n    sha256: \"" + zeros + "\"\n"
	}
	for range 2 {
		lock, err := ReadLock(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range texts {
			ref, err := Parse(text, dir)
			if err != nil {
				t.Fatal(err)
			}
			lock.Set(File{Reference: ref, Digest: zeros})
		}
		if err := lock.Write(); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(dir, LockFile))
		if err != nil || string(got) != want {
			t.Errorf("got %v\n%s\nwant\n%s", err, got, want)
		}
		slices.Reverse(texts)
	}
	entries, err := os.ReadDir(filepath.Join(dir, "ci"))
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// TestTwoWriters: two processes that lock different files at the same time lose none of
// them, and each file has the digest of the last one that has locked it.
func TestTwoWriters(t *testing.T) {
	dir := resolved(t, t.TempDir())
	other := strings.Repeat("ab", 32)
	set := func(lock *Lock, url, digest string) {
		ref, err := Parse(url, dir)
		if err != nil {
			t.Fatal(err)
		}
		lock.Set(File{Reference: ref, Digest: digest})
	}
	open := func() *Lock {
		lock, err := ReadLock(dir)
		if err != nil {
			t.Fatal(err)
		}
		return lock
	}
	first := open()
	set(first, "https://h/both.yml", zeros)
	set(first, "https://h/old.yml", zeros)
	if err := first.Write(); err != nil {
		t.Fatal(err)
	}
	a, b := open(), open()
	set(a, "https://h/a.yml", zeros)
	set(a, "https://h/old.yml", other)
	set(a, "https://h/both.yml", zeros)
	set(b, "https://h/b.yml", zeros)
	set(b, "https://h/both.yml", other)
	for _, lock := range []*Lock{a, b} {
		if err := lock.Write(); err != nil {
			t.Fatal(err)
		}
	}
	got := ""
	for _, entry := range open().sorted() {
		got += entry.URL + " " + entry.SHA256[:2] + "\n"
	}
	if want := "https://h/a.yml 00\nhttps://h/b.yml 00\nhttps://h/both.yml ab\nhttps://h/old.yml ab\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestLockHolds refuses a file that differs from the lock, and shows the difference if the
// locked copy is cached.
func TestLockHolds(t *testing.T) {
	for _, c := range []struct {
		name, now string
		kept      bool
		want      string // in the error
	}{
		{"same", project, true, ""},
		{"same and nothing kept", project, false, ""},
		{"changed", changedProject, true, "\n--- locked\n+++ now\n@@ -1,2 +1,2 @@\n gcc\n-zlib\n+meson"},
		{"changed and nothing kept", changedProject, false, "has changed: its sha256 is " + digest([]byte(changedProject)) + ", ci/lcitool.lock has " + digest([]byte(project))},
		{"other order", "packages: [zlib, gcc]\n", true, "its list of packages is the same"},
		{"comment", project + "# more\n", true, "its list of packages is the same"},
		{"forged line", "packages: [gcc, \"zlib\\n+curl\"]\n", true, `+"zlib\n+curl"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := project
			s := serve(t, func(w http.ResponseWriter, r *http.Request) { text(now)(w, r) })
			ref := s.ref(t, "/p.yml")
			files, err := New(s.options).Fetch(t.Context(), ref)
			if err != nil {
				t.Fatal(err)
			}
			lock, err := ReadLock(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			lock.Set(files[0])
			s.options.Lock = lock
			if !c.kept {
				s.options.CacheDir = t.TempDir()
			}
			now = c.now
			got, err := s.fetch(t, ref)
			if c.want == "" {
				if err != nil || got != project {
					t.Errorf("got %q, %v", got, err)
				}
				return
			}
			var changed *ChangedError
			if !errors.As(err, &changed) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestLockedCopyOutlivesTheLast(t *testing.T) {
	now := project
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { text(now)(w, r) })
	ref := s.ref(t, "/p.yml")
	lock, err := ReadLock(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	files, err := New(s.options).Fetch(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	lock.Set(files[0])
	now = changedProject
	if got, err := s.fetch(t, ref); err != nil || got != changedProject {
		t.Fatalf("got %q, %v", got, err)
	}
	s.options.Lock, s.options.Offline = lock, true
	if got, err := s.fetch(t, ref); err != nil || got != project {
		t.Errorf("offline: got %q, %v", got, err)
	}
	s.options.Offline = false
	s.Close()
	if got, err := s.fetch(t, ref); err != nil || got != project || len(s.warnings) != 1 {
		t.Errorf("away: got %q, %v, warned %q", got, err, s.warnings)
	}
	lock.Set(File{Reference: ref, Digest: zeros})
	s.options.Offline = true
	var missing *OfflineError
	if _, err := s.fetch(t, ref); !errors.As(err, &missing) {
		t.Errorf("a version that nobody has: %v", err)
	}
}

// TestLocalFilesAreLocked: the lock applies to local files too, and Keep stores a copy to
// compare with.
func TestLocalFilesAreLocked(t *testing.T) {
	dir := resolved(t, t.TempDir())
	file := filepath.Join(dir, "ci", "p.yml")
	write(t, file, project)
	ref, err := Parse("ci/p.yml", dir)
	if err != nil {
		t.Fatal(err)
	}
	options := Options{Read: read, CacheDir: t.TempDir()}
	source := New(options)
	files, err := source.Fetch(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	if options.Lock, err = ReadLock(dir); err != nil {
		t.Fatal(err)
	}
	options.Lock.Set(files[0])
	source.Keep(files[0])
	if _, err := New(options).Fetch(t.Context(), ref); err != nil {
		t.Error(err)
	}
	write(t, file, changedProject)
	if _, err := New(options).Fetch(t.Context(), ref); err == nil || !strings.Contains(err.Error(), "-zlib\n+meson") {
		t.Errorf("error %v", err)
	}
}

func FuzzReadLock(f *testing.F) {
	f.Add("version: 1\nfiles:\n  - url: https://h/p.yml\n    sha256: \"" + zeros + "\"\n")
	f.Add("version: 1\nfiles:\n  - {url: ci/p.yml, sha256: " + strings.Repeat("ab", 32) + "}\n")
	f.Add("version: 1\nfiles: []\n")
	f.Add("version: 2\n")
	f.Add("[")
	f.Fuzz(func(t *testing.T, text string) {
		lock := &Lock{LockFormat: LockFormat{LockFile, lockHeader, Parse}, dir: t.TempDir(), entries: map[string]lockEntry{}}
		if err := lock.decode([]byte(text)); err != nil {
			return
		}
		if err := lock.Write(); err != nil {
			t.Fatal(err)
		}
		again, err := ReadLock(lock.dir)
		if err != nil {
			t.Fatalf("cannot be read back: %v", err)
		}
		for _, ref := range lock.References() {
			if got, want := again.Digest(ref), lock.Digest(ref); got != want {
				t.Errorf("%s: %q became %q", ref.Text, want, got)
			}
		}
	})
}
