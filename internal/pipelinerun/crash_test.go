// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/crashcapsule"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/redact"
)

func TestCrashDirs(t *testing.T) {
	dir := t.TempDir()
	newDir := crashDirs(dir)
	taken := map[string]bool{}
	for _, job := range []string{"a", "a", "a-crash-1", "../b", "-rf", "x\ny"} {
		name, err := newDir(job)
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o700 || filepath.Dir(name) != dir || taken[name] {
			t.Errorf("%q: %q, %v", job, name, err)
		}
		taken[name] = true
	}
	if _, err := crashDirs(filepath.Join(dir, "none"))("a"); err == nil {
		t.Error("no error")
	}
}

func TestCrashRecords(t *testing.T) {
	found := crashcapsule.Crash{
		Core: crashcapsule.Core{Signal: "SIGABRT", Command: "./a s3cret", Executable: "/s3cret/a", BuildID: "ab"},
		File: "/s3cret/core", Dir: "/runs/1/a-crash-1", Size: 7, SavedCore: true, Frames: []string{"#0  f ()"}, Notes: []string{"the executable is not saved: gone"},
	}
	j := &jobrecord.Job{Name: "a", Crashes: crashRecords([]crashcapsule.Crash{found}, redact.New("s3cret"))}
	if got := j.Crashes[0]; got.Command != "./a [hidden]" || got.Executable != "/[hidden]/a" || got.Core != "/[hidden]/core" || !got.Saved || got.Size != 7 {
		t.Errorf("%+v", got)
	}
	want := []string{"crash: a: SIGABRT in /[hidden]/a: /runs/1/a-crash-1", "#0  f ()", "note: the executable is not saved: gone"}
	if got := crashNotes(j); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestOpenText(t *testing.T) {
	c := &jobrecord.Crash{Signal: "SIGSEGV", Executable: "/b/it's", Debugger: true}
	if got, want := openText(c, c.Executable, "/b/core 1"), `SIGSEGV in /b/it's: to open its core: gdb '/b/it'\''s' '/b/core 1'`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	none := &jobrecord.Crash{}
	if got := openText(none, "", "/core"); !strings.Contains(got, "crash in an unknown program: to open its core: gdb -c '/core' (the image has no gdb: ") {
		t.Error(got)
	}
}

// TestCopied: a new container gets the saved files, and their commands are printed.
func TestCopied(t *testing.T) {
	with, without := filepath.Join(t.TempDir(), "a-crash-1"), filepath.Join(t.TempDir(), "a-crash-2")
	for _, dir := range []string{with, without} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(with, "executable"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dirs, lines := copied([]jobrecord.Crash{
		{Dir: with, Executable: "/b/a", Saved: true}, {Dir: without, Executable: "/bin/a", Saved: true}, {Dir: "/gone", Executable: "/bin/a"},
	}, true)
	if !slices.Equal(dirs, []string{with, without}) || len(lines) != 2 || !strings.HasSuffix(lines[0], "gdb '/run/lcitool/a-crash-1/executable' '/run/lcitool/a-crash-1/core'") ||
		!strings.HasSuffix(lines[1], "gdb '/bin/a' '/run/lcitool/a-crash-2/core'") {
		t.Errorf("%q, %q", dirs, lines)
	}
}
