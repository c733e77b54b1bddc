// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestChangedSince: the files of the commits since a branch of origin, a tag or a commit,
// with uncommitted changes to tracked files. What the repository does not have is unknown.
func TestChangedSince(t *testing.T) {
	t.Setenv("GIT_CONFIG_GLOBAL", "/dev/null")
	dir := t.TempDir()
	git := func(args ...string) string {
		t.Helper()
		out, err := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@b.example"}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("git %s: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	git("init", "-q", "-b", "main")
	write(PipelineFile, "j: {script: [x]}\n")
	write("old", strings.Repeat("line\n", 50))
	write("same", "x")
	git("add", ".")
	git("commit", "-qm", "one")
	first := git("rev-parse", "HEAD")
	git("tag", "-m", "v1", "v1")
	git("branch", "side")
	git("update-ref", "refs/remotes/origin/main", first)
	git("mv", "old", "new")
	write("a b", "x")
	git("add", ".")
	git("commit", "-qm", "two")
	git("checkout", "-q", "-b", "topic")
	write("staged", "x")
	git("add", "staged")
	write("untracked", "x")
	s, err := Open(t.Context(), SourceOptions{Project: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const all = "a b,new,staged"
	for revision, want := range map[string]string{
		"main": all, "refs/heads/main": all, "v1": all, "refs/tags/v1": all, first: all, first[:8]: all, "side": all, "topic": "unknown",
		"refs/heads/v1": "unknown", "refs/tags/main": "unknown", "HEAD": "unknown", "main~1": "unknown", "-x": "unknown", "": "unknown", "deadbeef": "unknown",
	} {
		for range 2 {
			got := "unknown"
			if files := s.since(revision); files != nil {
				got = strings.Join(files, ",")
			}
			if got != want {
				t.Errorf("%s: %s", revision, got)
			}
		}
	}
	for n := range maxSince {
		s.since(fmt.Sprint("no-such-", n))
	}
	if s.since("main") == nil || s.since("refs/remotes/origin/main") != nil || s.since("v1^0") != nil {
		t.Error("revisions beyond the limit are looked up, or earlier ones forgotten")
	}
	write("same", "y")
	s.Commit = git("rev-parse", "HEAD")
	if files := s.filesSince(t.Context(), "v1"); strings.Join(files, ",") != "a b,new" {
		t.Errorf("of a commit: %q", files)
	}
}
