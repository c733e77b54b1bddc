// SPDX-License-Identifier: GPL-2.0-or-later

package remotepipeline

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/internal/diag"
)

func TestPipelineAppearsLate(t *testing.T) {
	w := newWorld(t, passes(1, "a"))
	w.gitLab.delay = 90 * time.Second
	result, err := w.run(t)
	if err != nil || states(result) != "a passed" {
		t.Errorf("got %+v, %v", result, err)
	}
}

func TestPipelineOfAMergeRequest(t *testing.T) {
	w := newWorld(t, passes(1, "a"))
	w.gitLab.ref = "refs/merge-requests/3/head"
	result, err := w.run(t)
	if err != nil || states(result) != "a passed" {
		t.Errorf("got %+v, %v", result, err)
	}
	if !strings.Contains(w.linesOf(""), "is one of refs/merge-requests/3/head: GitLab does not give it the variables") {
		t.Errorf("said %q", w.linesOf(""))
	}
}

func TestNoPipeline(t *testing.T) {
	cases := []struct {
		name   string
		change func(*world)
		want   string
	}{
		{"rules", func(w *world) { w.gitLab.none, w.gitLab.lint = true, `{"valid":true}` },
			"GitLab has made no pipeline of topic"},
		{"rules, in words", func(w *world) { w.gitLab.none, w.gitLab.lint = true, `{"valid":true}` },
			"workflow:rules leave out a push to this branch"},
		{"faults", func(w *world) {
			w.gitLab.none, w.gitLab.lint = true, `{"valid":false,"errors":["jobs:a config\u001b[31m is empty"]}`
		},
			"within 2m0s: jobs:a config is empty"},
		{"no dry run", func(w *world) { w.gitLab.none, w.gitLab.lint = true, `what?` }, "workflow:rules leave out"},
		{"a pipeline with faults", func(w *world) { w.gitLab.jobs, w.gitLab.status, w.gitLab.yaml = nil, "failed", "jobs:a has no script" },
			"GitLab cannot make the pipeline: jobs:a has no script"},
		{"none to follow", func(w *world) { w.options.NoPush = true }, "there is no pipeline of commit"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, passes(1, "a"))
			c.change(w)
			if _, err := w.run(t); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func TestNothingToPush(t *testing.T) {
	w := newWorld(t, passes(1, "a"))
	git(t, w.options.Directory, "push", "-q", "origin", "topic")
	if err := os.Remove(w.gitLab.pushed); err != nil {
		t.Fatal(err)
	}
	result, err := w.run(t)
	if err != nil || states(result) != "a passed" {
		t.Fatalf("got %+v, %v", result, err)
	}
	if got := w.gitLab.created; got != `{"ref":"topic","variables":[{"key":"RUN_PIPELINE","value":"1"}]}` {
		t.Errorf("asked for %s", got)
	}
}

// A remote to which nothing is pushed may close the connection before it reads the push
// options. Whether git then fails depends on timing.
func TestRemoteThatHangsUpEarly(t *testing.T) {
	w := newWorld(t, passes(1, "a"))
	git(t, w.options.Directory, "push", "-q", "origin", "topic")
	first := filepath.Join(w.bare, "first")
	receive := filepath.Join(w.bare, "receive")
	write(t, receive, "#!/bin/sh\nif [ -e '"+first+"' ]; then exec git-receive-pack \"$@\"; fi\n: > '"+first+"'\nexit 1\n", 0o755)
	git(t, w.options.Directory, "config", "--global", "remote.origin.receivepack", receive)
	result, err := w.run(t)
	if err != nil || states(result) != "a passed" {
		t.Errorf("got %+v, %v", result, err)
	}
	if _, err := os.Stat(first); err != nil {
		t.Error("the remote did not hang up")
	}
}

func TestPipelineAtWorkIsJoined(t *testing.T) {
	for _, noPush := range []bool{false, true} {
		w := newWorld(t, passes(1, "a"))
		git(t, w.options.Directory, "push", "-q", "origin", "topic")
		w.options.NoPush = noPush
		result, err := w.run(t)
		if err != nil || states(result) != "a passed" || w.gitLab.created != "" {
			t.Errorf("got %+v, %v, asked for %q", result, err, w.gitLab.created)
		}
		if !noPush && !strings.Contains(w.linesOf(""), "its pipeline is at work") {
			t.Errorf("said %q", w.linesOf(""))
		}
	}
}

func TestCheckouts(t *testing.T) {
	cases := []struct {
		name    string
		change  func(*testing.T, *world)
		want    string // said
		wantErr string
	}{
		{name: "changes are told of", change: func(t *testing.T, w *world) {
			write(t, filepath.Join(w.options.Directory, "README"), "changed\n", 0o644)
			write(t, filepath.Join(w.options.Directory, "new\x1b[31m"), "new\n", 0o644)
		}, want: "not committed, so not pushed: README, new"},
		{name: "many changes", change: func(t *testing.T, w *world) {
			for _, name := range strings.Fields("1 2 3 4 5 6 7") {
				write(t, filepath.Join(w.options.Directory, name), "new\n", 0o644)
			}
		}, want: "1, 2, 3, 4, 5 and 2 more"},
		{name: "another remote", change: func(t *testing.T, w *world) {
			git(t, w.options.Directory, "remote", "rename", "origin", "fork")
			git(t, w.options.Directory, "config", "branch.topic.pushRemote", "fork")
		}, want: "to fork"},
		{name: "a remote by name", change: func(t *testing.T, w *world) {
			git(t, w.options.Directory, "remote", "rename", "origin", "fork")
			w.options.Remote = "fork"
		}, want: "to fork"},
		{name: "a detached head", change: func(t *testing.T, w *world) { git(t, w.options.Directory, "checkout", "-q", "--detach") },
			wantErr: "HEAD is detached"},
		{name: "no commit", change: func(t *testing.T, w *world) { git(t, w.options.Directory, "checkout", "-q", "--orphan", "empty") },
			wantErr: `branch "empty" has no commit`},
		{name: "no checkout", change: func(t *testing.T, w *world) { w.options.Directory = t.TempDir() }, wantErr: "cannot use git in"},
		{name: "no remote", change: func(_ *testing.T, w *world) { w.options.Remote = "nowhere" }, wantErr: `no remote "nowhere"`},
		{name: "a remote like an option", change: func(_ *testing.T, w *world) { w.options.Remote = "--all" }, wantErr: `no remote "--all"`},
		{name: "history that would be lost", change: func(t *testing.T, w *world) {
			git(t, w.options.Directory, "push", "-q", "origin", "topic")
			git(t, w.options.Directory, "commit", "-q", "--amend", "-m", "again")
			w.gitLab.commit = git(t, w.options.Directory, "rev-parse", "HEAD")
		}, wantErr: "cannot push topic to origin"},
		{name: "no push options there", change: func(t *testing.T, w *world) { git(t, w.bare, "config", "receive.advertisePushOptions", "false") },
			wantErr: "the receiving end does not support push options"},
		{name: "a bad variable", change: func(_ *testing.T, w *world) { w.options.Variables = []string{"A B=1"} }, wantErr: "expected NAME=VALUE"},
		{name: "a variable of two lines", change: func(_ *testing.T, w *world) { w.options.Variables = []string{"A=1\n2"} }, wantErr: "is one line"},
		{name: "a hook that refuses", change: func(t *testing.T, w *world) {
			write(t, filepath.Join(w.bare, "hooks", "pre-receive"), "#!/bin/sh\necho too late >&2\nexit 1\n", 0o755)
		}, wantErr: "too late"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, passes(1, "a"))
			c.change(t, w)
			_, err := w.run(t)
			if c.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), c.wantErr) {
					t.Errorf("error %v, want %q", err, c.wantErr)
				}
				return
			}
			if err != nil || !strings.Contains(w.linesOf(""), c.want) {
				t.Errorf("said %q, %v, want %q", w.linesOf(""), err, c.want)
			}
		})
	}
}

// TestClaims: the settings of a checkout, which may be a hostile fork, do not choose the
// project that gets requests with the user's token.
func TestClaims(t *testing.T) {
	const here, elsewhere = address + "/group/name.git", address + "/up/name.git"
	for _, c := range []struct {
		name, claim, project, origin, other string
		want, wantErr                       string
	}{
		{name: "none", origin: here},
		{name: "that of the remote", claim: "Group/name.git", origin: here},
		{name: "another project", claim: "group/secret", origin: here, wantErr: `.lcitool.yml:2: project: no git remote of this checkout is that of "group/secret"`},
		{name: "no project", claim: "secret\x1b[31m", origin: here, wantErr: `is that of "secret\x1b[31m"`},
		{name: "that of another remote", claim: "up/name", origin: here, other: elsewhere, want: "up/name is not used with --remote, because group/name is the project of remote origin"},
		{name: "of none of two remotes", claim: "up/secret", origin: here, other: elsewhere, wantErr: "no git remote"},
		{name: "the user names one", claim: "group/secret", project: "group/name", origin: elsewhere},
		{name: "a remote without project", claim: "group/name", wantErr: "no git remote"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, passes(1, "a"))
			git(t, w.options.Directory, "push", "-q", "origin", "topic")
			if c.origin != "" {
				git(t, w.options.Directory, "remote", "set-url", "origin", c.origin)
			}
			if c.other != "" {
				git(t, w.options.Directory, "remote", "add", "upstream", c.other)
			}
			w.options.NoPush, w.options.Project, w.options.Claim = true, c.project, Claim{c.claim, ".lcitool.yml:2"}
			_, err := w.run(t)
			if c.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), c.wantErr) || diag.Hint(err) == "" {
					t.Errorf("error %v, want %q and a hint", err, c.wantErr)
				}
				return
			}
			if err != nil || !strings.Contains(w.linesOf(""), c.want) {
				t.Errorf("said %q, %v, want %q", w.linesOf(""), err, c.want)
			}
		})
	}
}
