// SPDX-License-Identifier: GPL-2.0-or-later

package remotepipeline

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"

	"gitlab.com/lcitool/lcitool/internal/artifacts"
)

// A world is a checkout with a remote, a GitLab that sees pushes, and all output of a run.
type world struct {
	gitLab  *gitLab
	options Options
	bare    string
	said    sharedBuffer
	updates []Update
}

// A sharedBuffer is safe for concurrent writes of logs and messages.
type sharedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *sharedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *sharedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// newWorld creates a checkout of branch "topic" whose remote "origin" is a bare repository
// that accepts push options.
func newWorld(t *testing.T, jobs ...*fakeJob) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{bare: filepath.Join(dir, "bare.git")}
	work := filepath.Join(dir, "work")
	pushed := filepath.Join(dir, "pushed")
	for name, value := range map[string]string{
		"HOME": dir, "GIT_CONFIG_GLOBAL": filepath.Join(dir, "gitconfig"), "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0",
		"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org",
	} {
		t.Setenv(name, value)
	}
	made := repositories(t)
	if err := os.CopyFS(dir, made.files); err != nil {
		t.Fatal(err)
	}
	hook := fmt.Sprintf(`#!/bin/sh
n=0
while [ $n -lt "$GIT_PUSH_OPTION_COUNT" ]; do
	eval "echo GIT_PUSH_OPTION_$n=\"\$GIT_PUSH_OPTION_$n\""
	n=$((n + 1))
done >'%s'
echo GIT_PUSH_OPTION_COUNT=$n >>'%[1]s'
`, pushed)
	write(t, filepath.Join(w.bare, "hooks", "post-receive"), hook, 0o755)
	config := fmt.Sprintf("[remote \"origin\"]\n\turl = %s\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n", w.bare)
	write(t, filepath.Join(work, ".git", "config"), made.config+config, 0o644)
	w.gitLab = &gitLab{t: t, pushed: pushed, branch: "topic", commit: made.commit, jobs: jobs}
	env := map[string]string{"GITLAB_TOKEN": marker, "GITLAB_HOST": address}
	w.options = Options{
		Directory: work,
		Artifacts: artifacts.In(dir),
		Logs:      filepath.Join(dir, "logs"),
		Project:   "group/name",
		Variables: []string{"RUN_PIPELINE=1"},
		Getenv:    func(name string) string { return env[name] },
		Watch: func(u Update) {
			w.updates = append(w.updates, u)
			fmt.Fprintf(&w.said, "%s|%s|%s\n", u.Job, u.State, u.Line)
		},
		Log: slog.New(slog.NewTextHandler(&w.said, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	return w
}

// madeRepositories are copied for every world, because creating them takes longer than the
// tests.
type madeRepositories struct {
	files  fs.FS
	config string // of the checkout, without a remote
	commit string
}

var (
	makeRepositories sync.Once
	theRepositories  madeRepositories
)

func repositories(t *testing.T) *madeRepositories {
	t.Helper()
	makeRepositories.Do(func() {
		dir := t.TempDir()
		bare, work := filepath.Join(dir, "bare.git"), filepath.Join(dir, "work")
		git(t, dir, "init", "-q", "--bare", "--template=", bare)
		git(t, bare, "config", "receive.advertisePushOptions", "true")
		git(t, bare, "config", "receive.autogc", "false")
		git(t, dir, "init", "-q", "-b", "topic", "--template=", work)
		write(t, filepath.Join(work, "README"), "hello\n", 0o644)
		git(t, work, "add", "README")
		git(t, work, "commit", "-q", "-m", "begin")
		files := fstest.MapFS{}
		if err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || name == dir {
				return err
			}
			info, err := entry.Info()
			if err != nil {
				return err
			}
			file := &fstest.MapFile{Mode: info.Mode(), ModTime: info.ModTime()}
			if !entry.IsDir() {
				file.Data, err = os.ReadFile(name)
			}
			below, _ := filepath.Rel(dir, name)
			files[below] = file
			return err
		}); err != nil {
			t.Fatal(err)
		}
		theRepositories = madeRepositories{files, string(files["work/.git/config"].Data), git(t, work, "rev-parse", "HEAD")}
	})
	return &theRepositories
}

// run uses a bubble of synctest, where waiting takes no time.
func (w *world) run(t *testing.T) (result *Result, err error) {
	t.Helper()
	return w.runWith(t, context.Background())
}

func (w *world) runWith(t *testing.T, parent context.Context) (result *Result, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		result, err = w.inBubble(t, parent)
	})
	w.keepsSecret(t, result, err)
	return result, err
}

func (w *world) inBubble(t *testing.T, ctx context.Context) (*Result, error) {
	w.options.Transport = serveInMemory(t, w.gitLab)
	return Run(ctx, w.options)
}

func (w *world) keepsSecret(t *testing.T, result *Result, err error) {
	t.Helper()
	text := fmt.Sprintf("%v %+v %#v %s", err, err, err, w.said.String())
	if result != nil {
		text += fmt.Sprintf("%+v %#v", result, *result)
	}
	if strings.Contains(text, marker) {
		t.Errorf("the token was told: %s", text)
	}
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func write(t *testing.T, file, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func states(r *Result) string {
	var all []string
	for _, j := range r.Jobs {
		text := j.Name + " " + string(j.State)
		if j.AllowFailure {
			text += " allowed"
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}
