// SPDX-License-Identifier: GPL-2.0-or-later

package ci

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestHostileTag: the name of a tag, which comes with the branch of a fork, is no part of
// the commands that make runs.
func TestHostileTag(t *testing.T) {
	makefile, err := filepath.Abs("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GIT_CONFIG_GLOBAL", "/dev/null")
	t.Setenv("MAKEFLAGS", "")
	t.Chdir(t.TempDir())
	var last string
	for _, args := range [][]string{
		{"git", "init", "-q"},
		{"git", "-c", "user.name=a", "-c", "user.email=a@b.example", "commit", "-q", "--allow-empty", "-m", "one"},
		{"git", "tag", "v1.2.0-rc1+b_2/';touch${IFS}x;'`touch$(IFS)x`"},
		{"make", "-f", makefile, "-n", "build"},
	} {
		out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput()
		if err != nil {
			t.Fatalf("%q: %v\n%s", args, err, out)
		}
		last = string(out)
	}
	if want := "main.version=v1.2.0-rc1+b_2touchIFSxtouchIFSx' "; !strings.Contains(last, want) {
		t.Errorf("no %q in:\n%s", want, last)
	}
}
