// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"os/exec"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/gitcmd"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
)

// TestProtected: only pushes to the default branch are protected, as in a new project.
func TestProtected(t *testing.T) {
	for _, c := range []struct {
		event gitlabci.Event
		want  bool
	}{
		{gitlabci.Event{}, true},
		{gitlabci.Event{Branch: "main"}, true},
		{gitlabci.Event{Branch: "trunk", DefaultBranch: "trunk"}, true},
		{gitlabci.Event{Branch: "main", DefaultBranch: "trunk"}, false},
		{gitlabci.Event{Branch: "topic"}, false},
		{gitlabci.Event{Tag: "v1"}, false},
		{gitlabci.Event{Tag: "v1", Branch: "main"}, false},
		{gitlabci.Event{Source: gitlabci.MergeRequest, Branch: "main"}, false},
		{gitlabci.Event{Source: gitlabci.MergeRequest}, false},
	} {
		if got := protected(c.event); got != c.want {
			t.Errorf("%+v: %v", c.event, got)
		}
	}
}

// TestTreeSource: a tree belongs to the default branch if HEAD is its commit.
func TestTreeSource(t *testing.T) {
	dir := t.TempDir()
	git := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@b.example"}, args...)...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "-q", "-b", "main")
	git("remote", "add", "origin", "https://host.example/p")
	git("commit", "-q", "--allow-empty", "-m", "one")
	first := git("rev-parse", "HEAD")
	git("checkout", "-q", "-b", "topic")
	git("commit", "-q", "--allow-empty", "-m", "two")
	second := git("rev-parse", "HEAD")
	for _, c := range []struct{ branch, commit, want string }{
		{"main", "", "default"},
		{"topic", "", "other"},
		{"main", first, "default"},
		{"main", second, "other"}, // whatever is checked out
		{"topic", first, "default"},
		{"--detach " + first, "", "default"},
		{"--detach " + second, "", "other"},
	} {
		git(append([]string{"checkout", "-q"}, strings.Fields(c.branch)...)...)
		repo, err := gitcmd.Open(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		if got := treeSource(t.Context(), repo, c.commit, "main"); got != "https://host.example/p\x00"+c.want {
			t.Errorf("%s, commit %q: %q", c.branch, c.commit, got)
		}
	}
}
