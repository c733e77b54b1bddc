// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gitlab.com/lcitool/lcitool/container/internal/records"
)

func TestOwnerOfNeedsAllLabels(t *testing.T) {
	self, err := records.Self()
	if err != nil {
		t.Fatal(err)
	}
	if back, ok := ownerOf(ownerLabels(self)); !ok || back != self {
		t.Errorf("%+v came back as %+v, %v", self, back, ok)
	}
	if records.HostProcesses().Dead(self) {
		t.Error("this process is dead")
	}
	for name := range ownerLabels(self) {
		labels := ownerLabels(self)
		delete(labels, name)
		if _, ok := ownerOf(labels); ok {
			t.Errorf("accepted without %s", name)
		}
	}
	if _, ok := ownerOf(nil); ok {
		t.Error("accepted nothing")
	}
}

func TestDeadDirs(t *testing.T) {
	parent := t.TempDir()
	self, err := records.Self()
	if err != nil {
		t.Fatal(err)
	}
	gone := self
	gone.Start, gone.Run = "1", "gone"
	live, err1 := ownedTempDir(self, parent, "run")
	dead, err2 := ownedTempDir(gone, parent, "run")
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	broken := map[string]string{"lcitool-run-a-1": "", "lcitool-run-a-2": "{}", "lcitool-run-a-3": "[", "other-run-a-4": must(json.Marshal(ownerLabels(gone)))}
	for name, text := range broken {
		dir := filepath.Join(parent, name)
		if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(filepath.Join(dir, ownerFile), []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(dead, filepath.Join(parent, "lcitool-run-gone-link")); err != nil {
		t.Fatal(err)
	}
	got := deadDirs(records.HostProcesses(), parent)
	if len(got) != 1 || got[0].Name != dead || got[0].Run != "gone" {
		t.Errorf("got %v, want %s only", got, dead)
	}
	if info, err := os.Stat(live); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info, err)
	}
	if err := removeDir(t.Context(), dead); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dead); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func must(data []byte, err error) string {
	if err != nil {
		panic(err)
	}
	return string(data)
}

func TestMountsIn(t *testing.T) {
	info := "1 0 8:1 / / rw - ext4 /dev/sda rw\n2 1 0:1 / /tmp/a rw - tmpfs t rw\n3 2 0:2 / /tmp/a/b\\040c rw - tmpfs t rw\n4 1 0:3 / /tmp/ab rw - tmpfs t rw\nshort\n"
	for dir, want := range map[string][]string{
		"/tmp/a": {"/tmp/a", "/tmp/a/b c"}, "/tmp/ab": {"/tmp/ab"}, "/tmp/a/b c": {"/tmp/a/b c"}, "/tmp/x": nil, "/tmp/a/b": nil,
	} {
		if got := mountsIn(info, dir); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", dir, got, want)
		}
	}
}

func TestWorkersOf(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"buildah1/config.json": `{"hostname":"0123456789ab"}`,
		"buildah2/config.json": `{"hostname":"../../etc"}`,
		"buildah3/config.json": `{`,
		"other/config.json":    `{"hostname":"ffffffffffff"}`,
		workersFile:            "buildah4 fedcba987654\nbuildah1 \n../x aaaaaaaaaaaa\nbuildah5 nothexdigits\n\n",
	} {
		file := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	got := workersOf(dir)
	want := map[string]string{"buildah1": "0123456789ab", "buildah2": "", "buildah3": "", "buildah4": "fedcba987654"}
	if len(got) != len(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for scratch, host := range want {
		if got[scratch] != host {
			t.Errorf("%s: got %q, want %q", scratch, got[scratch], host)
		}
	}
}
