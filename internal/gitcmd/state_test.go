// SPDX-License-Identifier: GPL-2.0-or-later

package gitcmd

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestState(t *testing.T) {
	home := isolate(t)
	put(t, filepath.Join(home, ".gitconfig"), "[user]\n\tname = Of the user\n\temail = user@host.example\n[x]\n\tflag\n[remote \"other\"]\n\turl = https://user.example/x\n", 0o644)
	dir := filepath.Join(t.TempDir(), "p")
	first := newRepo(t, dir)
	plainGit(t, dir, "config", "remote.origin.url", "https://host.example/p")
	plainGit(t, dir, "config", "credential.helper", "store")
	plainGit(t, dir, "config", "user.email", "here@host.example")
	plainGit(t, dir, "config", "user.signingKey", "/key")
	plainGit(t, dir, "tag", "-m", "one", "v1")
	plainGit(t, dir, "update-ref", "refs/remotes/origin/trunk", "HEAD")
	plainGit(t, dir, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
	plainGit(t, dir, "commit", "-q", "--allow-empty", "-m", "title\n\nbody\nmore\n")
	r := open(t, dir)

	h, err := r.Head(t.Context())
	want := Head{
		Commit: plainGit(t, dir, "rev-parse", "HEAD"), Tree: plainGit(t, dir, "rev-parse", "HEAD^{tree}"), Author: "A <a@example.org>",
		Date: plainGit(t, dir, "log", "-1", "--format=%cI"), Message: "title\n\nbody\nmore\n",
	}
	if err != nil || h != want {
		t.Errorf("head %+v, %v; want %+v", h, err, want)
	}
	refs, err := r.Refs(t.Context())
	tag := plainGit(t, dir, "rev-parse", "v1")
	for name, want := range map[string]Ref{
		"refs/heads/main":           {Hash: h.Commit, Current: true},
		"refs/tags/v1":              {Hash: tag, Peeled: first},
		"refs/remotes/origin/trunk": {Hash: first},
		"refs/remotes/origin/HEAD":  {Hash: first, Target: "refs/remotes/origin/trunk"},
	} {
		if got, ok := refs[name]; !ok || got != want {
			t.Errorf("%s is %+v, want %+v, %v", name, got, want, err)
		}
	}
	if len(refs) != 4 {
		t.Errorf("refs %v", refs)
	}
	for key, want := range map[string]string{
		"user.name": "Of the user", "user.email": "here@host.example", "x.flag": "true", "remote.origin.url": "https://host.example/p", "remote.other.url": "https://user.example/x",
		"credential.helper": "", "user.nosuch": "", "user.signingkey": "",
	} {
		if got := r.Config(t.Context(), key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
}

// TestReadState: what was read does not change later; what could not be read is read again.
func TestReadState(t *testing.T) {
	isolate(t)
	dir := filepath.Join(t.TempDir(), "p")
	first := newRepo(t, dir)
	r := open(t, dir)
	r.ReadState(t.Context())
	plainGit(t, dir, "config", "remote.origin.url", "https://host.example/late")
	plainGit(t, dir, "tag", "late")
	plainGit(t, dir, "commit", "-q", "--allow-empty", "-m", "late")
	h, err := r.Head(t.Context())
	refs, refsErr := r.Refs(t.Context())
	if err != nil || refsErr != nil || h.Commit != first || len(refs) != 1 || r.Config(t.Context(), "remote.origin.url") != "" {
		t.Errorf("head %+v, %v; refs %v, %v", h, err, refs, refsErr)
	}

	empty := filepath.Join(t.TempDir(), "empty")
	plainGit(t, filepath.Dir(empty), "init", "-q", "-b", "main", empty)
	r = open(t, empty)
	r.ReadState(t.Context())
	plainGit(t, empty, "commit", "-q", "--allow-empty", "-m", "first")
	if h, err := r.Head(t.Context()); err != nil || h.Message != "first\n" {
		t.Errorf("head %+v, %v", h, err)
	}
}

func TestHeadRef(t *testing.T) {
	isolate(t)
	dir := filepath.Join(t.TempDir(), "p")
	newRepo(t, dir)
	for _, c := range []struct{ checkout, want string }{
		{"-b topic/x", "refs/heads/topic/x"},
		{"--detach", ""},
		{"--orphan unborn", "refs/heads/unborn"},
	} {
		plainGit(t, dir, append([]string{"checkout", "-q"}, strings.Fields(c.checkout)...)...)
		r := open(t, dir)
		if got := r.HeadRef(t.Context()); got != c.want {
			t.Errorf("%s: %q", c.checkout, got)
		}
		if h, err := r.Head(t.Context()); (err != nil) != (c.want == "refs/heads/unborn") {
			t.Errorf("%s: head %+v, %v", c.checkout, h, err)
		}
	}
}

func TestCommits(t *testing.T) {
	isolate(t)
	dir := filepath.Join(t.TempDir(), "p")
	first := newRepo(t, dir)
	plainGit(t, dir, "checkout", "-q", "-b", "other")
	plainGit(t, dir, "commit", "-q", "--allow-empty", "-m", "parent "+first+strings.Repeat(" long", 10_000))
	other := plainGit(t, dir, "rev-parse", "HEAD")
	plainGit(t, dir, "checkout", "-q", "main")
	plainGit(t, dir, "merge", "-q", "--no-ff", "-m", "merge", "other")
	merge := plainGit(t, dir, "rev-parse", "HEAD")
	c, err := Own{GitDir: filepath.Join(dir, ".git")}.Commits(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		hash string
		want []string
	}{
		{merge, []string{first, other}}, {other, []string{first}}, {first, nil}, {merge, []string{first, other}},
	} {
		if got, err := c.Parents(test.hash); err != nil || !slices.Equal(got, test.want) {
			t.Errorf("parents of %s: %v, %v", test.hash, got, err)
		}
	}
	for _, hash := range []string{strings.Repeat("0", 40), plainGit(t, dir, "rev-parse", "HEAD^{tree}"), "HEAD", "", first + "\n" + other} {
		if got, err := c.Parents(hash); err == nil {
			t.Errorf("parents of %q: %v", hash, got)
		}
		c.Close()
		if c, err = (Own{GitDir: filepath.Join(dir, ".git")}).Commits(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	c.Close()
	if err := os.RemoveAll(filepath.Join(dir, ".git")); err != nil {
		t.Fatal(err)
	}
	if c, err = (Own{GitDir: filepath.Join(dir, ".git")}).Commits(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got, err := c.Parents(first); err == nil {
		t.Errorf("without a repository: %v", got)
	}
}
