// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"gitlab.com/lcitool/lcitool/container/internal/records"
)

func TestAsSeen(t *testing.T) {
	dir := t.TempDir()
	ours, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		mode     fs.FileMode
		modified time.Time
		err      error
		want     bool
	}{
		"the same":         {ours.Mode(), ours.ModTime().UTC(), nil, true},
		"a moment earlier": {ours.Mode(), ours.ModTime().Add(-1), nil, false},
		"another mode":     {ours.Mode() ^ 0o7, ours.ModTime(), nil, false},
		"a file":           {ours.Mode().Perm(), ours.ModTime(), nil, false},
		"nothing":          {ours.Mode(), ours.ModTime(), errors.New("no such file"), false},
	} {
		got, err := asSeen(dir, func() (fs.FileMode, time.Time, error) { return c.mode, c.modified, c.err })
		if got != c.want || err != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	asked := 0
	got, err := asSeen(dir, func() (fs.FileMode, time.Time, error) { // files come while the engine is asked
		asked++
		if asked == 1 {
			return ours.Mode(), ours.ModTime().Add(time.Second), os.Chtimes(dir, time.Time{}, ours.ModTime().Add(2*time.Second))
		}
		return ours.Mode(), ours.ModTime().Add(2 * time.Second), nil
	})
	if !got || err != nil || asked != 2 {
		t.Errorf("a directory that changes: %v, %v, asked %d times", got, err, asked)
	}
	if _, err := asSeen(filepath.Join(dir, "nosuch"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing of ours: %v", err)
	}
}

// A proxy of the socket proves nothing about the engine's files.
func TestIsServer(t *testing.T) {
	for comm, want := range map[string]bool{"podman": true, "systemd": true, "init": true, "ssh": false, "socat": false, "podman-proxy": false, "": false} {
		p := records.Processes{FS: fstest.MapFS{"7/comm": {Data: []byte(comm + "\n")}}}
		if got := isServer(p, 7); got != want {
			t.Errorf("%s: %v", comm, got)
		}
	}
	if isServer(records.Processes{FS: fstest.MapFS{}}, 7) {
		t.Error("a process that is gone")
	}
}
