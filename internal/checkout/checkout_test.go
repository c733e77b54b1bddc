// SPDX-License-Identifier: GPL-2.0-or-later

package checkout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// A developer is a repository with a working tree.
type developer struct {
	t   *testing.T
	dir string
}

func newDeveloper(t *testing.T) developer {
	t.Helper()
	d := developer{t, filepath.Join(t.TempDir(), "app")}
	if err := os.CopyFS(d.dir, os.DirFS(firstCommit.of(t))); err != nil {
		t.Fatal(err)
	}
	return d
}

// firstCommit is the repository that all developers begin with; TestMain removes it.
var firstCommit template

type template struct {
	once sync.Once
	dir  string
}

func (f *template) of(t *testing.T) string {
	t.Helper()
	f.once.Do(func() {
		dir, err := os.MkdirTemp("", "lcitool-test-")
		if err != nil {
			t.Fatal(err)
		}
		f.dir = dir
		d := developer{t, dir}
		d.write("README", "read me\n")
		d.git("init", "--quiet", "--initial-branch=main")
		d.git("remote", "add", "origin", "git@gitlab.com:team/app.git")
		d.commit("first")
	})
	return f.dir
}

func TestMain(m *testing.M) {
	status := m.Run()
	if firstCommit.dir != "" {
		_ = os.RemoveAll(firstCommit.dir)
	}
	os.Exit(status)
}

// git runs plain git, as a user does.
func (d developer) git(args ...string) string {
	d.t.Helper()
	return gitIn(d.t, d.dir, args...)
}

func gitIn(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := tryGit(dir, args...)
	if err != nil {
		t.Fatalf("git %s: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(out)
}

func tryGit(dir string, args ...string) (string, error) {
	cmd := exec.Command("git", append([]string{"-c", "user.name=Dev", "-c", "user.email=dev@example.com", "-c", "protocol.file.allow=always", "-c", "maintenance.auto=false", "-c", "init.templateDir="}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (d developer) write(name, text string) {
	d.t.Helper()
	file := filepath.Join(d.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		d.t.Fatal(err)
	}
}

func (d developer) remove(name string) {
	d.t.Helper()
	if err := os.RemoveAll(filepath.Join(d.dir, name)); err != nil {
		d.t.Fatal(err)
	}
}

func (d developer) commit(message string) string {
	d.t.Helper()
	d.git("add", "--all")
	d.git("commit", "--quiet", "--allow-empty", "--message", message)
	return d.git("rev-parse", "HEAD")
}

func (d developer) files() string {
	d.t.Helper()
	return listing(d.t, d.dir)
}

func listing(t *testing.T, dir string) string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(name)
		out = append(out, fmt.Sprintf("%s %x", strings.TrimPrefix(name, dir), data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, "\n")
}

// take makes a snapshot and checks that the developer's files are unchanged.
func (d developer) take(revision string) *Snapshot {
	d.t.Helper()
	s, err := Take(context.Background(), Source{Dir: d.dir, Revision: revision, Store: d.t.TempDir()})
	if err != nil {
		d.t.Fatal(err)
	}
	return s
}

// job returns what the job of a pipeline for the branch main sees.
func (d developer) job(s *Snapshot, change func(*Tree)) developer {
	d.t.Helper()
	t := Tree{Dir: filepath.Join(d.t.TempDir(), "app"), Depth: 20, Origin: "https://gitlab.com/team/app.git", Ref: "main", Pipeline: "1001"}
	if err := os.Mkdir(t.Dir, 0o755); err != nil {
		d.t.Fatal(err)
	}
	if change != nil {
		change(&t)
	}
	before := d.files()
	if err := s.Populate(context.Background(), t); err != nil {
		d.t.Fatal(err)
	}
	if d.files() != before {
		d.t.Error("the developer's directory has changed")
	}
	return developer{d.t, t.Dir}
}

func (d developer) names() []string {
	d.t.Helper()
	var out []string
	err := filepath.WalkDir(d.dir, func(name string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() && e.Name() == ".git" {
			return fs.SkipDir
		}
		if err == nil && !e.IsDir() && e.Name() != ".git" {
			out = append(out, strings.TrimPrefix(name, d.dir+"/"))
		}
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return out
}

func (d developer) wantNames(want ...string) {
	d.t.Helper()
	if got := d.names(); !slices.Equal(got, want) {
		d.t.Errorf("files %q, want %q", got, want)
	}
}

func TestClean(t *testing.T) {
	d := newDeveloper(t)
	head := d.git("rev-parse", "HEAD")
	s := d.take("")
	if s.Commit != head || s.Modified || s.Branch != "main" || s.Left != (Left{}) {
		t.Errorf("got %+v", s)
	}
	j := d.job(s, nil)
	if got := j.git("rev-parse", "HEAD"); got != head {
		t.Errorf("HEAD %s, want %s", got, head)
	}
	if out, err := tryGit(j.dir, "symbolic-ref", "HEAD"); err == nil {
		t.Errorf("HEAD is not detached: %s", out)
	}
	if got := j.git("status", "--short"); got != "" {
		t.Errorf("status: %s", got)
	}
	if got := j.git("for-each-ref", "--format=%(refname)"); got != "refs/pipelines/1001\nrefs/remotes/origin/main" {
		t.Errorf("references: %s", got)
	}
	if got := j.git("remote", "get-url", "origin"); got != "https://gitlab.com/team/app.git" {
		t.Errorf("origin: %s", got)
	}
	j.git("fsck", "--strict")
}

// TestOddDirectory: the name of the developer's directory may have any characters.
func TestOddDirectory(t *testing.T) {
	d := newDeveloper(t)
	odd := filepath.Join(filepath.Dir(d.dir), "a\nb\"c\\d:e,f #g")
	if err := os.Rename(d.dir, odd); err != nil {
		t.Fatal(err)
	}
	d.dir = odd
	d.write("README", "changed\n")
	s := d.take("")
	j := d.job(s, nil)
	if text, err := os.ReadFile(filepath.Join(j.dir, "README")); err != nil || string(text) != "changed\n" {
		t.Errorf("%q, %v", text, err)
	}
	j.git("fsck", "--strict")
}

// The job sees changes to tracked files and staged files, as after a push of them, and
// nothing else.
func TestUncommittedChanges(t *testing.T) {
	d := newDeveloper(t)
	d.write(".gitignore", "*.o\nbuild/\n")
	d.write("src/x.c", "int x;\n")
	d.write("n", "gone\n")
	d.write("file-or-dir", "file\n")
	d.commit("second\n\nSigned-off-by: Dev <dev@example.com>")
	d.write("src/x.c", "int x = 1;\n")
	d.write("staged.c", "new\n")
	d.git("add", "staged.c")
	d.write("staged.c", "newer\n")
	d.write("intended.c", "intended\n")
	d.git("add", "--intent-to-add", "intended.c")
	d.write("stray", "stray\n")
	d.write("src/y.o", "object\n")
	d.write("build/z", "built\n")
	d.remove("n")
	d.remove("file-or-dir")
	d.write("file-or-dir/below", "below\n")
	d.git("add", "file-or-dir/below")
	if err := os.Chmod(filepath.Join(d.dir, "README"), 0o755); err != nil {
		t.Fatal(err)
	}
	s := d.take("")
	if !s.Modified || s.Left != (Left{Untracked: 1, Ignored: 2}) {
		t.Errorf("modified %v, left %+v", s.Modified, s.Left)
	}
	j := d.job(s, nil)
	j.wantNames(".gitignore", "README", "file-or-dir/below", "intended.c", "src/x.c", "staged.c")
	if got := j.git("status", "--short", "--ignored"); got != "" {
		t.Errorf("the checkout is not clean: %s", got)
	}
	if got := j.git("log", "-1", "--format=%s|%an|%p"); got != "second|Dev|"+d.git("log", "-1", "--format=%p") {
		t.Errorf("the commit has another message, author or parent: %s", got)
	}
	if got := j.git("show", "HEAD:staged.c"); got != "newer" {
		t.Errorf("staged.c: %s", got)
	}
	if got := j.git("ls-tree", "HEAD", "README"); !strings.HasPrefix(got, "100755") {
		t.Errorf("README: %s", got)
	}
	if got := d.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)"); strings.Contains(got, s.Commit) {
		t.Error("the commit is in the developer's repository")
	}
	j = d.job(s, func(o *Tree) { o.Untracked = true })
	j.wantNames(".gitignore", "README", "build/z", "file-or-dir/below", "intended.c", "src/x.c", "src/y.o", "staged.c", "stray")
}

// TestEditedRightAfterCommit: a file that changes after the index was written, in the same
// second and to the same size, is a change.
func TestEditedRightAfterCommit(t *testing.T) {
	d := newDeveloper(t)
	file := filepath.Join(d.dir, "README")
	changed := func() int64 {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		return info.ModTime().Unix()
	}
	for number := range 20 { // until both are in one second; on a very slow machine they never are
		d.write("README", fmt.Sprintf("text %03d old\n", number))
		before := changed()
		d.commit("old")
		d.write("README", fmt.Sprintf("text %03d new\n", number))
		if changed() == before {
			break
		}
	}
	for time.Now().Unix() == changed() {
		time.Sleep(10 * time.Millisecond)
	}
	if s := d.take(""); !s.Modified {
		t.Error("the change was not seen")
	}
}

// TestSettingsOfTheUser: the user's settings apply to the working tree, not to the job's
// tree.
func TestSettingsOfTheUser(t *testing.T) {
	d := newDeveloper(t)
	d.write(".gitattributes", "*.bat eol=crlf\n")
	d.write("x.bat", "bat\n")
	d.write("run", "text\n")
	if err := os.Chmod(filepath.Join(d.dir, "run"), 0o755); err != nil {
		t.Fatal(err)
	}
	d.commit("scripts")
	home := t.TempDir()
	attributes := filepath.Join(home, "attributes")
	for name, settings := range map[string]string{
		"lines":      "[core]\n\tautocrlf = true\n\teol = crlf\n",
		"attributes": "[core]\n\tattributesFile = " + attributes + "\n",
		"index":      "[feature]\n\tmanyFiles = true\n[index]\n\tversion = 4\n\tskipHash = true\n[core]\n\tsplitIndex = true\n",
		"files":      "[core]\n\tfileMode = false\n\tsymlinks = false\n\tignoreCase = true\n",
	} {
		config := filepath.Join(home, "config")
		if err := errors.Join(os.WriteFile(config, []byte(settings), 0o600), os.WriteFile(attributes, []byte("* text eol=crlf\n"), 0o600)); err != nil {
			t.Fatal(err)
		}
		t.Setenv("GIT_CONFIG_GLOBAL", config)
		d.write("README", name+"\r\n")
		if err := os.Symlink("README", filepath.Join(d.dir, "link-"+name)); err != nil {
			t.Fatal(err)
		}
		d.git("add", "link-"+name)
		j := d.job(d.take(""), nil)
		want := name + "\r\n"
		if name == "lines" || name == "attributes" { // as git add does
			want = name + "\n"
		}
		for file, want := range map[string]string{"README": want, "x.bat": "bat\r\n", "run": "text\n"} {
			if data, err := os.ReadFile(filepath.Join(j.dir, file)); string(data) != want {
				t.Errorf("%s: %s is %q, want %q, %v", name, file, data, want, err)
			}
		}
		if info, err := os.Stat(filepath.Join(j.dir, "run")); err != nil || info.Mode().Perm() != 0o777 {
			t.Errorf("%s: run is %v, %v", name, info.Mode(), err)
		}
		if target, err := os.Readlink(filepath.Join(j.dir, "link-"+name)); target != "README" {
			t.Errorf("%s: link is %q, %v", name, target, err)
		}
		index, err := os.ReadFile(filepath.Join(j.dir, ".git/index"))
		if err != nil || len(index) < 30 || index[7] > 3 || slices.Equal(index[len(index)-20:], make([]byte, 20)) {
			t.Errorf("%s: the index has another format: %v, %x", name, err, index[:8])
		}
	}
}

// TestReplacedCommit ignores refs/replace, as a push does.
func TestReplacedCommit(t *testing.T) {
	d := newDeveloper(t)
	first := d.git("rev-parse", "HEAD")
	d.write("README", "second\n")
	d.commit("second")
	d.git("replace", "HEAD", first)
	s := d.take("HEAD")
	d.git("replace", "--delete", "HEAD")
	j := d.job(s, nil)
	if text, err := os.ReadFile(filepath.Join(j.dir, "README")); string(text) != "second\n" || s.Commit != d.git("rev-parse", "HEAD") {
		t.Errorf("README is %q, %v; commit %s", text, err, s.Commit)
	}
	d.git("replace", "HEAD", first)
	if s := d.take(""); s.Modified || s.tree != d.git("--no-replace-objects", "rev-parse", "HEAD^{tree}") {
		t.Errorf("modified %v, tree %s", s.Modified, s.tree)
	}
}

func TestModes(t *testing.T) {
	d := newDeveloper(t)
	d.write("tools/run", "#!/bin/sh\n")
	if err := os.Chmod(filepath.Join(d.dir, "tools/run"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("tools/run", filepath.Join(d.dir, "link")); err != nil {
		t.Fatal(err)
	}
	d.commit("modes")
	j := d.job(d.take(""), nil)
	for name, want := range map[string]string{
		".": "drwxrwxrwx", ".git": "drwxrwxrwx", "tools": "drwxrwxrwx", "tools/run": "-rwxrwxrwx", "README": "-rw-rw-rw-", ".git/config": "-rw-rw-rw-",
	} {
		info, err := os.Lstat(filepath.Join(j.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().String() != want {
			t.Errorf("%s: %s, want %s", name, info.Mode(), want)
		}
	}
	if got := j.git("status", "--short"); got != "" {
		t.Errorf("status: %s", got)
	}
}

func TestDepth(t *testing.T) {
	d := newDeveloper(t)
	d.git("tag", "--annotate", "v1.0", "--message", "one")
	d.git("branch", "side")
	for i := range 30 {
		d.write("n", fmt.Sprint(i))
		d.commit(fmt.Sprint("commit ", i))
		if i == 25 {
			d.git("tag", "--annotate", "v1.1", "--message", "two")
			d.git("tag", "light")
		}
	}
	s := d.take("")
	j := d.job(s, nil)
	if got := j.git("rev-list", "--count", "HEAD"); got != "20" {
		t.Errorf("%s commits, want 20", got)
	}
	if got := j.git("tag"); got != "light\nv1.1" {
		t.Errorf("tags: %s", got)
	}
	if got, want := j.git("describe"), d.git("describe"); got != want {
		t.Errorf("describe: %s, want %s", got, want)
	}
	if out, err := tryGit(d.job(s, func(o *Tree) { o.Depth = 3 }).dir, "describe", "--tags"); err == nil {
		t.Errorf("describe found a tag that is not in the history: %s", out)
	}
	for _, depth := range []int{20, 0} {
		if got := d.job(s, func(o *Tree) { o.Depth, o.Tags = depth, NoTags }).git("tag"); got != "" {
			t.Errorf("no tags, depth %d: %s", depth, got)
		}
	}
	if got, want := d.job(s, func(o *Tree) { o.Depth, o.Tags = 1, AllTags }).git("tag"), d.git("tag"); got != want || got == "" {
		t.Errorf("all tags: %s, want %s", got, want)
	}
	j = d.job(s, func(o *Tree) { o.Depth = 0 })
	if got := j.git("rev-list", "--count", "HEAD"); got != "31" {
		t.Errorf("%s commits, want 31", got)
	}
	if got := j.git("rev-parse", "--is-shallow-repository"); got != "false" {
		t.Errorf("shallow: %s", got)
	}
	j.git("fsck", "--strict")
}

// Depth counts generations, so a merge includes both parents.
func TestDepthOfMerges(t *testing.T) {
	d := newDeveloper(t)
	for i := range 5 {
		d.git("checkout", "--quiet", "-b", fmt.Sprint("topic", i))
		d.commit(fmt.Sprint("topic ", i))
		d.git("checkout", "--quiet", "main")
		d.commit(fmt.Sprint("main ", i))
		d.git("merge", "--quiet", "--no-ff", "--message", fmt.Sprint("merge ", i), fmt.Sprint("topic", i))
	}
	s := d.take("")
	for depth := 1; depth <= 12; depth++ {
		clone := filepath.Join(t.TempDir(), "clone")
		gitIn(t, t.TempDir(), "clone", "--quiet", fmt.Sprintf("--depth=%d", depth), "file://"+d.dir, clone)
		j := d.job(s, func(o *Tree) { o.Depth = depth })
		if got, want := j.git("rev-list", "--count", "HEAD"), gitIn(t, clone, "rev-list", "--count", "HEAD"); got != want {
			t.Errorf("depth %d: %s commits, git has %s", depth, got, want)
		}
		got, _ := os.ReadFile(filepath.Join(j.dir, ".git/shallow"))
		want, _ := os.ReadFile(filepath.Join(clone, ".git/shallow"))
		if a, b := slices.Sorted(strings.FieldsSeq(string(got))), slices.Sorted(strings.FieldsSeq(string(want))); !slices.Equal(a, b) {
			t.Errorf("depth %d: boundary %s, git has %s", depth, a, b)
		}
		j.git("fsck", "--strict")
	}
}

func TestStrategies(t *testing.T) {
	d := newDeveloper(t)
	s := d.take("")
	for _, strategy := range []string{None, Empty} {
		j := d.job(s, func(o *Tree) { o.Strategy = strategy })
		if entries, err := os.ReadDir(j.dir); err != nil || len(entries) != 0 {
			t.Errorf("%s: %v, %v", strategy, entries, err)
		}
	}
	j := d.job(s, func(o *Tree) { o.Strategy, o.NoCheckout = Clone, true })
	j.wantNames()
	if err := s.Populate(t.Context(), Tree{Dir: t.TempDir(), Strategy: "fech"}); err == nil || !strings.Contains(err.Error(), `unknown GIT_STRATEGY "fech"`) {
		t.Errorf("got %v", err)
	}
}

func TestRevision(t *testing.T) {
	d := newDeveloper(t)
	first := d.git("rev-parse", "HEAD")
	d.write("later", "later\n")
	d.commit("later")
	d.write("README", "changed\n")
	s := d.take(first[:10])
	if s.Commit != first || s.Modified {
		t.Errorf("got %+v", s)
	}
	d.job(s, nil).wantNames("README")
	_, err := Take(t.Context(), Source{Dir: d.dir, Revision: "--output=x", Store: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), `cannot check out "--output=x"`) {
		t.Errorf("got %v", err)
	}
}

// A fetch from origin works without network: a copy answers it.
func TestOrigin(t *testing.T) {
	d := newDeveloper(t)
	d.git("branch", "side")
	d.commit("on main")
	d.write("README", "changed\n")
	s := d.take("")
	o := Tree{Ref: "main", Pipeline: "7"}
	origin := filepath.Join(t.TempDir(), "origin.git")
	if err := s.Origin(t.Context(), origin, o); err != nil {
		t.Fatal(err)
	}
	j := d.job(s, func(o *Tree) { o.Depth = 1 })
	insteadOf := "url." + origin + ".insteadOf=https://gitlab.com/team/app.git"
	j.git("-c", insteadOf, "fetch", "--quiet", "origin", "side")
	if got, want := j.git("rev-parse", "FETCH_HEAD"), d.git("rev-parse", "side"); got != want {
		t.Errorf("side is %s, want %s", got, want)
	}
	j.git("-c", insteadOf, "fetch", "--quiet", "--unshallow", "origin", "main")
	if got := j.git("rev-parse", "FETCH_HEAD"); got != s.Commit {
		t.Errorf("main is %s, want %s", got, s.Commit)
	}
	if got := j.git("rev-list", "--count", "HEAD"); got != "2" {
		t.Errorf("%s commits, want 2", got)
	}
}

func TestNoHistory(t *testing.T) {
	t.Run("before the first commit", func(t *testing.T) {
		d := developer{t, t.TempDir()}
		d.git("init", "--quiet", "--initial-branch=main")
		d.write("staged", "x")
		d.git("add", "staged")
		d.write("stray", "x")
		s := d.take("")
		d.job(s, nil).wantNames("staged")
		if s.Left.Untracked != 1 {
			t.Errorf("left %+v", s.Left)
		}
	})
	t.Run("no repository", func(t *testing.T) {
		d := developer{t, t.TempDir()}
		d.write("a/b", "x")
		j := d.job(d.take(""), nil)
		j.wantNames("a/b")
		if got := j.git("log", "--format=%s"); got != messageOfFirst {
			t.Errorf("log: %s", got)
		}
	})
	t.Run("below the top", func(t *testing.T) {
		d := newDeveloper(t)
		d.write("examples/hello/main.c", "int x;\n")
		d.commit("example")
		d.write("examples/hello/main.c", "int y;\n")
		d.write("examples/hello/stray", "x")
		d.write("stray", "x")
		below := developer{t, filepath.Join(d.dir, "examples/hello")}
		s := below.take("")
		if s.Left.Untracked != 1 {
			t.Errorf("left %+v", s.Left)
		}
		j := below.job(s, func(o *Tree) { o.Untracked = true })
		j.wantNames("main.c", "stray")
		if got := j.git("show", "HEAD:main.c"); got != "int y;" {
			t.Errorf("main.c: %s", got)
		}
	})
}

func TestConflict(t *testing.T) {
	d := newDeveloper(t)
	d.git("checkout", "--quiet", "-b", "other")
	d.write("README", "theirs\n")
	d.commit("theirs")
	d.git("checkout", "--quiet", "main")
	d.write("README", "ours\n")
	d.commit("ours")
	if out, err := tryGit(d.dir, "merge", "other"); err == nil {
		t.Fatalf("no conflict: %s", out)
	}
	_, err := Take(t.Context(), Source{Dir: d.dir, Store: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "merge conflicts") {
		t.Errorf("got %v", err)
	}
}

func TestWorktree(t *testing.T) {
	d := newDeveloper(t)
	other := filepath.Join(t.TempDir(), "other")
	d.git("worktree", "add", "--quiet", "-b", "topic", other)
	w := developer{t, other}
	w.write("README", "in the work tree\n")
	s := w.take("")
	if s.Branch != "topic" || !s.Modified {
		t.Errorf("got %+v", s)
	}
	if got := w.job(s, nil).git("show", "HEAD:README"); got != "in the work tree" {
		t.Errorf("README: %s", got)
	}
}

func TestSubmodules(t *testing.T) {
	inner, outer := newDeveloper(t), newDeveloper(t)
	inner.write("lib.c", "lib\n")
	inner.commit("lib")
	outer.git("submodule", "--quiet", "add", inner.dir, "deps/inner")
	outer.git("config", "--file", ".gitmodules", "submodule.deps/inner.url", "../inner.git")
	outer.commit("inner")
	d := newDeveloper(t)
	d.git("submodule", "--quiet", "add", outer.dir, "outer")
	gitIn(t, filepath.Join(d.dir, "outer"), "config", "submodule.deps/inner.url", inner.dir)
	gitIn(t, filepath.Join(d.dir, "outer"), "submodule", "--quiet", "update", "--init")
	d.git("config", "--file", ".gitmodules", "submodule.outer.url", "../outer.git")
	d.commit("outer")
	s := d.take("")
	if s.Modified {
		t.Error("a clean tree counts as modified")
	}
	d.job(s, nil).wantNames(".gitmodules", "README")
	d.job(s, func(o *Tree) { o.Submodules = Submodules{Enabled: true, Depth: 20} }).wantNames(".gitmodules", "README", "outer/.gitmodules", "outer/README")
	j := d.job(s, func(o *Tree) { o.Submodules = Submodules{Enabled: true, Recursive: true, Depth: 1} })
	j.wantNames(".gitmodules", "README", "outer/.gitmodules", "outer/README", "outer/deps/inner/README", "outer/deps/inner/lib.c")
	if got := j.git("submodule", "status", "--recursive"); strings.ContainsAny(got[:1], "-+U") {
		t.Errorf("status: %s", got)
	}
	if got := gitIn(t, filepath.Join(j.dir, "outer"), "remote", "get-url", "origin"); got != "https://gitlab.com/team/outer.git" {
		t.Errorf("origin of the submodule: %s", got)
	}
	if got := j.git("status", "--short"); got != "" {
		t.Errorf("status: %s", got)
	}
	for paths, want := range map[string]bool{"outer": true, "README": true, "READ*": true, ":!nosuch": true, "nosuch": false, "outer nosuch": false, "outer/deps": false} {
		o := Submodules{Enabled: true, Paths: strings.Fields(paths)}
		if err := s.Populate(t.Context(), Tree{Dir: t.TempDir(), Ref: "main", Submodules: o}); (err == nil) != want {
			t.Errorf("paths %s: %v", paths, err)
		}
	}
	gitIn(t, filepath.Join(d.dir, "outer"), "commit", "--quiet", "--allow-empty", "--message", "more")
	if s = d.take(""); !s.Modified {
		t.Error("a submodule at another commit is no change")
	}
	d.git("submodule", "--quiet", "deinit", "--force", "outer")
	err := d.take("").Populate(t.Context(), Tree{Dir: t.TempDir(), Submodules: Submodules{Enabled: true}})
	if err == nil || !strings.Contains(err.Error(), `submodule "outer": it is not checked out`) {
		t.Errorf("got %v", err)
	}
}

// TestSubmoduleBehindALink: a link of the working tree leads to no repository of
// somebody else.
func TestSubmoduleBehindALink(t *testing.T) {
	private := newDeveloper(t)
	private.write("secret", "secret\n")
	secret := private.commit("secret")
	for name, known := range map[string]bool{"sub": true, "deps/sub": false} {
		inner, d := newDeveloper(t), newDeveloper(t)
		d.git("submodule", "--quiet", "add", inner.dir, name)
		d.commit("sub")
		if known {
			d.git("update-index", "--cacheinfo", "160000,"+secret+","+name)
			d.git("commit", "--quiet", "--message", "a commit of another repository")
		}
		d.remove(strings.Split(name, "/")[0])
		link, to := name, private.dir
		if name != "sub" {
			if err := os.Symlink(private.dir, filepath.Join(filepath.Dir(private.dir), "sub")); err != nil {
				t.Fatal(err)
			}
			link, to = "deps", filepath.Dir(private.dir)
		}
		if err := os.Symlink(to, filepath.Join(d.dir, link)); err != nil {
			t.Fatal(err)
		}
		for _, revision := range []string{"", "HEAD"} {
			s, err := Take(t.Context(), Source{Dir: d.dir, Revision: revision, Store: t.TempDir()})
			if err != nil {
				continue
			}
			dir := t.TempDir()
			err = s.Populate(t.Context(), Tree{Dir: dir, Ref: "main", Submodules: Submodules{Enabled: true}})
			if text, readErr := safefs.ReadFileIn(dir, name+"/secret", 100); readErr == nil { // the link itself is no harm
				t.Errorf("%s at %q: %q, %v", name, revision, text, err)
			}
		}
	}
}

// Nothing that a repository or its submodule configures is run.
func TestHostile(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "ran")
	program := filepath.Join(t.TempDir(), "evil")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho \"$@\" >> "+mark+"\nexit 0\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	inner, d := newDeveloper(t), newDeveloper(t)
	d.git("submodule", "--quiet", "add", inner.dir, "sub")
	d.write(".gitattributes", "* filter=evil diff=evil merge=evil\n")
	d.write("sub/.gitattributes", "* filter=evil\n")
	d.commit("attributes")
	for _, dir := range []string{d.dir, filepath.Join(d.dir, "sub")} {
		for _, key := range []string{
			"core.fsmonitor", "core.sshCommand", "core.pager", "gpg.program", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process",
			"diff.evil.textconv", "diff.external", "core.alternateRefsCommand", "uploadpack.packObjectsHook", "credential.helper",
		} {
			gitIn(t, dir, "config", key, program)
		}
	}
	hooks := filepath.Join(d.dir, ".git/hooks")
	for _, hook := range []string{"post-checkout", "post-index-change", "reference-transaction", "pre-commit"} {
		if err := os.MkdirAll(hooks, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(program, filepath.Join(hooks, hook)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(mark); err != nil {
		t.Fatal(err)
	}
	d.write("README", "changed\n")
	d.write("sub/README", "changed\n")
	s := d.take("")
	d.job(s, func(o *Tree) { o.Submodules = Submodules{Enabled: true, Recursive: true}; o.Untracked = true })
	if err := s.Origin(t.Context(), filepath.Join(t.TempDir(), "o"), Tree{Ref: "main"}); err != nil {
		t.Fatal(err)
	}
	if ran, err := os.ReadFile(mark); err == nil {
		t.Errorf("a program of the repository ran: %s", ran)
	}
}

// TestOddFiles has files that never end, or links to files elsewhere, where git would read
// them.
func TestOddFiles(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("private\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	fifo := func(file string) error { return syscall.Mkfifo(file, 0o600) }
	link := func(to string) func(string) error { return func(file string) error { return os.Symlink(to, file) } }
	sparse := func(file string) error { return errors.Join(os.WriteFile(file, nil, 0o600), os.Truncate(file, 1<<40)) }
	for _, name := range []string{".git/index", ".git/info/exclude", ".git/sharedindex.0123456789012345678901234567890123456789", ".git/shallow"} {
		for kind, put := range map[string]func(string) error{"fifo": fifo, "device": link("/dev/zero"), "link": link(secret), "large": sparse} {
			d := newDeveloper(t)
			file := filepath.Join(d.dir, name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.RemoveAll(file), put(file)); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			_, err := Take(t.Context(), Source{Dir: d.dir, Store: t.TempDir()})
			if err == nil || !strings.Contains(err.Error(), filepath.Base(name)) || strings.Contains(err.Error(), "private") {
				t.Errorf("%s as %s: %v", name, kind, err)
			}
			if took := time.Since(began); took > time.Minute {
				t.Errorf("%s as %s took %s", name, kind, took)
			}
		}
	}
}

func TestOddFilesOfTheTree(t *testing.T) {
	for _, repository := range []bool{true, false} {
		for _, name := range []string{"sub/.gitignore", "sub/.gitattributes", ".gitmodules"} {
			d := newDeveloper(t)
			d.write("sub/file", "1\n")
			d.commit("second")
			d.write("sub/file", "2\n")
			if !repository {
				if err := os.RemoveAll(filepath.Join(d.dir, ".git")); err != nil {
					t.Fatal(err)
				}
			}
			if err := syscall.Mkfifo(filepath.Join(d.dir, name), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Take(t.Context(), Source{Dir: d.dir, Store: t.TempDir()})
			if !errors.Is(err, safefs.ErrNotRegular) || !strings.Contains(err.Error(), name) {
				t.Errorf("%s, repository %v: %v", name, repository, err)
			}
		}
	}
	for _, name := range []string{"config", "HEAD", "refs/heads/main", "packed-refs"} {
		inner, d := newDeveloper(t), newDeveloper(t)
		d.git("submodule", "--quiet", "add", inner.dir, "sub")
		d.commit("submodule")
		file := filepath.Join(d.dir, "sub", ".git")
		if err := errors.Join(os.RemoveAll(file), os.Rename(filepath.Join(inner.dir, ".git"), file)); err != nil {
			t.Fatal(err)
		}
		file = filepath.Join(file, name)
		if err := errors.Join(os.RemoveAll(file), syscall.Mkfifo(file, 0o600)); err != nil {
			t.Fatal(err)
		}
		if _, err := Take(t.Context(), Source{Dir: d.dir, Store: t.TempDir()}); !errors.Is(err, safefs.ErrNotRegular) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s of a submodule: %v", name, err)
		}
	}
	d := newDeveloper(t)
	for _, name := range []string{"a/.gitignore", "a/.gitattributes", "b/.gitignore/x"} {
		file := filepath.Join(d.dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.Symlink("/dev/zero", file)); err != nil {
			t.Fatal(err)
		}
	}
	d.take("") // git follows none of them
}
