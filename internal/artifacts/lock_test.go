// SPDX-License-Identifier: GPL-2.0-or-later

package artifacts

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// TestLock: several processes may read the artifacts of a job, or one may write them.
func TestLock(t *testing.T) {
	project := t.TempDir()
	for _, test := range []struct{ first, second, ok bool }{
		{false, false, false}, {false, true, false}, {true, false, false}, {true, true, true},
	} {
		one, ok, err := In(project).Lock("a job", test.first)
		if one == nil || !ok || err != nil {
			t.Fatalf("%+v: %v, %v", test, ok, err)
		}
		other, ok, err := In(project).Lock("a job", test.second)
		if ok != test.ok || err != nil {
			t.Errorf("%+v: the second: %v, %v", test, ok, err)
		}
		third, ok, err := In(project).Lock("another job", false)
		if !ok || err != nil {
			t.Errorf("%+v: another job: %v, %v", test, ok, err)
		}
		for _, f := range []*os.File{one, other, third} {
			_ = f.Close()
		}
		again, ok, err := In(project).Lock("a job", false)
		if !ok || err != nil {
			t.Errorf("%+v: not free afterwards: %v, %v", test, ok, err)
		}
		_ = again.Close()
	}
}

// TestLockOfAnotherUser: all users can use a lock file, whatever the umask of its creator;
// it must only be readable.
func TestLockOfAnotherUser(t *testing.T) {
	project := t.TempDir()
	old := syscall.Umask(0o077)
	first, ok, err := In(project).Lock("job", false)
	syscall.Umask(old)
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	defer first.Close()
	file := filepath.Join(project, lockDir, "job")
	info, err := os.Lstat(file)
	if err != nil || info.Mode() != 0o644 {
		t.Errorf("%v, %v", info, err)
	}
	if err := os.Chmod(file, 0o444); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := In(project).Lock("job", true); ok || err != nil {
		t.Errorf("a file that is only readable: %v, %v", ok, err)
	}
}

func TestLockInAHostileTree(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside")
	for name, put := range map[string]func(dir, file string) error{
		"link to a file":        func(_, file string) error { return os.Symlink(outside, file) },
		"link inside":           func(_, file string) error { return os.Symlink("other", file) },
		"FIFO":                  func(_, file string) error { return syscall.Mkfifo(file, 0o600) },
		"directory":             func(_, file string) error { return os.Mkdir(file, 0o700) },
		"link to a directory":   func(dir, _ string) error { return replaceByLink(dir, filepath.Dir(outside)) },
		"link above":            func(dir, _ string) error { return replaceByLink(filepath.Dir(dir), filepath.Dir(outside)) },
		"file as the directory": func(dir, _ string) error { return errorsOf(os.RemoveAll(dir), os.WriteFile(dir, nil, 0o600)) },
	} {
		t.Run(name, func(t *testing.T) {
			project := t.TempDir()
			dir := filepath.Join(project, lockDir)
			if err := errorsOf(os.MkdirAll(dir, 0o700), put(dir, filepath.Join(dir, "job"))); err != nil {
				t.Fatal(err)
			}
			if _, ok, err := In(project).Lock("job", false); ok || err == nil || !strings.Contains(err.Error(), project) {
				t.Errorf("got %v, %v", ok, err)
			}
			if left, err := os.ReadDir(filepath.Dir(outside)); err != nil || len(left) > 0 {
				t.Errorf("outside of the project: %v, %v", left, err)
			}
		})
	}
}

func replaceByLink(dir, target string) error {
	return errorsOf(os.RemoveAll(dir), os.Symlink(target, dir))
}

func errorsOf(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

// TestLockOfTheOwner: a lock that root creates belongs to the project's owner, who could not
// replace it otherwise.
func TestLockOfTheOwner(t *testing.T) {
	project := t.TempDir()
	want := os.Getuid()
	if want == 0 {
		want = 4242
		if err := os.Chown(project, want, want); err != nil {
			t.Fatal(err)
		}
	}
	held, ok, err := In(project).Lock("job", false)
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	defer held.Close()
	for _, name := range []string{".lcitool", ".lcitool/.gitignore", lockDir, lockDir + "/job"} {
		info, err := os.Lstat(filepath.Join(project, name))
		if err != nil || safefs.UID(info) != want {
			t.Errorf("%s belongs to %d, want %d, %v", name, safefs.UID(info), want, err)
		}
	}
}

// TestLockWithoutWriteAccess: a directory that cannot be written fails no job; everything
// else is an error.
func TestLockWithoutWriteAccess(t *testing.T) {
	for err, want := range map[error]bool{
		syscall.EROFS: true, syscall.EACCES: true, syscall.EPERM: true, syscall.ENOSPC: false, syscall.ELOOP: false, syscall.ENOTDIR: false, nil: false,
	} {
		if err != nil {
			err = &fs.PathError{Op: "openat", Path: "job", Err: err}
		}
		if unwritable(err) != want {
			t.Errorf("%v: %v", err, !want)
		}
	}
}
