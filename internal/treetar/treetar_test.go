// SPDX-License-Identifier: GPL-2.0-or-later

package treetar

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

type entry struct {
	name, link, text string
	kind             byte
	mode             int64
	size             int64 // claimed; text's length if 0
}

func file(name, text string) entry {
	return entry{name: name, text: text, kind: tar.TypeReg, mode: 0o644}
}
func folder(name string) entry { return entry{name: name + "/", kind: tar.TypeDir, mode: 0o755} }
func symlink(name, to string) entry {
	return entry{name: name, link: to, kind: tar.TypeSymlink, mode: 0o777}
}
func hardlink(name, to string) entry {
	return entry{name: name, link: to, kind: tar.TypeLink, mode: 0o644}
}
func other(name string, k byte) entry { return entry{name: name, kind: k, mode: 0o644} }

// archive returns an archive of the entries, which may be invalid.
func archive(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Linkname: e.link, Typeflag: e.kind, Mode: e.mode, Size: max(e.size, int64(len(e.text))), Uid: 77}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, e.text); err != nil {
			t.Fatal(err)
		}
	}
	_ = w.Flush() // an error when an entry claims more than it has
	b.Write(make([]byte, 1024))
	return b.Bytes()
}

func dump(t testing.TB, dir string) string {
	t.Helper()
	var lines []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		line := strings.TrimPrefix(path, dir+"/") + " " + info.Mode().String()
		switch info.Mode().Type() {
		case fs.ModeSymlink:
			to, _ := os.Readlink(path)
			line = strings.TrimPrefix(path, dir+"/") + " -> " + to
		case 0:
			data, _ := os.ReadFile(path)
			line += fmt.Sprintf(" %q", data)
		}
		lines = append(lines, line)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

func TestUnpack(t *testing.T) {
	many := make([]entry, 20)
	for i := range many {
		many[i] = file(fmt.Sprintf("f%d", i), "")
	}
	for name, c := range map[string]struct {
		entries []entry
		options UnpackOptions
		want    string // what is there then
		wantErr string
	}{
		"plain":          {entries: []entry{folder("d"), file("d/f", "text"), symlink("d/l", "f"), symlink("d/m", "../d/f")}, want: "d drwxr-xr-x\nd/f -rw-r--r-- \"text\"\nd/l -> f\nd/m -> ../d/f"},
		"no folders":     {entries: []entry{file("./a//b/./c", "x")}, want: "a drwxr-xr-x\na/b drwxr-xr-x\na/b/c -rw-r--r-- \"x\""},
		"modes":          {entries: []entry{{name: "f", kind: tar.TypeReg, mode: 0o6755}, {name: "d/", kind: tar.TypeDir, mode: 0o1555}, file("d/in", "")}, want: "d dr-xr-xr-x\nd/in -rw-r--r-- \"\"\nf -rwxr-xr-x \"\""},
		"hard link":      {entries: []entry{file("a", "x"), hardlink("b", "a")}, want: "a -rw-r--r-- \"x\"\nb -rw-r--r-- \"x\""},
		"strip":          {entries: []entry{folder("top"), file("top/f", "x"), hardlink("top/g", "top/f"), file("alone", "y")}, options: UnpackOptions{Strip: 1}, want: "f -rw-r--r-- \"x\"\ng -rw-r--r-- \"x\""},
		"below":          {entries: []entry{folder("c"), file("c/f", "x"), hardlink("c/g", "c/f"), symlink("c/l", "../../d")}, options: UnpackOptions{Below: "a/b"}, want: "a drwxr-xr-x\na/b drwxr-xr-x\na/b/c drwxr-xr-x\na/b/c/f -rw-r--r-- \"x\"\na/b/c/g -rw-r--r-- \"x\"\na/b/c/l -> ../../d"},
		"links below":    {entries: []entry{symlink("l", "/t/d/f"), symlink("m", "/t"), symlink("d/n", "/t/"), symlink("o", "/t//a/x")}, options: UnpackOptions{Below: "a", LinkRoot: "/t"}, want: "a drwxr-xr-x\na/d drwxr-xr-x\na/d/n -> ../..\na/l -> ../d/f\na/m -> ..\na/o -> ../a/x"},
		"link to root":   {entries: []entry{symlink("l", "/t")}, options: UnpackOptions{LinkRoot: "/t"}, want: "l -> ."},
		"twice":          {entries: []entry{file("f", "old and long"), hardlink("g", "f"), file("f", "new")}, want: "f -rw-r--r-- \"new\"\ng -rw-r--r-- \"old and long\""},
		"file over link": {entries: []entry{file("f", "x"), symlink("l", "f"), file("l", "y")}, want: "f -rw-r--r-- \"x\"\nl -rw-r--r-- \"y\""},
		"dangling":       {entries: []entry{symlink("l", "not/there")}, want: "l -> not/there"},
		"kept": {
			entries: []entry{file("yes/f", ""), file("no/f", ""), file("yes/no", "")},
			options: UnpackOptions{Keep: func(p string, _ fs.DirEntry) bool { return !strings.HasSuffix(p, "no") }}, want: "yes drwxr-xr-x\nyes/f -rw-r--r-- \"\"",
		},
		"limits met": {entries: many, options: UnpackOptions{MaxFiles: 20, Keep: func(p string, _ fs.DirEntry) bool { return p == "f1" }}, want: "f1 -rw-r--r-- \"\""},

		"absolute":              {entries: []entry{file("/etc/passwd", "x")}, wantErr: "absolute"},
		"up":                    {entries: []entry{file("../f", "x")}, wantErr: `".."`},
		"up inside":             {entries: []entry{file("a/../../f", "x")}, wantErr: `".."`},
		"up and back":           {entries: []entry{file("a/../f", "x")}, wantErr: `".."`},
		"deep":                  {entries: []entry{file(strings.Repeat("d/", 300)+"f", "")}, wantErr: "too long"},
		"absolute link":         {entries: []entry{symlink("l", "/etc")}, wantErr: "outside"},
		"link up below":         {entries: []entry{symlink("l", "../../x")}, options: UnpackOptions{Below: "a"}, wantErr: "outside"},
		"link beside root":      {entries: []entry{symlink("l", "/tx/y")}, options: UnpackOptions{LinkRoot: "/t"}, wantErr: "outside"},
		"link above root":       {entries: []entry{symlink("l", "/t/../y")}, options: UnpackOptions{LinkRoot: "/t", Below: "a"}, wantErr: "outside"},
		"link and back":         {entries: []entry{symlink("l", "/t/a/../y")}, options: UnpackOptions{LinkRoot: "/t", Below: "a"}, wantErr: "outside"},
		"below a link":          {entries: []entry{symlink("l", "."), file("l/x", "")}, options: UnpackOptions{Below: "a"}, wantErr: "no directory"},
		"link up":               {entries: []entry{symlink("l", "..")}, wantErr: "outside"},
		"link up from below":    {entries: []entry{symlink("a/l", "../../x")}, wantErr: "outside"},
		"link up in the middle": {entries: []entry{symlink("a", "."), symlink("b", "a/..")}, wantErr: "come to be outside"},
		"through a link":        {entries: []entry{folder("d"), symlink("l", "d"), file("l/f", "x")}, wantErr: "no directory"},
		"link below a link":     {entries: []entry{symlink("d/l", ".."), symlink("d/l/m", "../x")}, wantErr: "no directory"},
		"through a file":        {entries: []entry{file("f", ""), file("f/g", "")}, wantErr: "no directory"},
		"file over folder":      {entries: []entry{folder("d"), file("d", "")}, wantErr: "directory of this name"},
		"link over folder":      {entries: []entry{file("d/f", ""), symlink("d", "x")}, wantErr: "directory of this name"},
		"folder over link":      {entries: []entry{symlink("d", "x"), folder("d")}, wantErr: "no directory"},
		"hard link outside":     {entries: []entry{hardlink("h", "../secret")}, wantErr: "not unpacked before"},
		"hard link to a link":   {entries: []entry{symlink("l", "f"), hardlink("h", "l")}, wantErr: "not unpacked before"},
		"hard link, absolute":   {entries: []entry{hardlink("h", "/etc/passwd")}, wantErr: "not unpacked before"},
		"hard link, replaced":   {entries: []entry{file("f", ""), symlink("f", "x"), hardlink("h", "f")}, wantErr: "not unpacked before"},
		"device":                {entries: []entry{other("null", tar.TypeChar)}, wantErr: "neither file"},
		"block device":          {entries: []entry{other("sda", tar.TypeBlock)}, wantErr: "neither file"},
		"pipe":                  {entries: []entry{other("pipe", tar.TypeFifo)}, wantErr: "neither file"},
		"too many":              {entries: many, options: UnpackOptions{MaxFiles: 19}, wantErr: "more than 19 files"},
		"too many folders":      {entries: []entry{file("a/b/c/d/e", "")}, options: UnpackOptions{MaxFiles: 4}, wantErr: "more than 4 files"},
		"too much":              {entries: []entry{file("a", "123"), file("b", "456")}, options: UnpackOptions{MaxBytes: 5}, wantErr: "more than 5 bytes"},
		"a huge claim":          {entries: []entry{{name: "f", kind: tar.TypeReg, size: 1 << 60}}, wantErr: "too large"},
		"cut":                   {entries: []entry{{name: "f", kind: tar.TypeReg, mode: 0o644, size: 1 << 20, text: "x"}}, wantErr: "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			outer := t.TempDir()
			dir := filepath.Join(outer, "dir")
			if err := errors.Join(os.Mkdir(dir, 0o755), os.WriteFile(filepath.Join(outer, "secret"), []byte("old"), 0o600)); err != nil {
				t.Fatal(err)
			}
			_, err := Unpack(t.Context(), bytes.NewReader(archive(t, c.entries...)), dir, c.options)
			if (err == nil) != (c.wantErr == "") || err != nil && !strings.Contains(err.Error(), c.wantErr) {
				t.Errorf("error %v, want %q", err, c.wantErr)
			}
			if got := dump(t, dir); err == nil && got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			unharmed(t, outer)
		})
	}
}

// unharmed checks that outer has only the test's files, and that dir has no link that leads
// out and no file over the limits.
func unharmed(t testing.TB, outer string) {
	t.Helper()
	left, _ := filepath.Glob(outer + "/*")
	if data, err := os.ReadFile(outer + "/secret"); err != nil || string(data) != "old" || len(left) != 2 {
		t.Errorf("outside: %q, %v, %v", data, err, left)
	}
	root, err := os.OpenRoot(outer + "/dir")
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	err = fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // a directory that the archive closed to us
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if mode := info.Mode(); mode&(fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky|fs.ModeDevice|fs.ModeNamedPipe) != 0 && path != "." {
			t.Errorf("%q has mode %v", path, mode)
		}
		if _, err := root.Stat(path); err != nil && strings.Contains(err.Error(), "escapes") {
			t.Errorf("%q leads out: %v", path, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestUnpackLeavesOutWhatIsRefused(t *testing.T) {
	dir := t.TempDir()
	var refused []string
	o := UnpackOptions{Refused: func(name, why string) { refused = append(refused, name) }}
	list, err := Unpack(t.Context(), bytes.NewReader(archive(t, symlink("sys", "/usr"), file("f", "x"), other("p", tar.TypeFifo), hardlink("h", "sys"))), dir, o)
	if err != nil || fmt.Sprint(list) != "[f]" || fmt.Sprint(refused) != "[sys p h]" {
		t.Errorf("made %v, refused %v, %v", list, refused, err)
	}
}

func TestUnpackWithoutEnd(t *testing.T) {
	whole := archive(t, file("a", "x"), file("b", "y"))
	for n := 0; n < len(whole); n += 64 {
		_, err := Unpack(t.Context(), bytes.NewReader(whole[:n]), t.TempDir(), UnpackOptions{})
		if n > len(whole)-512 && n < len(whole) {
			continue // whether the second half of the end matters is not ours to say
		}
		if want := n >= len(whole)-512; (err == nil) != want || err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("%d of %d bytes: %v", n, len(whole), err)
		}
	}
}

func TestPack(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode fs.FileMode) {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
	}
	write("run", "#!/bin/sh\n", 0o755|fs.ModeSetuid)
	write("sub/deep/file", strings.Repeat("x", 3000), 0o640)
	write("sub/secret", "no", 0o600)
	write(".git/config", "no", 0o600)
	if err := errors.Join(os.Symlink("/elsewhere", dir+"/link"), syscall.Mkfifo(dir+"/pipe", 0o600), os.Link(dir+"/run", dir+"/same")); err != nil {
		t.Fatal(err)
	}
	keep := func(path string, _ fs.DirEntry) bool { return path != ".git" && path != "sub/secret" }
	var b bytes.Buffer
	if err := Pack(t.Context(), &b, dir, PackOptions{Keep: keep}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for r := tar.NewReader(bytes.NewReader(b.Bytes())); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Uid != 0 || h.Gid != 0 || h.Uname != "" || time.Since(h.ModTime) > time.Hour {
			t.Errorf("header %+v", h)
		}
		got = append(got, fmt.Sprintf("%s %o %d %s", h.Name, h.Mode, h.Size, h.Linkname))
	}
	if want := "link 777 0 /elsewhere|run 755 10 |same 755 10 |sub/ 755 0 |sub/deep/ 755 0 |sub/deep/file 640 3000 "; strings.Join(got, "|") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "|"), want)
	}
	out := t.TempDir()
	if list, err := Unpack(t.Context(), &b, out, UnpackOptions{Keep: func(p string, _ fs.DirEntry) bool { return p != "link" }}); err != nil || len(list) != 3 {
		t.Errorf("unpacked %v, %v", list, err)
	}
	if text := dump(t, out); !strings.HasPrefix(text, "run -rwxr-xr-x \"#!/bin/sh\\n\"\nsame") {
		t.Errorf("got %s", text)
	}
}

func TestPackFails(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/f", make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Pack(cancelled, io.Discard, dir, PackOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if err := Pack(t.Context(), io.Discard, dir+"/none", PackOptions{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
	shrink := writer(func(p []byte) (int, error) { return len(p), os.Truncate(dir+"/f", 10) })
	if err := Pack(t.Context(), shrink, dir, PackOptions{}); err == nil || !strings.Contains(err.Error(), "became shorter") {
		t.Errorf("a file that shrinks: %v", err)
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

// FuzzUnpack: nothing outside is changed, and the limits hold.
func FuzzUnpack(f *testing.F) {
	f.Add(archive(f, folder("d"), file("d/f", "text"), symlink("d/l", "f"), hardlink("h", "d/f")), 0)
	f.Add(archive(f, symlink("a", "."), symlink("b", "a/.."), file("b/x", "")), 0)
	f.Add(archive(f, file("top/../../secret", "new"), other("null", tar.TypeChar)), 1)
	f.Fuzz(func(t *testing.T, data []byte, strip int) {
		outer := t.TempDir()
		if err := errors.Join(os.Mkdir(outer+"/dir", 0o755), os.WriteFile(outer+"/secret", []byte("old"), 0o600)); err != nil {
			t.Fatal(err)
		}
		o := UnpackOptions{Strip: max(0, strip%4), MaxBytes: 1 << 16, MaxFiles: 50, Refused: func(string, string) {}}
		list, _ := Unpack(t.Context(), bytes.NewReader(data), outer+"/dir", o)
		unharmed(t, outer)
		var bytes int64
		var files int
		for _, name := range list {
			if info, err := os.Lstat(outer + "/dir/" + name); err == nil && info.Mode().IsRegular() {
				bytes += info.Size()
			}
			files++
		}
		if files > 50 || bytes > 50<<16 {
			t.Errorf("%d files, %d bytes", files, bytes)
		}
	})
}

// TestParentsAreLookedAtOnce: the time for an entry does not grow with the square
// of its depth.
func TestParentsAreLookedAtOnce(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	u := &unpacker{root: root, options: UnpackOptions{MaxFiles: 10}}
	for _, name := range []string{"a/b/c", "a/bb", "a/b/d"} {
		if err := u.parents(name); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || !info.IsDir() {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.RemoveAll(filepath.Join(dir, "a")); err != nil {
		t.Fatal(err)
	}
	if err := u.parents("a/b/d"); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(filepath.Join(dir, "a")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("looked at again: %v", err)
	}
}
