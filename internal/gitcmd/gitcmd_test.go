// SPDX-License-Identifier: GPL-2.0-or-later

package gitcmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func open(t *testing.T, dir string) *Repo {
	t.Helper()
	r, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// TestHostile calls all functions on a repository that is hostile in every setting, from
// three directories.
func TestHostile(t *testing.T) {
	isolate(t)
	h := newHostileRepo(t)
	for _, variable := range []string{"GIT_EXTERNAL_DIFF", "GIT_SSH_COMMAND_X", "GIT_EDITOR", "GIT_PAGER", "GIT_SEQUENCE_EDITOR", "GIT_PROXY_COMMAND_X"} {
		t.Setenv(variable, filepath.Join(h.dir, "evil", "gpg"))
	}
	t.Setenv("GIT_DIR", filepath.Join(h.dir, "nested"))
	t.Setenv("GIT_WORK_TREE", "/")
	t.Setenv("GIT_TRACE", filepath.Join(h.markers, "trace"))
	t.Setenv("GIT_CONFIG_PARAMETERS", "'core.fsmonitor'='"+filepath.Join(h.dir, "evil/core.fsmonitor")+"'")
	for _, dir := range []string{"", "sub", "nested", "nested/refs"} {
		r := open(t, filepath.Join(h.dir, dir))
		if r.Top != h.dir || r.Prefix != dir {
			t.Errorf("from %s: top %s, prefix %s", dir, r.Top, r.Prefix)
		}
		callAll(t, r, h.commit)
		if found := h.found(t); len(found) > 0 {
			t.Errorf("from %q ran: %v", dir, found)
		}
	}
	r := open(t, h.dir)
	for _, remote := range []string{"ext", "inside", "relative", "ssh", "git", "https", "vcs", "outside", "ext::x", "-x", "./nested"} {
		_, err := r.Push(t.Context(), remote, nil, h.commit+":refs/heads/x")
		if (err == nil) != (remote == "outside") {
			t.Errorf("push to %s: %v", remote, err)
		}
	}
	if _, err := r.Credential(t.Context(), "protocol=https\nhost=127.0.0.1\n\n"); err == nil {
		t.Error("there is a password")
	}
	if found := h.found(t); len(found) > 0 {
		t.Errorf("push ran: %v", found)
	}
	for _, want := range []string{"core.sshcommand", "credential.helper", "core.hookspath", "include.path", "remote.outside.receivepack"} {
		if !strings.Contains(" "+strings.Join(r.NotUsed(), " ")+" ", " "+want+" ") {
			t.Errorf("NotUsed() has no %s: %v", want, r.NotUsed())
		}
	}
}

// callAll uses a repository in every way that needs no remote.
func callAll(t *testing.T, r *Repo, commit string) {
	t.Helper()
	got, err := r.Resolve(t.Context(), "HEAD")
	if err != nil || got != commit {
		t.Errorf("HEAD is %s, %v; want %s", got, err, commit)
	}
	for _, args := range [][]string{
		{"log", "-1", "--format=%an <%ae>%x00%cI%x00%s%x00%b%x00%B"}, {"symbolic-ref", "--quiet", "--short", "HEAD"},
		{"config", "--get", "remote.pushDefault"}, {"for-each-ref"}, {"remote", "get-url", "--push", "--", "outside"},
	} {
		if _, err := r.Git(t.Context(), args...); err != nil {
			t.Errorf("%v: %v", args, err)
		}
	}
	if h, err := r.Head(t.Context()); err != nil || h.Commit != commit {
		t.Errorf("head %+v, %v", h, err)
	}
	if ref, url := r.HeadRef(t.Context()), r.Config(t.Context(), "remote.https.url"); ref == "" || url == "" || r.Config(t.Context(), "core.editor") != "false" {
		t.Errorf("HEAD refers to %q, the URL is %q", ref, url)
	}
	status, err := r.Status(t.Context())
	if err != nil || !strings.Contains(status, " M file.x\x00") || !strings.Contains(status, "?? nested/\x00") {
		t.Errorf("status %q, %v", status, err)
	}
}

func newRepo(t *testing.T, dir string) string {
	t.Helper()
	put(t, filepath.Join(dir, "file"), "text\n", 0o644)
	plainGit(t, dir, "init", "-q", "-b", "main", ".")
	plainGit(t, dir, "add", "-A")
	plainGit(t, dir, "commit", "-q", "-m", "begin")
	return plainGit(t, dir, "rev-parse", "HEAD")
}

func TestWorktreesAndSubmodules(t *testing.T) {
	isolate(t)
	top := t.TempDir()
	main := filepath.Join(top, "main")
	commit := newRepo(t, main)
	newRepo(t, filepath.Join(top, "lib"))
	plainGit(t, main, "-c", "protocol.file.allow=always", "submodule", "add", "-q", filepath.Join(top, "lib"), "lib")
	plainGit(t, main, "worktree", "add", "-q", "-b", "topic", filepath.Join(top, "tree"))
	plainGit(t, filepath.Join(top, "tree"), "config", "extensions.worktreeConfig", "true")
	plainGit(t, filepath.Join(top, "tree"), "config", "--worktree", "remote.origin.url", "https://gitlab.com/a/b.git")
	plainGit(t, main, "update-ref", "refs/remotes/origin/trunk", commit)
	plainGit(t, main, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
	plainGit(t, top, "init", "-q", "-b", "apart", "--separate-git-dir", filepath.Join(top, "apart.git"), "apart")
	for dir, want := range map[string]string{"main": "main", "main/lib": "main", "tree": "topic", "apart": "apart"} {
		r := open(t, filepath.Join(top, dir))
		branch, err := r.Git(t.Context(), "symbolic-ref", "--short", "HEAD")
		if branch != want || err != nil || r.Top != filepath.Join(top, dir) {
			t.Errorf("%s: %s, %v, top %s", dir, branch, err, r.Top)
		}
		if status, err := r.Status(t.Context()); err != nil || dir != "main" && status != "" {
			t.Errorf("%s: status %q, %v", dir, status, err)
		}
	}
	r := open(t, filepath.Join(top, "tree"))
	if got, err := r.Git(t.Context(), "symbolic-ref", "refs/remotes/origin/HEAD"); got != "refs/remotes/origin/trunk" || err != nil {
		t.Errorf("default branch %s, %v", got, err)
	}
	if got, err := r.PushAddresses(t.Context(), "origin"); len(got) != 1 || got[0] != "https://gitlab.com/a/b.git" || err != nil {
		t.Errorf("config.worktree: %v, %v", got, err)
	}
}

// TestForeignRepository has trees that refer to another repository of the user.
func TestForeignRepository(t *testing.T) {
	isolate(t)
	top := t.TempDir()
	secret := filepath.Join(top, "secret")
	newRepo(t, secret)
	plainGit(t, secret, "worktree", "add", "-q", filepath.Join(top, "other"))
	for name, make := range map[string]func(dir string) error{
		"file": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, ".git"), []byte("gitdir: "+secret+"/.git\n"), 0o644)
		},
		"work tree": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, ".git"), []byte("gitdir: "+secret+"/.git/worktrees/other\n"), 0o644)
		},
		"link": func(dir string) error { return os.Symlink(secret+"/.git", filepath.Join(dir, ".git")) },
		"link to file": func(dir string) error {
			return os.Symlink(filepath.Join(top, "other", ".git"), filepath.Join(dir, ".git"))
		},
		"common dir": func(dir string) error {
			plainGit(t, dir, "init", "-q", ".")
			return os.WriteFile(filepath.Join(dir, ".git/commondir"), []byte(secret+"/.git\n"), 0o644)
		},
		"refs":    func(dir string) error { return relink(t, dir, "refs", secret) },
		"objects": func(dir string) error { return relink(t, dir, "objects", secret) },
		"HEAD":    func(dir string) error { return relink(t, dir, "HEAD", secret) },
		"one ref": func(dir string) error {
			plainGit(t, dir, "init", "-q", ".")
			return os.Symlink(secret+"/.git/refs/heads/main", filepath.Join(dir, ".git/refs/heads/main"))
		},
		"FIFO": func(dir string) error { return syscall.Mkfifo(filepath.Join(dir, ".git"), 0o644) },
		"FIFO as HEAD": func(dir string) error {
			plainGit(t, dir, "init", "-q", ".")
			_ = os.Remove(filepath.Join(dir, ".git/HEAD"))
			return syscall.Mkfifo(filepath.Join(dir, ".git/HEAD"), 0o644)
		},
		"FIFO as ref": func(dir string) error {
			plainGit(t, dir, "init", "-q", ".")
			return syscall.Mkfifo(filepath.Join(dir, ".git/refs/heads/main"), 0o644)
		},
		"endless config": func(dir string) error {
			plainGit(t, dir, "init", "-q", ".")
			_ = os.Remove(filepath.Join(dir, ".git/config"))
			return os.Symlink("/dev/zero", filepath.Join(dir, ".git/config"))
		},
		"extension": func(dir string) error {
			plainGit(t, dir, "init", "-q", ".")
			plainGit(t, dir, "config", "extensions.unheardOf", "1")
			return nil
		},
		"bad config": func(dir string) error {
			plainGit(t, dir, "init", "-q", ".")
			return os.WriteFile(filepath.Join(dir, ".git/config"), []byte("[core\n"), 0o644)
		},
	} {
		dir := filepath.Join(t.TempDir(), "tree")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := make(dir); err != nil {
			t.Fatal(err)
		}
		r, err := Open(t.Context(), dir)
		if err == nil {
			r.Close()
			t.Errorf("%s: opened", name)
		} else if !strings.Contains(err.Error(), dir) && !strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error names no file: %v", name, err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), viewPrefix+"*")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func relink(t *testing.T, dir, name, secret string) error {
	t.Helper()
	plainGit(t, dir, "init", "-q", ".")
	file := filepath.Join(dir, ".git", name)
	return errors.Join(os.RemoveAll(file), os.Symlink(filepath.Join(secret, ".git", name), file))
}

func TestNoRepository(t *testing.T) {
	isolate(t)
	dir := t.TempDir()
	plainGit(t, dir, "init", "-q", "--bare", "bare")
	for _, d := range []string{dir, filepath.Join(dir, "bare"), filepath.Join(dir, "bare/refs")} {
		if _, err := Open(t.Context(), d); !errors.Is(err, ErrNoRepository) {
			t.Errorf("%s: %v", d, err)
		}
	}
}

// TestUsersConfiguration: the user's configuration applies, also for a directory.
func TestUsersConfiguration(t *testing.T) {
	home := isolate(t)
	dir := filepath.Join(t.TempDir(), "a", "b")
	newRepo(t, dir)
	put(t, filepath.Join(home, ".gitconfig"), fmt.Sprintf("[user]\n\tname = me\n[includeIf \"gitdir:%s/\"]\n\tpath = work\n", filepath.Dir(dir)), 0o644)
	put(t, filepath.Join(home, "work"), "[url \"https://gitlab.com/\"]\n\tinsteadOf = gl:\n[credential]\n\thelper = \"!f() { echo password=secret; }; f\"\n", 0o644)
	plainGit(t, dir, "remote", "add", "origin", "gl:a/b")
	r := open(t, dir)
	if got, err := r.PushAddresses(t.Context(), "origin"); err != nil || got[0] != "https://gitlab.com/a/b" {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := r.Credential(t.Context(), "protocol=https\nhost=gitlab.com\nusername=me\n\n"); err != nil || !strings.Contains(got, "password=secret") {
		t.Errorf("%q, %v", got, err)
	}
}

func TestOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("only root can give a directory away: checking ours() alone")
	}
	home := isolate(t)
	dir := filepath.Join(t.TempDir(), "tree")
	newRepo(t, dir)
	if !ours(uint32(os.Geteuid())) || ours(uint32(os.Geteuid()+1)) {
		t.Error("ours() is wrong")
	}
	if os.Geteuid() != 0 {
		return
	}
	if err := os.Chown(filepath.Join(dir, ".git"), 12345, 12345); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		config, sudo string
		ok           bool
	}{
		{"", "", false}, {"", "12345", true}, {"", "12346", false}, {"\tdirectory = *\n", "", true}, {"\tdirectory = " + dir + "\n", "", true},
		{"\tdirectory = " + filepath.Dir(dir) + "/*\n", "", true}, {"\tdirectory = /elsewhere\n", "", false}, {"\tdirectory = *\n\tdirectory =\n", "", false},
	} {
		put(t, filepath.Join(home, ".gitconfig"), "[safe]\n"+c.config, 0o644)
		t.Setenv("SUDO_UID", c.sudo)
		r, err := Open(t.Context(), dir)
		if err == nil {
			r.Close()
		}
		if (err == nil) != c.ok || err != nil && !strings.Contains(err.Error(), "safe.directory") {
			t.Errorf("%+v: %v", c, err)
		}
	}
	put(t, filepath.Join(home, ".gitconfig"), "[safe]\n\tdirectory = *\n", 0o644)
	t.Setenv("SUDO_UID", "")
	plainGit(t, dir, "config", "safe.directory", "*")
	put(t, filepath.Join(home, ".gitconfig"), "", 0o644)
	if r, err := Open(t.Context(), dir); err == nil {
		r.Close()
		t.Error("the repository says itself that it is safe")
	}
}

func TestErrors(t *testing.T) {
	isolate(t)
	dir := filepath.Join(t.TempDir(), "tree")
	newRepo(t, dir)
	r := open(t, dir)
	if _, err := r.Resolve(t.Context(), "nothing"); err == nil || err.Error() != `there is no commit "nothing"` {
		t.Errorf("%v", err)
	}
	_, err := r.Git(t.Context(), "rev-parse", "--verify", "nothing")
	failed, ok := errors.AsType[*Error](err)
	if !ok || failed.Command != "rev-parse" || err.Error() != "git rev-parse: Needed a single revision" {
		t.Errorf("%v", err)
	}
	if _, err := r.Resolve(t.Context(), "--help"); err == nil {
		t.Error("an option was taken for a revision")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	if _, err := r.Git(ctx, "log"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := Open(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "git is not installed") {
		t.Errorf("%v", err)
	}
}

// TestMuchOutput: a repository of somebody else cannot fill the memory.
func TestMuchOutput(t *testing.T) {
	isolate(t)
	dir := t.TempDir()
	newRepo(t, dir)
	large := filepath.Join(dir, "large")
	put(t, large, "", 0o644)
	r := open(t, dir)
	for _, size := range []int64{maxOutput, maxOutput + 1} {
		if err := os.Truncate(large, size); err != nil {
			t.Fatal(err)
		}
		plainGit(t, dir, "add", "large")
		text, err := r.Git(t.Context(), "cat-file", "blob", ":large")
		own, ownErr := Own{GitDir: filepath.Join(dir, ".git")}.Run(t.Context(), nil, "cat-file", "blob", ":large")
		if size == maxOutput {
			if err != nil || ownErr != nil || len(text) != maxOutput || len(own) != maxOutput {
				t.Errorf("%d bytes: %d, %v, %d, %v", size, len(text), err, len(own), ownErr)
			}
			continue
		}
		for _, err := range []error{err, ownErr} {
			if err == nil || err.Error() != "git cat-file: it prints more than 64 MiB" {
				t.Errorf("%d bytes: %v", size, err)
			}
		}
	}
}

func TestViewsOfKilledProcessesGo(t *testing.T) {
	isolate(t)
	dir := filepath.Join(t.TempDir(), "tree")
	newRepo(t, dir)
	old := filepath.Join(os.TempDir(), viewPrefix+"12345")
	if err := errors.Join(os.Mkdir(old, 0o700), os.Symlink(filepath.Join(dir, ".git/refs"), filepath.Join(old, "refs"))); err != nil {
		t.Fatal(err)
	}
	first, second := open(t, dir), open(t, dir)
	if _, err := os.Lstat(old); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	for _, r := range []*Repo{first, second} {
		if _, err := r.Resolve(t.Context(), "main"); err != nil {
			t.Error(err)
		}
	}
}

func TestDirectoriesLikeViewsStay(t *testing.T) {
	isolate(t)
	dir := filepath.Join(t.TempDir(), "tree")
	newRepo(t, dir)
	var precious []string
	for name, file := range map[string]string{
		viewPrefix + "work": "notes", viewPrefix + "1": "notes", viewPrefix + "2": "objects/pack/pack", viewPrefix + "3": "info/attributes", viewPrefix + "4": "info/exclude",
		viewPrefix + "5": "config/x", viewPrefix + "6.git": "config",
	} {
		file := filepath.Join(os.TempDir(), name, file)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
		precious = append(precious, file)
	}
	open(t, dir)
	for _, file := range precious {
		if _, err := os.Lstat(file); err != nil {
			t.Error(err)
		}
	}
}

func TestConfigText(t *testing.T) {
	for _, c := range []struct {
		settings []setting
		want     string
	}{
		{nil, "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"},
		{[]setting{{"core.bare", "false"}, {"core.worktree", "/x"}, {"core.fsmonitor", "true"}, {"core.autocrlf", "!sh"}}, "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"},
		{[]setting{{"extensions.objectformat", "sha256"}}, "[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tobjectformat = \"sha256\"\n"},
		{[]setting{{`remote.a"]` + "\\.url", "x\ny\"\\"}}, "[core]\n\trepositoryformatversion = 0\n\tbare = true\n[remote \"a\\\"]\\\\\"]\n\turl = \"x\\ny\\\"\\\\\"\n"},
		{[]setting{{"remote.a\nb.url", "x"}, {"remote.url", "x"}, {"remote.a.receivepack", "x"}}, "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"},
	} {
		if got := string(configText(c.settings)); got != c.want {
			t.Errorf("%v:\n%s", c.settings, got)
		}
	}
}

// TestPushThroughProc: git runs in another directory, where an address may lead
// to another repository than the one that was checked.
func TestPushThroughProc(t *testing.T) {
	isolate(t)
	outer := t.TempDir()
	dir, marker := filepath.Join(outer, "p"), filepath.Join(outer, "ran")
	commit := newRepo(t, dir)
	hostile := filepath.Join(dir, ".git", "x")
	plainGit(t, outer, "init", "-q", "--bare", hostile)
	put(t, filepath.Join(hostile, "hooks", "pre-receive"), "#!/bin/sh\ntouch "+marker+"\n", 0o755)
	put(t, filepath.Join(outer, "elsewhere", "file"), "", 0o644)
	put(t, filepath.Join(outer, "x"), "", 0o644)
	if err := errors.Join(os.Symlink(filepath.Join(outer, "elsewhere"), filepath.Join(dir, "objects")), os.Symlink("/proc/self/cwd", filepath.Join(outer, "cwd"))); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for _, address := range []string{
		"/proc/self/cwd/objects/../x", "file:///proc/self/cwd/objects/../x", "/proc/../proc/thread-self/cwd/objects/../x", filepath.Join(outer, "cwd") + "/objects/../x",
	} {
		put(t, filepath.Join(dir, ".git", "config"), "[core]\n\trepositoryformatversion = 0\n\tbare = false\n[remote \"origin\"]\n\turl = https://host.example/a/b\n\tpushurl = "+address+"\n", 0o644)
		r := open(t, dir)
		if _, err := r.Push(t.Context(), "origin", nil, commit+":refs/heads/x"); err == nil {
			t.Errorf("pushed to %s", address)
		}
		if _, err := os.Stat(marker); err == nil {
			t.Fatalf("a push to %s ran a hook of the repository", address)
		}
	}
	if err := errors.Join(os.Symlink("round", filepath.Join(outer, "about")), os.Symlink("about", filepath.Join(outer, "round"))); err != nil {
		t.Fatal(err)
	}
	if _, err := realPath(filepath.Join(outer, "round", "x")); !errors.Is(err, syscall.ELOOP) {
		t.Errorf("links in a circle: %v", err)
	}
	// git decodes the path of a URL.
	put(t, filepath.Join(outer, "%70", "x", "file"), "", 0o644)
	put(t, filepath.Join(dir, ".git", "config"), "[core]\n\trepositoryformatversion = 0\n\tbare = false\n[remote \"origin\"]\n\turl = file://"+outer+"/%70/.git/x\n", 0o644)
	if err := os.CopyFS(filepath.Join(outer, "%70", ".git", "x"), os.DirFS(hostile)); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, dir).Push(t.Context(), "origin", nil, commit+":refs/heads/x"); err == nil {
		t.Error("pushed to an encoded path")
	}
	if _, err := os.Stat(marker); err == nil {
		t.Fatal("a push to an encoded path ran a hook of the repository")
	}
}

// TestRelativeTemporaryDirectory: git runs in another directory than the program.
func TestRelativeTemporaryDirectory(t *testing.T) {
	isolate(t)
	top := filepath.Join(t.TempDir(), "main")
	commit := newRepo(t, top)
	t.Chdir(t.TempDir())
	if err := os.Mkdir("tmp", 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", "tmp")
	if got, err := open(t, top).Git(t.Context(), "rev-parse", "HEAD"); err != nil || got != commit {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestViewIsNotReplaced: a view is not in a directory in which everybody could replace
// it by one with another configuration.
func TestViewIsNotReplaced(t *testing.T) {
	isolate(t)
	top, temp := filepath.Join(t.TempDir(), "main"), t.TempDir()
	newRepo(t, top)
	t.Setenv("TMPDIR", temp)
	for mode, below := range map[os.FileMode]bool{0o755: true, 0o775: true, 0o777: false, 0o777 | os.ModeSticky: true} {
		if err := os.Chmod(temp, mode); err != nil {
			t.Fatal(err)
		}
		if dir := open(t, top).view.dir; (filepath.Dir(dir) == temp) != below {
			t.Errorf("%v: %s", mode, dir)
		}
	}
}
