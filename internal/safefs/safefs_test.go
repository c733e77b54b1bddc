// SPDX-License-Identifier: GPL-2.0-or-later

package safefs

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// hostile fills a directory with one of each thing that is not a plain file, and returns it.
// A secret is outside of it.
func hostile(t *testing.T) string {
	t.Helper()
	outside := t.TempDir()
	dir := filepath.Join(outside, "tree")
	put(t, filepath.Join(outside, "secret"), "secret")
	put(t, filepath.Join(outside, "elsewhere", "precious"), "precious")
	put(t, filepath.Join(dir, "plain"), "plain")
	put(t, filepath.Join(dir, "sub", "file"), "file")
	for name, target := range map[string]string{
		"inside": "sub/file", "dirlink": "sub", "up": "../secret", "absolute": filepath.Join(outside, "secret"), "zero": "/dev/zero",
		"loop": "loop", "dangling": "not/there", "elsewhere": "../elsewhere", "chain": "up", "sub/back": "../plain", "sub/self": ".",
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("fifo", filepath.Join(dir, "fifolink")); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir) // a socket's name is short
	socket, err := net.Listen("unix", "socket")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	return dir
}

func put(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestGlob(t *testing.T) {
	dir := filepath.Join(t.TempDir(), `a[b]*?\`)
	for _, name := range []string{"2/x", "1/x", "3/y", "[1]"} {
		put(t, filepath.Join(dir, name), "")
	}
	for pattern, want := range map[string][]string{"*/x": {"1/x", "2/x"}, "[0-9]": {"1", "2", "3"}, "none": nil} {
		for i, name := range want {
			want[i] = filepath.Join(dir, name)
		}
		if got := Glob(dir, pattern); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", pattern, got, want)
		}
	}
	if got := Glob(filepath.Join(dir, "none"), "*"); len(got) > 0 {
		t.Errorf("got %q", got)
	}
}

func openDir(t *testing.T, dir string) *Dir {
	t.Helper()
	d, err := OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func TestReadFileInDir(t *testing.T) {
	d := openDir(t, hostile(t))
	for name, c := range map[string]struct{ want, wantErr string }{
		"plain": {want: "plain"}, "inside": {want: "file"}, "dirlink/file": {want: "file"}, "sub/back": {want: "plain"},
		"up": {wantErr: "escapes"}, "chain": {wantErr: "escapes"}, "absolute": {wantErr: "escapes"}, "zero": {wantErr: "escapes"},
		"../secret": {wantErr: "escapes"}, "elsewhere/precious": {wantErr: "escapes"},
		"loop": {wantErr: "too many levels"}, "dangling": {wantErr: "no such file"},
		"fifo": {wantErr: "open fifo: not a regular file but a FIFO"}, "fifolink": {wantErr: "but a FIFO"},
		"socket": {wantErr: "not a regular file"}, "sub": {wantErr: "is a directory"}, ".": {wantErr: "is a directory"},
	} {
		for reader, read := range map[string]func() ([]byte, error){
			"ReadFile": func() ([]byte, error) { return d.ReadFile(name, 100) },
			"FS": func() ([]byte, error) {
				if name == "../secret" { // fs.FS has another error for it
					return d.ReadFile(name, 100)
				}
				return fs.ReadFile(d.FS(), name)
			},
		} {
			if (name == "sub" || name == ".") && reader == "FS" {
				continue // directories can be opened
			}
			data, err := read()
			switch {
			case c.wantErr == "" && (err != nil || string(data) != c.want):
				t.Errorf("%s of %s: %q, %v; want %q", reader, name, data, err, c.want)
			case c.wantErr != "" && (err == nil || !strings.Contains(err.Error(), c.wantErr)):
				t.Errorf("%s of %s: %q, %v; want an error with %q", reader, name, data, err, c.wantErr)
			}
		}
	}
}

func TestHolds(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(t.TempDir(), "secret")
	for file, text := range map[string]string{filepath.Join(dir, "f"): "12345", filepath.Join(dir, "empty"): "", outside: "12345"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Symlink("f", filepath.Join(dir, "inside")), os.Symlink(outside, filepath.Join(dir, "outside")),
		syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600)); err != nil {
		t.Fatal(err)
	}
	d, err := OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, c := range []struct {
		name, data string
		want       bool
	}{
		{"f", "12345", true}, {"f", "1234", false}, {"f", "123456", false}, {"f", "", false}, {"f", "12346", false}, {"f", "02345", false},
		{"empty", "", true}, {"empty", "1", false}, {"inside", "12345", true},
		{"outside", "12345", false}, {"missing", "", false}, {".", "", false}, {"fifo", "", false},
	} {
		for _, size := range []int{1, 2, 4, 5, 6, 100} {
			if got := d.Holds(c.name, []byte(c.data), make([]byte, size)); got != c.want {
				t.Errorf("%s holds %q, read in parts of %d: %t, want %t", c.name, c.data, size, got, c.want)
			}
		}
	}
}

func TestReadFileLimit(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "five"), "12345")
	if err := os.WriteFile(filepath.Join(dir, "huge"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(dir, "huge"), 1<<40); err != nil {
		t.Fatal(err)
	}
	d := openDir(t, dir)
	if data, err := d.ReadFile("five", 5); string(data) != "12345" || err != nil {
		t.Errorf("%q, %v", data, err)
	}
	for name, limit := range map[string]int64{"five": 4, "huge": 1 << 20} {
		_, err := d.ReadFile(name, limit)
		tooLarge, ok := errors.AsType[*TooLargeError](err)
		if !ok || tooLarge.Limit != limit || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ReadFile("/proc/self/maps", 10); err == nil || !strings.Contains(err.Error(), "larger than 10 bytes") { // its size is 0
		t.Errorf("a file of /proc: %v", err)
	}
	for limit, want := range map[int64]string{1: "1 bytes", 2 << 10: "2 KiB", 3 << 20: "3 MiB", 1 << 30: "1 GiB", 1<<20 + 1: "1048577 bytes"} {
		if got := (&TooLargeError{limit}).Error(); got != "larger than "+want {
			t.Errorf("%d: %q", limit, got)
		}
	}
}

func TestReadFileOfUser(t *testing.T) {
	dir := hostile(t)
	for name, want := range map[string]string{"plain": "plain", "up": "secret", "absolute": "secret"} { // the user's own links lead anywhere
		if data, err := ReadFile(filepath.Join(dir, name), 100); string(data) != want || err != nil {
			t.Errorf("%s: %q, %v", name, data, err)
		}
	}
	for _, name := range []string{"fifo", "socket", "zero", "sub", "fifolink"} {
		for _, read := range []func(string, int64) ([]byte, error){ReadFile, ReadArgument} {
			if _, err := read(filepath.Join(dir, name), 100); !errors.Is(err, ErrNotRegular) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestReadArgumentFromPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	go func() {
		_, _ = w.WriteString("from a pipe")
		_ = w.Close()
	}()
	data, err := ReadArgument("/dev/fd/"+itoa(int(r.Fd())), 100)
	if string(data) != "from a pipe" || err != nil {
		t.Errorf("%q, %v", data, err)
	}
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + itoa(n%10)
}

func TestFSWalks(t *testing.T) {
	d := openDir(t, hostile(t))
	var names []string
	err := fs.WalkDir(d.FS(), ".", func(name string, _ fs.DirEntry, err error) error {
		names = append(names, name)
		return err
	})
	want := ". absolute chain dangling dirlink elsewhere fifo fifolink inside loop plain socket sub sub/back sub/file sub/self up zero"
	if got := strings.Join(names, " "); err != nil || got != want {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := fs.ReadDir(d.FS(), "fifo"); err == nil {
		t.Error("a FIFO was listed")
	}
	if _, err := fs.ReadDir(d.FS(), "elsewhere"); !Outside(err) {
		t.Errorf("a link out of the tree was listed: %v", err)
	}
	if target, err := fs.ReadLink(d.FS(), "up"); target != "../secret" || err != nil {
		t.Errorf("%q, %v", target, err)
	}
	for _, name := range []string{"/plain", "../secret", "sub/../plain", ""} {
		if _, err := d.FS().Open(name); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestWritesGoThroughNoLink(t *testing.T) {
	dir := hostile(t)
	d := openDir(t, dir)
	put(t, filepath.Join(dir, "fresh", "f"), "new")
	for what, do := range map[string]func() error{
		"write over a link":      func() error { return d.WriteFile("inside", []byte("x"), 0o644) },
		"write over a link out":  func() error { return d.WriteFile("up", []byte("x"), 0o644) },
		"write below a link":     func() error { return d.WriteFile("dirlink/file", []byte("x"), 0o644) },
		"write below a link out": func() error { return d.WriteFile("elsewhere/precious", []byte("x"), 0o644) },
		"write outside":          func() error { return d.WriteFile("../secret", []byte("x"), 0o644) },
		"write over a FIFO":      func() error { return d.WriteFile("fifo", []byte("x"), 0o644) },
		"create a link":          func() error { return d.CreateFile("dangling", []byte("x"), 0o644) },
		"create below a link":    func() error { return d.CreateFile("elsewhere/new", []byte("x"), 0o644) },
		"make below a link":      func() error { return d.MkdirAll("elsewhere/a/b", 0o755) },
		"make a link":            func() error { return d.MkdirAll("dirlink", 0o755) },
		"make below a file":      func() error { return d.MkdirAll("plain/a", 0o755) },
		"open a link":            func() error { _, err := d.Sub("elsewhere"); return err },
		"open below a link":      func() error { _, err := d.MakeSub("elsewhere/precious", 0o755); return err },
		"remove below a link":    func() error { return d.RemoveAll("elsewhere/precious") },
		"remove outside":         func() error { return d.RemoveAll("../elsewhere") },
		"replace below a link":   func() error { return d.ReplaceDir("fresh", "elsewhere/x") },
		"replace by a link":      func() error { return d.ReplaceDir("elsewhere", "sub") },
	} {
		if err := do(); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	for file, want := range map[string]string{"../secret": "secret", "../elsewhere/precious": "precious", "sub/file": "file"} {
		if data, err := os.ReadFile(filepath.Join(dir, file)); string(data) != want || err != nil {
			t.Errorf("%s: %q, %v", file, data, err)
		}
	}
	if entries, err := os.ReadDir(filepath.Join(dir, "../elsewhere")); len(entries) != 1 || err != nil {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestWritesAndRemoves(t *testing.T) {
	dir := hostile(t)
	d := openDir(t, dir)
	for range 2 {
		if err := errors.Join(d.MkdirAll("a/b", 0o755), d.WriteFile("a/b/f", []byte("text"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := d.Lstat("a/b/f"); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if err := d.CreateFile("a/b/f", nil, 0o600); !errors.Is(err, fs.ErrExist) {
		t.Errorf("created twice: %v", err)
	}
	sub, err := d.MakeSub("a/c", 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(sub.CreateFile("g", []byte("g"), 0o644), sub.Close()); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(d.ReplaceDir("a/b", "a/c"), d.ReplaceDir("a/c", "new")); err != nil {
		t.Fatal(err)
	}
	if data, err := d.ReadFile("new/f", 10); string(data) != "text" || err != nil {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := d.Stat("new/g"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the old directory's file: %v", err)
	}
	for _, name := range []string{"elsewhere", "new", "not/there", "fifo"} {
		if err := d.RemoveAll(name); err != nil {
			t.Error(err)
		}
		if _, err := d.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is still there: %v", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "../elsewhere/precious")); err != nil {
		t.Errorf("what a link led to is gone: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*", TemporaryPrefix+"*")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestReplaceDirPutsBack(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "old/f"), "old")
	d := openDir(t, dir)
	if err := d.ReplaceDir("missing", "old"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if err := d.ReplaceDir("old", "old/below"); err == nil {
		t.Error("a directory was moved into itself")
	}
	if data, err := d.ReadFile("old/f", 10); string(data) != "old" || err != nil {
		t.Errorf("%q, %v", data, err)
	}
}

func TestCheckLink(t *testing.T) {
	for _, c := range []struct {
		name, target string
		ok           bool
	}{
		{"l", "f", true}, {"l", "d/f", true}, {"l", "./d//f", true}, {"l", "not/there", true}, {"l", ".", true},
		{"d/l", "../f", true}, {"d/e/l", "../../f", true}, {"d/l", "..", true}, {"d/l", "../d/f", true},
		{"l", "", false}, {"l", "/etc/passwd", false}, {"l", "..", false}, {"l", "../f", false}, {"d/l", "../../f", false},
		{"a/b/l", "d/../f", false},      // whatever d is
		{"a/b/l", "../d/../f", false},   //
		{"l", "d/../f", false},          // d may be a link to a directory further down
		{"l", "p/q/d/../secret", false}, // with p/q/d -> ../..
		{"d/l", "../d/../../f", false},  //
		{"l", "d/..", false},            //
		{"l", "a\x00b", false},          //
		{"l", strings.Repeat("x", maxName+1), false},
	} {
		if err := CheckLink(c.name, c.target); (err == nil) != c.ok {
			t.Errorf("CheckLink(%q, %q) = %v", c.name, c.target, err)
		}
	}
}

func TestCheckName(t *testing.T) {
	for name, ok := range map[string]bool{
		"f": true, "d/f": true, "./d//f": true, "..f": true, "d/...": true, "d/": true, ".": true,
		"": false, "/f": false, "..": false, "../f": false, "d/../f": false, "d/..": false, "a\x00": false,
		strings.Repeat("d/", maxDepth+1) + "f": false, strings.Repeat("n", maxName+1): false,
	} {
		if err := CheckName(name); (err == nil) != ok {
			t.Errorf("CheckName(%q) = %v", name, err)
		}
	}
}

// FuzzLinks follows links that CheckLink accepts: none may lead out.
func FuzzLinks(f *testing.F) {
	f.Add("p/q/d", "../..", "l", "p/q/d/../secret")
	f.Add("a/b", "..", "c", "a/b/f")
	f.Add("a", "b", "b", "a/../..")
	f.Add("d/l", "../d", "m", "d/l/../../x")
	f.Fuzz(func(t *testing.T, name1, target1, name2, target2 string) {
		top := t.TempDir()
		put(t, filepath.Join(top, "secret"), "secret")
		dir := filepath.Join(top, "one", "two")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		d := openDir(t, dir)
		for _, l := range [][2]string{{name1, target1}, {name2, target2}} {
			name := filepath.ToSlash(filepath.Clean(l[0]))
			if CheckName(l[0]) != nil || CheckLink(name, l[1]) != nil || d.MkdirAll(filepath.ToSlash(filepath.Dir(name)), 0o755) != nil {
				continue
			}
			_ = os.Symlink(l[1], filepath.Join(dir, name))
		}
		_ = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, _ error) error {
			if real, err := filepath.EvalSymlinks(path); err == nil && real != dir && !strings.HasPrefix(real, dir+"/") {
				t.Errorf("%s leads to %s", path, real)
			}
			return nil
		})
	})
}

// TestWalk: names need not be UTF-8, links are not followed, and a directory that
// cannot be read is said.
func TestWalk(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	for _, name := range []string{filepath.Join(dir, "b\xff/c"), filepath.Join(dir, "a"), filepath.Join(outside, "x")} {
		if err := os.MkdirAll(name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{
		os.WriteFile(filepath.Join(dir, "b\xff/c/f"), nil, 0o644), os.Symlink(outside, filepath.Join(dir, "out")), os.Symlink("b\xff", filepath.Join(dir, "in")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	d, err := OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var seen []string
	err = d.Walk(func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			seen = append(seen, "no "+name)
			return nil
		}
		if seen = append(seen, name); name == "a" { // by another process
			return errors.Join(os.Remove(filepath.Join(dir, "a")), os.Symlink(outside, filepath.Join(dir, "a")))
		}
		return nil
	})
	if got, want := fmt.Sprintf("%q", seen), fmt.Sprintf("%q", []string{"a", "no a", "b\xff", "b\xff/c", "b\xff/c/f", "in", "out"}); err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

// TestWalkDeepTree: a walk ends even if directories never do.
func TestWalkDeepTree(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for name := ""; len(name) <= maxName; {
		name = filepath.Join(name, strings.Repeat("d", 200))
		if err := root.Mkdir(name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	err = In(root).Walk(func(_ string, _ fs.DirEntry, err error) error { return err })
	if !errors.Is(err, syscall.ENAMETOOLONG) {
		t.Errorf("error %v", err)
	}
}
