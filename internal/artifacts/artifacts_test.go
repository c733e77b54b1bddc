// SPDX-License-Identifier: GPL-2.0-or-later

package artifacts

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/safefs"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

func store(t *testing.T, s *Store, job, name, text string) {
	t.Helper()
	err := s.Replace(job, func(d *safefs.Dir) error { return d.WriteFile(name, []byte(text), 0o644) })
	if err != nil {
		t.Fatal(err)
	}
}

func TestReplace(t *testing.T) {
	project := t.TempDir()
	s := In(project)
	store(t, s, "make", "old", "1")
	store(t, s, "make", "new", "2")
	if err := s.Add("make", "report.xml", []byte("3")); err != nil {
		t.Fatal(err)
	}
	failed := errors.New("no space")
	err := s.Replace("make", func(d *safefs.Dir) error {
		return errors.Join(d.WriteFile("half", nil, 0o644), failed)
	})
	if !errors.Is(err, failed) {
		t.Errorf("error %v", err)
	}
	names := func(dir string) string {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Error(err)
		}
		var all []string
		for _, e := range entries {
			all = append(all, e.Name())
		}
		return strings.Join(all, " ")
	}
	for dir, want := range map[string]string{
		s.Dir("make"): "new report.xml", filepath.Join(project, Below): "make", filepath.Join(project, ".lcitool"): ".gitignore artifacts",
	} {
		if got := names(dir); got != want {
			t.Errorf("%s has %s, want %s", dir, got, want)
		}
	}
}

// TestStale: artifacts of an earlier run are not used for a job that is part of this run,
// even if the job fails, leaves none or never begins.
func TestStamp(t *testing.T) {
	s := In(t.TempDir())
	stamps := []string{s.Stamp("j")}
	for range 2 {
		if err := s.Replace("j", func(*safefs.Dir) error { return nil }); err != nil {
			t.Fatal(err)
		}
		stamps = append(stamps, s.Stamp("j"))
	}
	if stamps[0] != "" || stamps[1] == "" || stamps[1] == stamps[2] || stamps[2] != s.Stamp("j") {
		t.Errorf("%q", stamps)
	}
}

func TestStale(t *testing.T) {
	project := t.TempDir()
	store(t, In(project), "make", "out", "old")
	s := In(project)
	has := func(fresh, want bool) {
		t.Helper()
		if got, err := s.Has("make", fresh); err != nil || got != want {
			t.Errorf("has %v, %v", got, err)
		}
	}
	has(true, false)
	has(false, true)
	if err := s.Remove("make"); err != nil {
		t.Fatal(err)
	}
	has(false, false)
	store(t, s, "make", "out", "new")
	has(true, true)
	if err := s.Remove("make"); err != nil {
		t.Fatal(err)
	}
	has(true, false)
	store(t, In(project), "make", "out", "another run's")
	has(true, false)
	if err := In(filepath.Join(project, "nosuch")).Remove("make"); err != nil {
		t.Errorf("without a project: %v", err)
	}
}

func TestDirs(t *testing.T) {
	names := []string{"test/a", "test-a", "..", ".hidden", "-rf", "x\nlcitool: all jobs passed", "bidi\u202eevil", strings.Repeat("z", 300), strings.Repeat("z", 301)}
	s := In("/project")
	seen := map[string]string{}
	for _, name := range names {
		dir := s.Dir(name)
		if other, taken := seen[dir]; taken {
			t.Errorf("%q and %q leave artifacts in %s", other, name, dir)
		}
		seen[dir] = name
		if base := filepath.Base(dir); filepath.Dir(dir) != "/project/"+Below || base[0] == '-' || base[0] == '.' || termtext.Line(base) != base {
			t.Errorf("artifacts of %q are in %s", name, dir)
		}
	}
}

// TestOwner: artifacts get the project's owner if this process may change the owner.
func TestOwner(t *testing.T) {
	const user = 4242
	project := t.TempDir()
	root := os.Getuid() == 0
	if root {
		if err := os.Chown(project, user, user+1); err != nil {
			t.Fatal(err)
		}
	}
	s := In(project)
	if (s.owner != nil) != root {
		t.Fatalf("owner %+v", s.owner)
	}
	store(t, s, "make", "out", "x")
	want := os.Getuid()
	if root {
		want = user
	}
	for _, name := range []string{s.Dir("make"), filepath.Join(s.Dir("make"), "out")} {
		info, err := os.Lstat(name)
		if err != nil || safefs.UID(info) != want {
			t.Errorf("%s belongs to %d, %v", name, safefs.UID(info), err)
		}
	}
	if root && In(t.TempDir()).owner != nil {
		t.Error("what is root's is given away")
	}
}

// TestLinkInPlaceOfTheNewOnes: neither mode nor owner changes of what a link leads
// to that another process has put in the place of new artifacts.
func TestLinkInPlaceOfTheNewOnes(t *testing.T) {
	project, victim := t.TempDir(), t.TempDir()
	if os.Getuid() == 0 {
		if err := os.Chown(project, 4242, 4243); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(victim, "files", "x")
	if err := errors.Join(os.Mkdir(filepath.Dir(file), 0o700), os.WriteFile(file, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	err := In(project).Replace("make", func(d *safefs.Dir) error {
		work := filepath.Dir(d.Name())
		return errors.Join(os.Rename(work, work+"-aside"), os.Symlink(victim, work))
	})
	if err == nil {
		t.Error("no error")
	}
	for name, mode := range map[string]os.FileMode{filepath.Dir(file): 0o700, file: 0o600} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != mode || safefs.UID(info) != os.Getuid() {
			t.Errorf("%s: mode %v, owner %d, %v", name, info.Mode(), safefs.UID(info), err)
		}
	}
}

func TestOpen(t *testing.T) {
	project := t.TempDir()
	s := In(project)
	if _, err := s.Open("make"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	store(t, s, "make", "out", "x")
	if err := os.Symlink(t.TempDir(), s.Dir("link")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open("link"); !errors.Is(err, safefs.ErrLink) {
		t.Errorf("error %v", err)
	}
	dir, err := s.Open("make")
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if text, err := dir.ReadFile("out", 10); err != nil || string(text) != "x" {
		t.Errorf("%q, %v", text, err)
	}
}
