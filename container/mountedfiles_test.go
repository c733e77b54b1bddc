// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/containers/podman/v4/pkg/specgen"

	"gitlab.com/lcitool/lcitool/container/api"
)

func TestUnpackOwn(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o077))
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	at := time.Unix(1e9, 0)
	for _, h := range []tar.Header{
		{Name: "state/", Typeflag: tar.TypeDir, Mode: 0o1777},
		{Name: "state/todo", Typeflag: tar.TypeFifo, Mode: 0o666},
		{Name: "state/script", Typeflag: tar.TypeReg, Mode: 0o755, Size: 4},
		{Name: "state/", Typeflag: tar.TypeDir, Mode: 0o1777}, // archives are joined
		{Name: "above/tree/", Typeflag: tar.TypeDir, Mode: 0o777},
	} {
		h.ModTime, h.Uid, h.Gid = at, os.Getuid(), os.Getgid()
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := io.WriteString(w, "text"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := unpackOwn(dir, &archive); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]fs.FileMode{
		"state": fs.ModeDir | fs.ModeSticky | 0o777, "state/todo": fs.ModeNamedPipe | 0o666, "state/script": 0o755, "above/tree": fs.ModeDir | 0o777,
	} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != mode || !info.ModTime().Equal(at) {
			t.Errorf("%s: %v of %v, want %v of %v", name, info.Mode(), info.ModTime(), mode, at)
		}
	}
	if text, err := os.ReadFile(filepath.Join(dir, "state/script")); string(text) != "text" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
}

// TestMountFiles has a directory and a file that are mounted, and one that is not.
func TestMountFiles(t *testing.T) {
	s, c := specgen.NewSpecGenerator("i", false), &Container{}
	left, err := c.mountFiles(t.Context(), s, t.TempDir(), []api.Tree{
		{Target: "/", AsPacked: true, Tar: packed(packedFile{"state/x", 0o644, []byte("x")}), Mounted: []string{"/state"}},
		{Target: "/", AsPacked: true, Tar: packed(packedFile{".mark", 0o755, nil}), Mounted: []string{"/.mark"}},
		{Target: "/tree", Tar: packed()},
	})
	if err != nil || len(left) != 1 || left[0].Target != "/tree" || len(s.Mounts) != 2 {
		t.Fatalf("%v, left %v, mounts %v", err, left, s.Mounts)
	}
	for _, m := range s.Mounts {
		info, err := os.Stat(m.Source)
		if err != nil || info.IsDir() != (m.Destination == "/state") || info.Mode().Perm() != 0o755 {
			t.Errorf("%s: %v, %v", m.Destination, info, err)
		}
	}
}

func TestUnpackOwnRefuses(t *testing.T) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	err := errors.Join(w.WriteHeader(&tar.Header{Name: "link", Typeflag: tar.TypeSymlink, Linkname: "/etc"}), w.Close())
	if err != nil {
		t.Fatal(err)
	}
	if err := unpackOwn(t.TempDir(), &archive); err == nil {
		t.Error("unpacked a link")
	}
}

// TestGetMounted has files in a mounted directory that a job may leave there.
func TestGetMounted(t *testing.T) {
	files := t.TempDir()
	state := filepath.Join(files, "run/state")
	secret := filepath.Join(t.TempDir(), "secret")
	for _, err := range []error{
		os.WriteFile(secret, []byte("of the host"), 0o644),
		os.MkdirAll(filepath.Join(state, "dir"), 0o755),
		os.WriteFile(filepath.Join(state, "steps"), []byte("script 1 2.5\n"), 0o644),
		os.WriteFile(filepath.Join(files, "outside"), []byte("not the container's"), 0o644),
		os.Symlink("steps", filepath.Join(state, "inside")),
		os.Symlink(secret, filepath.Join(state, "absolute")),
		os.Symlink("../../outside", filepath.Join(state, "upwards")),
		syscall.Mkfifo(filepath.Join(state, "fifo"), 0o666),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	c := &Container{files: files, mounted: []string{"/run/state"}}
	for name, want := range map[string]string{
		"/run/state/steps": "script 1 2.5\n", "/run/state/inside": "script 1 2.5\n", "/run/./state/steps": "script 1 2.5\n",
		"/run/state/absolute": "", "/run/state/upwards": "", "/run/state/../../outside": "", "/outside": "",
		"/run/state/fifo": "", "/run/state/dir": "", "/run/state": "", "/run/state/none": "", "/run/statement/steps": "",
	} {
		var archive bytes.Buffer
		done, err := c.getMounted(name, &archive)
		if err != nil || done != (want != "") || !done && archive.Len() > 0 {
			t.Errorf("%s: %v, %v, %d bytes", name, done, err, archive.Len())
			continue
		}
		if !done {
			continue
		}
		var asked bytes.Buffer
		if err := c.Get(t.Context(), name, &asked); err != nil || !bytes.Equal(asked.Bytes(), archive.Bytes()) { // there is no engine
			t.Errorf("%s: Get: %v, %d bytes", name, err, asked.Len())
		}
		in := tar.NewReader(&archive)
		h, err := in.Next()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(in)
		if string(text) != want || err != nil || h.Name != filepath.Base(name) {
			t.Errorf("%s: %q as %q, %v", name, text, h.Name, err)
		}
	}
	large := filepath.Join(state, "large")
	if err := errors.Join(os.WriteFile(large, nil, 0o644), os.Truncate(large, 1<<40)); err != nil {
		t.Fatal(err)
	}
	full := &fullWriter{left: 1 << 20}
	if done, err := c.getMounted("/run/state/large", full); !done || err == nil || !strings.Contains(err.Error(), "full") {
		t.Errorf("large file: %v, %v", done, err)
	}
}

type fullWriter struct{ left int }

func (w *fullWriter) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, errors.New("full")
	}
	return len(p), nil
}
