// SPDX-License-Identifier: GPL-2.0-or-later

package crashcapsule

import (
	"archive/tar"
	"bytes"
	"context"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
)

type room struct {
	found    string // output of lookScript
	trace    string // of gdb
	files    map[string][]byte
	sizes    map[string]int64 // claimed instead
	kinds    map[string]byte  // other than regular
	commands [][]string
}

func (r *room) Exec(_ context.Context, o api.ExecOptions) (api.RunResult, error) {
	r.commands = append(r.commands, o.Command)
	text := r.found
	if o.Command[0] == "gdb" {
		text = r.trace
	}
	_, err := io.WriteString(o.Stdout, text)
	return api.RunResult{}, err
}

func (r *room) Get(_ context.Context, name string, w io.Writer) error {
	data, ok := r.files[name]
	if !ok {
		return fmt.Errorf("cannot get %s: %w", name, fs.ErrNotExist)
	}
	h := &tar.Header{Name: path.Base(name), Typeflag: tar.TypeReg, Mode: 0o600, Size: int64(len(data))}
	if size, ok := r.sizes[name]; ok {
		h.Size = size
	}
	if kind, ok := r.kinds[name]; ok {
		h.Typeflag, h.Size, h.Linkname = kind, 0, "/etc/shadow"
	}
	t := tar.NewWriter(w)
	if err := t.WriteHeader(h); err != nil || h.Size == 0 {
		return err
	}
	if _, err := t.Write(data); err != nil {
		return err
	}
	if left := h.Size - int64(len(data)); left > 0 && left > maxCore {
		_, err := io.CopyN(t, zeros{}, left)
		return err
	}
	return nil // it may have been cut
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

const found = "core\nunlimited\nyes\n"

// little returns a core of /bin/a, the executable, and another executable.
func little() (core, executable, other []byte) {
	m := maker{64, binary.LittleEndian}
	program := func(id byte) []byte {
		return withoutSections(m.file(elf.ET_EXEC, segment{0, m.note("GNU", noteBuildID, []byte{0xab, 0xcd, id})}))
	}
	return m.core(), program(1), program(2)
}

func collect(t *testing.T, r *room, most int) (Result, string, error) {
	t.Helper()
	dir := t.TempDir()
	n := 0
	result, err := Collect(t.Context(), Options{
		Container: r, Trees: []string{"/tree"}, Most: most, Mask: func(s string) string { return strings.ReplaceAll(s, "s3cret", "[hidden]") },
		MakeDir: func() (string, error) {
			n++
			name := filepath.Join(dir, fmt.Sprint(n))
			return name, os.Mkdir(name, 0o700)
		},
	})
	var all []string
	for _, file := range []string{CoreFile, ExecutableFile, TextFile} {
		names, _ := filepath.Glob(filepath.Join(dir, "*", file))
		for _, name := range names {
			rel, _ := filepath.Rel(dir, name)
			all = append(all, rel)
		}
	}
	slices.Sort(all)
	return result, strings.Join(all, " "), err
}

func TestCollect(t *testing.T) {
	core, executable, other := little()
	for name, c := range map[string]struct {
		room  room
		want  string // files
		notes string
		path  string // of the executable
	}{
		"whole":     {room{found: found + "/c\x00", files: map[string][]byte{"/c": core, "/bin/a": executable}}, "1/core 1/crash.txt 1/executable", "", "/bin/a"},
		"in a tree": {room{found: found + "/c\x00", files: map[string][]byte{"/c": core, "/bin/a": other, "/tree/bin/a": executable}}, "1/core 1/crash.txt 1/executable", "", "/tree/bin/a"},
		"rebuilt":   {room{found: found + "/c\x00", files: map[string][]byte{"/c": core, "/bin/a": other}}, "1/core 1/crash.txt", "another build id", "/bin/a"},
		"gone":      {room{found: found + "/c\x00", files: map[string][]byte{"/c": core}}, "1/core 1/crash.txt", "/bin/a does not exist", "/bin/a"},
		"a script":  {room{found: found + "/c\x00", files: map[string][]byte{"/c": core, "/bin/a": []byte("#!/bin/sh")}}, "1/core 1/crash.txt", "not an ELF file", "/bin/a"},
		"large": {
			room{found: found + "/c\x00", files: map[string][]byte{"/c": core, "/bin/a": executable}, sizes: map[string]int64{"/c": 5 << 30}},
			"1/crash.txt 1/executable", "the core has 5120 MiB; up to 1024 MiB are saved", "/bin/a",
		},
		"large executable": {
			room{found: found + "/c\x00", files: map[string][]byte{"/c": core, "/bin/a": executable}, sizes: map[string]int64{"/bin/a": 5 << 30}},
			"1/core 1/crash.txt", "it has 5120 MiB", "/bin/a",
		},
	} {
		t.Run(name, func(t *testing.T) {
			result, files, err := collect(t, &c.room, 9)
			if err != nil || files != c.want || len(result.Crashes) != 1 {
				t.Fatalf("%q, %+v, %v", files, result, err)
			}
			crash := result.Crashes[0]
			if notes := strings.Join(crash.Notes, "; "); (notes == "") != (c.notes == "") || !strings.Contains(notes, c.notes) {
				t.Errorf("notes %q, want %q", notes, c.notes)
			}
			want := Core{"SIGBUS", "./a -x", c.path, "abcd01"}
			if crash.Core != want || crash.SavedCore != strings.Contains(c.want, "core") || crash.Executable != strings.Contains(c.want, "executable") {
				t.Errorf("%+v", crash)
			}
			if saved, err := os.ReadFile(filepath.Join(crash.Dir, CoreFile)); crash.SavedCore && (err != nil || !bytes.Equal(saved, core)) {
				t.Errorf("the core is saved as %q, %v", saved, err)
			}
		})
	}
}

// TestNoDebugger: without gdb in the image, the user is told how to get a backtrace.
func TestNoDebugger(t *testing.T) {
	core, executable, _ := little()
	files := map[string][]byte{"/c": core, "/bin/a": executable}
	for _, test := range []struct {
		sizes map[string]int64
		shell bool // whether there is a core to open
	}{{nil, true}, {map[string]int64{"/c": 5 << 30}, false}} {
		result, _, err := collect(t, &room{found: "core\nunlimited\n\n/c\x00", files: files, sizes: test.sizes}, 9)
		if err != nil || len(result.Crashes) != 1 {
			t.Fatalf("%+v, %v", result, err)
		}
		c := &result.Crashes[0]
		text, err := os.ReadFile(filepath.Join(c.Dir, TextFile))
		if err != nil {
			t.Fatal(err)
		}
		notes := strings.Join(c.Notes, "\n")
		for _, got := range []string{notes, string(text)} {
			if !strings.Contains(got, `the image has no gdb: "lcitool job run --debug-tools" adds it`) || strings.Contains(got, "job shell JOB --debug-tools") != test.shell {
				t.Errorf("got %q", got)
			}
		}
	}
}

// TestNotCores: truncated cores and other files with the name of a core are not collected.
func TestNotCores(t *testing.T) {
	core, executable, _ := little()
	r := &room{
		found: found + "/cut\x00/device\x00/dir\x00/empty\x00/good\x00/link\x00/none\x00/program\x00/short\x00/text\x00",
		files: map[string][]byte{
			"/cut": core, "/device": nil, "/dir": nil, "/empty": nil, "/good": core, "/link": nil, "/program": executable, "/short": core[:HeaderSize+1], "/text": []byte(strings.Repeat("text ", 99)),
		},
		sizes: map[string]int64{"/cut": int64(len(core)) + 100},
		kinds: map[string]byte{"/link": tar.TypeSymlink, "/dir": tar.TypeDir, "/device": tar.TypeBlock},
	}
	result, files, err := collect(t, r, 9)
	if len(result.Crashes) != 1 || result.Crashes[0].File != "/good" || len(strings.Fields(files)) != 2 {
		t.Errorf("%q, %+v", files, result)
	}
	if err == nil || !strings.Contains(err.Error(), "/cut: unexpected EOF") || !strings.Contains(err.Error(), "/none") {
		t.Errorf("%v", err)
	}
}

func TestMost(t *testing.T) {
	core, _, _ := little()
	files := map[string][]byte{"/a": core, "/b": core, "/c": core}
	if result, saved, err := collect(t, &room{found: found + "/a\x00/b\x00/c\x00", files: files}, 2); err != nil || len(result.Crashes) != 2 || result.More != 1 {
		t.Errorf("%q, %+v, %v", saved, result, err)
	}
	result, saved, err := collect(t, &room{found: "|/bin/false\nunlimited\n\n"}, 9)
	if err != nil || saved != "" || result.Place.Pattern.Pipe != "/bin/false" {
		t.Errorf("%q, %+v, %v", saved, result, err)
	}
}

func TestBacktrace(t *testing.T) {
	core, executable, _ := little()
	trace := "warning: something\n#0  deep (s=\"s3cret\") at a.c:3\n#0  deep (s=\"s3cret\") at a.c:3\n#1  main () at a.c:9\n\nThread 1 (LWP 2):\n#0  deep ()\n"
	r := &room{found: found + "/-c\x00", trace: trace, files: map[string][]byte{"/-c": core, "/bin/a": executable}}
	result, _, err := collect(t, r, 1)
	if err != nil || len(result.Crashes) != 1 {
		t.Fatal(result, err)
	}
	c := result.Crashes[0]
	if want := []string{`#0  deep (s="[hidden]") at a.c:3`, "#1  main () at a.c:9"}; !slices.Equal(c.Frames, want) {
		t.Errorf("%q", c.Frames)
	}
	text, err := os.ReadFile(filepath.Join(c.Dir, TextFile))
	want := "signal: SIGBUS\ncommand: ./a -x\nexecutable: /bin/a\nbuild id: abcd01\ncore: /-c\n\n" + strings.ReplaceAll(trace, "s3cret", "[hidden]")
	if err != nil || string(text) != want {
		t.Errorf("%q, %v", text, err)
	}
	last := r.commands[len(r.commands)-1]
	if n := len(last); last[0] != "gdb" || !slices.Contains(last, "-nx") || last[n-2] != "/bin/a" || last[n-1] != "/-c" {
		t.Errorf("%q", last)
	}
	deep := strings.Repeat("#1  again ()\n", 100)
	if got := frames(deep); len(got) != maxFrames {
		t.Errorf("%d frames", len(got))
	}
	if got := frames("#0  " + strings.Repeat("é", 400)); len(got) != 1 || len(got[0]) > maxFrame {
		t.Errorf("%q", got)
	}
}

// TestZerosAtTheEnd: a core that ends in a hole has its full length.
func TestZerosAtTheEnd(t *testing.T) {
	core, executable, _ := little()
	core = append(core, make([]byte, 200<<10)...)
	result, _, err := collect(t, &room{found: found + "/c\x00", files: map[string][]byte{"/c": core, "/bin/a": executable}}, 1)
	if err != nil || len(result.Crashes) != 1 {
		t.Fatalf("%+v, %v", result, err)
	}
	if saved, err := os.ReadFile(filepath.Join(result.Crashes[0].Dir, CoreFile)); err != nil || !bytes.Equal(saved, core) {
		t.Errorf("%d bytes of %d are saved, %v", len(saved), len(core), err)
	}
}

// A counter is a container that counts the bytes that it sends of a file.
type counter struct {
	*room
	sent int64
}

func (c *counter) Get(ctx context.Context, name string, w io.Writer) error {
	return c.room.Get(ctx, name, writerFunc(func(p []byte) (int, error) {
		n, err := w.Write(p)
		c.sent += int64(n)
		return n, err
	}))
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestLargeCoreIsNotTransferred(t *testing.T) {
	core, _, _ := little()
	c := &counter{room: &room{files: map[string][]byte{"/c": core}, sizes: map[string]int64{"/c": 1 << 40}}}
	crash := Crash{File: "/c"}
	dir := t.TempDir()
	if err := crash.saveCore(t.Context(), Options{Container: c, MakeDir: func() (string, error) { return dir, nil }}); err != nil {
		t.Fatal(err)
	}
	if crash.SavedCore || crash.Signal != "SIGBUS" || c.sent > 4*maxNotes {
		t.Errorf("%+v after %d bytes", crash, c.sent)
	}
}

// TestTextOfAHostileCore: names and traces contain no control sequences and add no lines.
func TestTextOfAHostileCore(t *testing.T) {
	c := Crash{File: "/core\x1b]0;x\a.1\nsignal: SIGKILL", Core: Core{Command: "a\nnote: b\x1b[2J", Executable: "/\u202ebin"}}
	c.note("gdb: %s", "x\ny\x1b[1m")
	text := c.text("#0 main\x1b]52;c;ZXZpbA==\a ()\n#1 \x9b2J\n\tx = 1\n")
	if strings.ContainsAny(text, "\x1b\a\u202e") || strings.Contains(text, "\x9b") || strings.Count(text, "\n") != 8 || !strings.HasSuffix(text, "\n\tx = 1\n") {
		t.Errorf("%q", text)
	}
}
