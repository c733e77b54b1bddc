// SPDX-License-Identifier: GPL-2.0-or-later

package records

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func open(t *testing.T) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "a", "records"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func put(t *testing.T, s *Store, r Record) {
	t.Helper()
	if err := s.Put(r); err != nil {
		t.Fatal(err)
	}
}

func TestRecordComesBack(t *testing.T) {
	s := open(t)
	want := Record{
		Kind: Container, Name: "lcitool-1", Token: NewToken(), Engine: "unix:///x", Time: time.Now().UTC().Round(0),
		Owner: Owner{Run: "r", PID: "1", Start: "2", Boot: "3", PIDNS: "4", Machine: "5"}, Extra: map[string]string{"k": "v"},
	}
	put(t, s, want)
	want.ID = strings.Repeat("a", 64)
	put(t, s, want) // in its place
	put(t, s, Record{Kind: Volume, Name: "lcitool-1"})
	got, err := s.Get(Container, "lcitool-1")
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	list, err := s.List(Container)
	if err != nil || len(list) != 1 || !reflect.DeepEqual(list[0], want) {
		t.Errorf("list %+v, %v", list, err)
	}
	if err := errors.Join(s.Remove(Container, "lcitool-1"), s.Remove(Container, "lcitool-1")); err != nil {
		t.Error(err)
	}
	if _, err := s.Get(Container, "lcitool-1"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after removal: %v", err)
	}
	if volume, err := s.Get(Volume, "lcitool-1"); err != nil || volume.Time.IsZero() {
		t.Errorf("the other kind: %+v, %v", volume, err)
	}
}

func TestLock(t *testing.T) {
	s := open(t)
	put(t, s, Record{Kind: Container, Name: "c"})
	if _, _, err := s.Lock(Container, "other", true); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a record that does not exist: %v", err)
	}
	lock := func(shared, wantBusy bool) func() {
		t.Helper()
		unlock, busy, err := s.Lock(Container, "c", shared)
		if err != nil || busy != wantBusy {
			t.Fatalf("shared %v: busy %v, %v", shared, busy, err)
		}
		return unlock
	}
	first, second := lock(true, false), lock(true, false)
	lock(false, true)
	first()
	lock(false, true)
	second()
	only := lock(false, false)
	lock(true, true)
	lock(false, true)
	only()
	lock(false, false)()
}

func TestNamesThatAreNoFileNames(t *testing.T) {
	s := open(t)
	for _, name := range []string{"", "../x", "a/b", ".", "..", "-x", "a b", "a\n", "a@b", strings.Repeat("a", 201)} {
		if err := s.Put(Record{Kind: Container, Name: name}); err == nil {
			t.Errorf("recorded %q", name)
		}
		if _, err := s.Get(Container, name); err == nil {
			t.Errorf("read %q", name)
		}
		if err := s.Remove(Container, name); err == nil {
			t.Errorf("removed %q", name)
		}
	}
	if err := s.Put(Record{Kind: Container, Name: "large", Extra: map[string]string{"k": strings.Repeat("x", maxRecord)}}); err == nil {
		t.Error("recorded what cannot be read back")
	}
}

func TestOnlyRecordsAreRead(t *testing.T) {
	s := open(t)
	put(t, s, Record{Kind: Container, Name: "good"})
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte(`{"kind":"container","name":"link"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(s.Dir(), "container@"+name+".json") }
	write := func(name, text string) error { return os.WriteFile(in(name), []byte(text), 0o600) }
	if err := errors.Join(
		os.Symlink(outside, in("link")),
		os.Symlink(in("good"), in("inner")),
		os.Mkdir(in("dir"), 0o700),
		syscall.Mkfifo(in("fifo"), 0o600),
		write("broken", "{"), write("empty", ""), write("another", `{"kind":"container","name":"good"}`),
		write("kind", `{"kind":"volume","name":"kind"}`),
		write("large", `{"kind":"container","name":"large","id":"`+strings.Repeat("a", maxRecord)+`"}`),
	); err != nil {
		t.Fatal(err)
	}
	list, err := s.List(Container)
	if len(list) != 1 || list[0].Name != "good" {
		t.Errorf("list %+v", list)
	}
	damaged := []string{"broken", "empty"}
	for _, name := range []string{"link", "inner", "dir", "fifo", "broken", "empty", "another", "kind", "large"} {
		if err == nil || strings.Contains(err.Error(), "container@"+name+".json") == slices.Contains(damaged, name) {
			t.Errorf("%s is not named in %v", name, err)
		}
		if _, err := s.Get(Container, name); err == nil {
			t.Errorf("read %s", name)
		}
	}
}

func TestDirectoryIsClosedToOthers(t *testing.T) {
	parent := t.TempDir()
	wide := filepath.Join(parent, "wide")
	if err := errors.Join(os.Mkdir(wide, 0o777), os.Chmod(wide, 0o777)); err != nil {
		t.Fatal(err)
	}
	s, err := Open(wide)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if info, err := os.Stat(wide); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	put(t, s, Record{Kind: Image, Name: "x"})
	if info, err := os.Stat(filepath.Join(wide, "image@x.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("file: %v, %v", info, err)
	}
	link, file := filepath.Join(parent, "link"), filepath.Join(parent, "file")
	if err := errors.Join(os.Symlink(wide, link), os.WriteFile(file, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{link, file, "relative"} {
		if _, err := Open(dir); err == nil {
			t.Errorf("opened %s", dir)
		}
	}
	if os.Getuid() == 0 {
		foreign := filepath.Join(parent, "foreign")
		if err := errors.Join(os.Mkdir(foreign, 0o700), os.Chown(foreign, 65534, 65534)); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(foreign); err == nil || !strings.Contains(err.Error(), "another user") {
			t.Errorf("opened another user's: %v", err)
		}
	}
}

func TestReadersSeeWholeRecords(t *testing.T) {
	s := open(t)
	put(t, s, Record{Kind: Container, Name: "x", Extra: map[string]string{"k": ""}})
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for n := range 50 {
				if err := s.Put(Record{Kind: Container, Name: "x", Extra: map[string]string{"k": strings.Repeat(fmt.Sprint(i), n*100)}}); err != nil {
					t.Error(err)
				}
				if _, err := s.Get(Container, "x"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	entries, err := os.ReadDir(s.Dir())
	if err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}

// TestAbandonedFilesGo has a file of a killed process, one that is being written, and a new
// one.
// TestDamaged: records that a crash has cut off are found, and nothing else is removed.
func TestDamaged(t *testing.T) {
	s := open(t)
	put(t, s, Record{Kind: Container, Name: "good"})
	for name, text := range map[string]string{"container@empty.json": "", "container@half.json": `{"kind":"cont`, "container@zeros.json": "\x00\x00", "container@other.json": "{}", "image@half.json": "{", "container@young.json": ""} {
		if err := os.WriteFile(filepath.Join(s.Dir(), name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	old := time.Now().Add(-2 * damagedAge)
	for _, name := range []string{"container@empty.json", "container@half.json", "container@zeros.json", "container@other.json", "container@good.json", "image@half.json"} {
		if err := os.Chtimes(filepath.Join(s.Dir(), name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	found, err := s.Damaged(Container, Volume)
	slices.Sort(found)
	if want := []string{"container@empty.json", "container@half.json", "container@zeros.json"}; err != nil || !slices.Equal(found, want) {
		t.Fatalf("%q, %v, want %q", found, err, want)
	}
	put(t, s, Record{Kind: Container, Name: "zeros"}) // meanwhile
	for _, name := range found {
		if err := s.RemoveDamaged(name); err != nil {
			t.Error(err)
		}
	}
	for name, want := range map[string]bool{"container@empty.json": false, "container@half.json": false, "container@zeros.json": true, "container@good.json": true, "container@other.json": true, "image@half.json": true, "container@young.json": true} {
		if _, err := os.Lstat(filepath.Join(s.Dir(), name)); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAbandonedFilesGo(t *testing.T) {
	s := open(t)
	path := func(name string) string { return filepath.Join(s.Dir(), tempPrefix+name) }
	for _, name := range []string{"left", "locked", "young"} {
		if err := os.WriteFile(path(name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	old := time.Now().Add(-time.Minute)
	if err := errors.Join(os.Chtimes(path("left"), old, old), os.Chtimes(path("locked"), old, old), os.Chtimes(path("young"), time.Now().Add(time.Hour), time.Now().Add(time.Hour))); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path("locked"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if list, err := s.List(Container); err != nil || len(list) > 0 {
		t.Errorf("%v, %v", list, err)
	}
	for name, want := range map[string]bool{"left": false, "locked": true, "young": true} {
		if _, err := os.Stat(path(name)); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
