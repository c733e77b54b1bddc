// SPDX-License-Identifier: GPL-2.0-or-later

package remotepipeline

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// unzipBytes unpacks an archive below a directory that has a parent of its own.
func unzipBytes(t *testing.T, data []byte, limits Limits) (directory string, notes []string, err error) {
	t.Helper()
	var all atomic.Int64
	all.Store(1 << 40)
	return unzipOf(t, data, limits, &all)
}

func unzipOf(t *testing.T, data []byte, limits Limits, all *atomic.Int64) (directory string, notes []string, err error) {
	t.Helper()
	outer := t.TempDir()
	packed := filepath.Join(outer, "packed.zip")
	if err := os.WriteFile(packed, data, 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(packed)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	directory = filepath.Join(outer, "directory")
	if err := os.Mkdir(directory, 0o755); err != nil {
		t.Fatal(err)
	}
	into, err := safefs.OpenDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	defer into.Close()
	notes, err = unzip(context.Background(), f, into, limits, all)
	found, _ := filepath.Glob(filepath.Join(outer, "*"))
	if len(found) != 2 {
		t.Errorf("outside of the directory there are %v", found)
	}
	return directory, notes, err
}

func TestUnzip(t *testing.T) {
	link := fs.ModeSymlink | 0o777
	bomb := entry{"zeros", 0o644, strings.Repeat("\x00", 1<<20)}
	cases := []struct {
		name    string
		entries []entry
		want    string // files, by name
		note    string
		wantErr string
	}{
		{name: "files", entries: []entry{{"a/b", 0o644, "1"}, {"c", 0o755, "2"}}, want: "a/b=1 c=2"},
		{name: "the same file twice", entries: []entry{{"a", 0o644, "1"}, {"a", 0o644, "2"}}, want: "a=2"},
		{name: "a link inside", entries: []entry{{"a/b", 0o644, "1"}, {"a/c", link, "../a/b"}}, want: "a/b=1 a/c=1"},
		{name: "special bits", entries: []entry{{"a", fs.ModeSetuid | 0o4755, "1"}}, want: "a=1"},
		{name: "a device", entries: []entry{{"a", fs.ModeDevice | 0o644, ""}, {"b", 0o644, "1"}}, want: "b=1", note: `"a": it is no file`},
		{name: "a link outside", entries: []entry{{"a", link, "../../x"}}, note: "outside"},
		{name: "an absolute link", entries: []entry{{"a", link, "/etc/passwd"}}, note: "outside"},
		{name: "a link that leads out by another one", entries: []entry{{"d/", fs.ModeDir | 0o755, ""}, {"l", link, "d"}, {"l/up", link, "../.."}},
			note: "leads through a link"},
		{name: "a file through a link", entries: []entry{{"a", link, ".."}, {"a/x", 0o644, "1"}}, want: "a/x=1", note: "outside"},
		{name: "a long link", entries: []entry{{"a", link, strings.Repeat("x", maxLink+1)}}, note: "too long"},
		{name: "a file in place of a link", entries: []entry{{"b", 0o644, "1"}, {"a", link, "b"}, {"a", 0o644, "2"}}, want: "a=2 b=1"},
		{name: "a link that goes up after going down", entries: []entry{{"p/q/d", link, "../.."}, {"l", link, "p/q/d/../secret"}}, note: "come to be outside"},
		{name: "a directory through a link", entries: []entry{{"d/x", 0o644, "1"}, {"l", link, "d"}, {"l/e/", fs.ModeDir | 0o755, ""}}, want: "d/x=1", note: "leads through a link"},
		{name: "a file in place of a directory", entries: []entry{{"d/x", 0o644, "1"}, {"d", 0o644, "2"}}, wantErr: "a directory of this name"},
		{name: "a deep name", entries: []entry{{strings.Repeat("d/", 300) + "x", 0o644, "1"}}, wantErr: "leads out of the directory"},
		{name: "a repository", entries: []entry{{".git/config", 0o644, "1"}, {"a/.GIT", 0o644, "gitdir: x"}, {"a/.gitignore", 0o644, "2"}}, want: "a/.gitignore=2", note: "no repositories"},
		{name: "upwards", entries: []entry{{"../x", 0o644, "1"}}, wantErr: "leads out of the directory"},
		{name: "upwards in the middle", entries: []entry{{"a/../../x", 0o644, "1"}}, wantErr: "leads out of the directory"},
		{name: "absolute", entries: []entry{{"/tmp/x", 0o644, "1"}}, wantErr: "leads out of the directory"},
		{name: "other slashes", entries: []entry{{`..\x`, 0o644, "1"}}, wantErr: "leads out of the directory"},
		{name: "no name", entries: []entry{{"", 0o644, "1"}}, wantErr: "leads out of the directory"},
		{name: "a file as a directory", entries: []entry{{"a", 0o644, "1"}, {"a/b", 0o644, "2"}}, wantErr: "a/b"},
		{name: "too large", entries: []entry{bomb, {"b", 0o644, strings.Repeat("\x00", 1<<20)}}, wantErr: "larger than allowed"},
		{name: "too many", entries: []entry{{"1", 0, ""}, {"2", 0, ""}, {"3", 0, ""}, {"4", 0, ""}}, wantErr: "has more than 3 files"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			directory, notes, err := unzipBytes(t, zipped(t, c.entries...), Limits{Unpacked: 3 << 19, Files: 3})
			if c.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), c.wantErr) {
					t.Errorf("error %v, want %q", err, c.wantErr)
				}
				return
			}
			if err != nil || !strings.Contains(strings.Join(notes, " "), c.note) || len(notes) > 0 && c.note == "" {
				t.Errorf("notes %q, %v", notes, err)
			}
			if got := strings.Join(tree(t, directory), " "); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestUnzipNotes: few bytes for each entry do not become many for its note, and
// the time for deep names is limited.
func TestUnzipNotes(t *testing.T) {
	var entries []entry
	for i := range maxNotes + 5 {
		entries = append(entries, entry{fmt.Sprint(i), fs.ModeSymlink | 0o777, "/" + strings.Repeat("\x01", maxLink-1)})
	}
	_, notes, err := unzipBytes(t, zipped(t, entries...), Limits{Unpacked: 1, Files: 1000})
	if err != nil || len(notes) != maxNotes+1 || !strings.Contains(notes[maxNotes], "5 more") {
		t.Errorf("%d notes, %v", len(notes), err)
	}
	var all atomic.Int64
	all.Store(1 << 40)
	u := &unzipper{all: &all, nesting: 2 * 200 * 200}
	deep := &zip.File{FileHeader: zip.FileHeader{Name: strings.Repeat("d/", 199) + ".git"}}
	for range 2 {
		if err := u.unpack(deep); err != nil {
			t.Error(err)
		}
	}
	if err := u.unpack(deep); err == nil || !strings.Contains(err.Error(), "nested too deep") {
		t.Errorf("error %v", err)
	}
}

// TestUnzipTogether: archives share a budget. What is not kept does not count.
func TestUnzipTogether(t *testing.T) {
	var all atomic.Int64
	all.Store(150 << 10)
	for n, size := range []int{100 << 10, 100 << 10, 30 << 10, 30 << 10} {
		data := zipped(t, entry{"out", 0o644, strings.Repeat("\x00", size)})
		if _, _, err := unzipOf(t, data, Options{}.withDefaults().Limits, &all); errors.Is(err, errTooLarge) != (n%2 == 1) {
			t.Errorf("archive %d: %v", n+1, err)
		}
	}
}

// TestUnzipManyTogether: empty files count as well, because they take space on a disk.
func TestUnzipManyTogether(t *testing.T) {
	for n, tooLarge := range map[int]bool{20: false, 30: true} {
		var all atomic.Int64
		all.Store(100 << 10)
		var entries []entry
		for i := range n {
			entries = append(entries, entry{fmt.Sprintf("file-%d", i), 0o644, ""})
		}
		if _, _, err := unzipOf(t, zipped(t, entries...), Options{}.withDefaults().Limits, &all); errors.Is(err, errTooLarge) != tooLarge {
			t.Errorf("%d files: %v", n, err)
		}
	}
}

// TestUnzipIndex has archives with a wrong number of files in their index.
func TestUnzipIndex(t *testing.T) {
	var entries []entry
	for i := range 1000 {
		entries = append(entries, entry{fmt.Sprintf("f%05d", i), 0o644, ""})
	}
	data := zipped(t, entries...)
	if _, _, err := unzipBytes(t, data, Limits{Unpacked: 1, Files: 1000}); err != nil {
		t.Errorf("as many as allowed: %v", err)
	}
	end := bytes.LastIndex(data, []byte("PK\x05\x06"))
	copy(data[end+8:], "\x01\x00\x01\x00") // "one file"
	_, _, err := unzipBytes(t, data, Limits{Unpacked: 1, Files: 999})
	if err == nil || !strings.Contains(err.Error(), "more than 999 files") {
		t.Errorf("%v", err)
	}
	index := &indexReader{from: bytes.NewReader(data), files: 1000, bytes: 1000}
	if _, err := zip.NewReader(index, int64(len(data))); err == nil || !errors.Is(index.err, errTooLarge) {
		t.Errorf("a long index: %v", index.err)
	}
}

// tree returns files with their contents, and fails for types that no archive may create.
func tree(t *testing.T, directory string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(directory, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if info.Mode()&(fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky|fs.ModeDevice) != 0 {
			t.Errorf("%s is %s", path, info.Mode())
		}
		if info.IsDir() {
			return nil
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(directory, path)
		all = append(all, name+"="+string(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// FuzzUnzip: nothing is created outside of the directory, and no link in it leads out.
func FuzzUnzip(f *testing.F) {
	f.Add(zipped(f, entry{"a/b", 0o644, "1"}, entry{"l", fs.ModeSymlink | 0o777, "a/b"}))
	f.Add(zipped(f, entry{"l", fs.ModeSymlink | 0o777, ".."}, entry{"l/x", 0o644, "1"}))
	f.Add(zipped(f, entry{"../x", 0o644, "1"}))
	f.Add(zipped(f, entry{"p/q/d", fs.ModeSymlink | 0o777, "../.."}, entry{"l", fs.ModeSymlink | 0o777, "p/q/d/../secret"}))
	f.Add(zipped(f, entry{"d/", fs.ModeDir | 0o755, ""}, entry{"l", fs.ModeSymlink | 0o777, "d"}, entry{"l/m", fs.ModeSymlink | 0o777, "../../x"}))
	f.Add(zipped(f, entry{"a/l", fs.ModeSymlink | 0o777, ".."}, entry{"a", 0o644, "1"}))
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\x00", 18)))
	f.Fuzz(func(t *testing.T, data []byte) {
		directory, _, err := unzipBytes(t, data, Limits{Unpacked: 1 << 20, Files: 100})
		if err != nil {
			return
		}
		real, err := filepath.EvalSymlinks(directory)
		if err != nil {
			t.Fatal(err)
		}
		_ = filepath.WalkDir(directory, func(path string, _ fs.DirEntry, _ error) error {
			if target, err := os.Readlink(path); err == nil {
				path = filepath.Dir(path) + "/" + filepath.Dir(target) // of one that dangles, where it would be
			}
			if to, err := filepath.EvalSymlinks(path); err == nil && to != real && !strings.HasPrefix(to, real+"/") {
				t.Errorf("%s leads to %s", path, to)
			}
			return nil
		})
	})
}

// FuzzLines: a log gives the same lines in any pieces, without control sequences, also when
// it is read again from the start.
func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nb\r\n\x1b[31mc\x1b[0m\nsection_start:1:x\r\x1b[0Ky\nz"), 3)
	f.Add([]byte("2024-05-22T12:43:46.962646Z 00O hello\n\n\xff\x00"), 1)
	f.Add(bytes.Repeat([]byte("x"), maxLine+5), 100)
	f.Fuzz(func(t *testing.T, log []byte, size int) {
		size = max(1, size, len(log)/100)
		var whole, pieces []string
		w := &lineWriter{tell: func(line string) { whole = append(whole, line) }}
		_, _ = w.Write(log)
		w.end()
		p := &lineWriter{tell: func(line string) { pieces = append(pieces, line) }}
		for at := 0; at < len(log); at += size {
			_, _ = p.Write(log[at:min(at+size, len(log))])
			if at%3 == 0 {
				p.restart()
				_, _ = p.Write(log[:min(at+size, len(log))])
			}
		}
		p.end()
		if strings.Join(whole, "\n") != strings.Join(pieces, "\n") {
			t.Errorf("%q and %q", whole, pieces)
		}
		for _, line := range whole {
			if strings.ContainsAny(line, "\x1b\x07\r\n\x00") {
				t.Errorf("line %q", line)
			}
		}
	})
}
