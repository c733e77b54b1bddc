// SPDX-License-Identifier: GPL-2.0-or-later

package jobrecord

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// TestLogIsNoFile: other things in place of a log are neither waited for nor read without
// limit.
func TestLogIsNoFile(t *testing.T) {
	run := &Stored{Dir: t.TempDir()}
	for _, err := range []error{
		syscall.Mkfifo(filepath.Join(run.Dir, "fifo"), 0o600), os.Symlink("/dev/zero", filepath.Join(run.Dir, "zero")), os.Mkdir(filepath.Join(run.Dir, "dir"), 0o700),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"fifo", "zero", "dir"} {
		for line, err := range run.Lines(&Job{Name: "j", Log: name}) {
			if line != "" || !errors.Is(err, safefs.ErrNotRegular) {
				t.Errorf("%s: %.20q, %v", name, line, err)
			}
		}
	}
}
