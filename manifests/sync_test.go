// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// twoTrees returns the files of two manifests that have few files in common.
func twoTrees(t testing.TB) (before, after []File) {
	t.Helper()
	_, before = mustGenerate(t, head+"targets: {debian-12: x86_64, fedora-44: x86_64}\n")
	_, after = mustGenerate(t, strings.Replace(head, "project: p", "project: q", 1)+"targets: {debian-13: x86_64, fedora-44: x86_64}\n")
	return before, after
}

func texts(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := snapshot(t, dir)
	for name, text := range all {
		if strings.HasPrefix(text, "d") {
			delete(all, name)
		}
	}
	return all
}

func wanted(files []File) map[string]string {
	all := map[string]string{}
	for _, f := range files {
		all[f.Path] = "-rw-r--r-- " + string(f.Data)
	}
	return all
}

func TestSyncMakesTheTreeWhatThePlanSays(t *testing.T) {
	before, after := twoTrees(t)
	tree, dir := openTree(t)
	for _, files := range [][]File{before, after, before, nil} {
		syncTree(t, tree, files)
		if got := texts(t, dir); !reflect.DeepEqual(got, wanted(files)) {
			t.Fatalf("tree is %v", got)
		}
	}
}

func TestARunKilledAtAnyStepIsCompletedOrTakenBack(t *testing.T) {
	before, after := twoTrees(t)
	for _, lost := range []bool{false, true} {
		for stop := 0; ; stop++ {
			tree, dir := openTree(t)
			syncTree(t, tree, before)
			steps := killed(t, tree, after, stop)
			if steps < stop {
				break
			}
			want := wanted(after)
			if lost && stop < steps-2 { // the machine died too, and what was staged last is empty
				lose(t, dir)
				want = wanted(before)
			}
			if _, err := tree.Compare(after); !errors.Is(err, ErrUnfinished) {
				t.Fatalf("%d: error of a check is %v", stop, err)
			}
			if err := tree.recover(); err != nil {
				t.Fatalf("%d: %v", stop, err)
			}
			if got := texts(t, dir); !reflect.DeepEqual(got, want) {
				t.Fatalf("lost=%v, stopped at %d of %d: a mixture: %v", lost, stop, steps, slices.Sorted(keysOf(got)))
			}
			syncTree(t, tree, after)
			if got := texts(t, dir); !reflect.DeepEqual(got, wanted(after)) {
				t.Fatalf("%d: after another run: %v", stop, slices.Sorted(keysOf(got)))
			}
		}
	}
}

func keysOf(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// killed does the first steps of Sync and returns the total number of steps.
func killed(t *testing.T, tree *Tree, files []File, stop int) int {
	t.Helper()
	changes, err := tree.compare(files)
	if err != nil {
		t.Fatal(err)
	}
	changes = slices.DeleteFunc(changes, func(c Change) bool { return c.Action == Keep })
	steps, err := tree.prepare(changes)
	if err != nil {
		t.Fatal(err)
	}
	if err := tree.writeJournal(steps); err != nil {
		t.Fatal(err)
	}
	if err := tree.replay(steps[:min(stop, len(steps))]); err != nil {
		t.Fatal(err)
	}
	return len(steps)
}

// lose truncates the last new file that is still staged.
func lose(t *testing.T, dir string) {
	t.Helper()
	staged, err := filepath.Glob(filepath.Join(dir, "ci", stageName, "new-*"))
	if err != nil || len(staged) == 0 {
		t.Fatalf("nothing is staged: %v", err)
	}
	if err := os.Truncate(staged[len(staged)-1], 0); err != nil {
		t.Fatal(err)
	}
}

func TestARunKilledBeforeItsJournalLeavesTheOldTree(t *testing.T) {
	before, after := twoTrees(t)
	tree, dir := openTree(t)
	syncTree(t, tree, before)
	changes, err := tree.compare(after)
	if err != nil {
		t.Fatal(err)
	}
	changes = slices.DeleteFunc(changes, func(c Change) bool { return c.Action == Keep })
	if _, err := tree.prepare(changes); err != nil {
		t.Fatal(err)
	}
	if err := tree.recover(); err != nil {
		t.Fatal(err)
	}
	if got := texts(t, dir); !reflect.DeepEqual(got, wanted(before)) {
		t.Errorf("tree is %v", got)
	}
}

// TestAFailureWhileReplacingBringsTheOldTreeBack creates a directory in place of a rename's
// target.
func TestAFailureWhileReplacingBringsTheOldTreeBack(t *testing.T) {
	before, after := twoTrees(t)
	tree, dir := openTree(t)
	syncTree(t, tree, before)
	changes, err := tree.compare(after)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, dir, "ci/buildenv/debian-13.sh/in-the-way", "x")
	want := wanted(before)
	want["ci/buildenv/debian-13.sh/in-the-way"] = "-rw-r--r-- x"
	if err := tree.apply(changes); err == nil || !strings.Contains(err.Error(), "debian-13.sh: is a directory") {
		t.Errorf("error is %v", err)
	}
	if got := texts(t, dir); !reflect.DeepEqual(got, want) {
		t.Errorf("tree is %v", slices.Sorted(keysOf(got)))
	}
}

// TestAJournalFromElsewhereIsRefused has a journal that was committed to the project.
func TestAJournalFromElsewhereIsRefused(t *testing.T) {
	for name, s := range map[string]step{
		"deletes the user's":     {Path: "ci/manifest.yml"},
		"deletes a hand-written": {Path: "ci/containers/mine.Dockerfile"},
		"writes elsewhere":       {Path: "src/main.c", New: "ci/" + stageName + "/new-0"},
		"climbs":                 {Path: "ci/containers/../../src/x.Dockerfile", New: "ci/" + stageName + "/new-0"},
		"takes from elsewhere":   {Path: "ci/gitlab.yml", New: "src/main.c"},
		"brings back elsewhere":  {Path: "ci/gitlab.yml", Old: "src/main.c"},
	} {
		t.Run(name, func(t *testing.T) {
			tree, dir := openTree(t)
			for _, file := range []string{"ci/manifest.yml", "ci/containers/mine.Dockerfile", "src/main.c", "ci/gitlab.yml"} {
				writeFile(t, dir, file, "mine")
			}
			text, err := json.Marshal([]step{s})
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, dir, "ci/"+stageName+"/journal.json", string(text))
			want := snapshot(t, dir)
			_, err = tree.Sync(t.Context(), nil)
			if err == nil || !strings.Contains(err.Error(), "no run has written it") {
				t.Errorf("error is %v", err)
			}
			if got := snapshot(t, dir); !reflect.DeepEqual(got, want) {
				t.Errorf("tree is %v", got)
			}
		})
	}
}

// TestOwner: files keep their owner, and new ones get that of the project, if root runs.
func TestOwner(t *testing.T) {
	before, after := twoTrees(t)
	tree, dir := openTree(t)
	syncTree(t, tree, before)
	if os.Getuid() != 0 { // cannot give files away
		return
	}
	const user, other = 4242, 4243
	for _, f := range before {
		if err := os.Chown(filepath.Join(dir, f.Path), other, other); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(dir, user, user); err != nil {
		t.Fatal(err)
	}
	again, err := OpenTree(dir, "ci")
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	syncTree(t, again, after)
	old := wanted(before)
	for _, f := range after {
		want := user
		if _, there := old[f.Path]; there {
			want = other
		}
		if info, err := os.Lstat(filepath.Join(dir, f.Path)); err != nil || safefs.UID(info) != want {
			t.Errorf("%s belongs to %d, want %d, %v", f.Path, safefs.UID(info), want, err)
		}
	}
	empty := t.TempDir()
	if err := os.Chown(empty, user, user); err != nil {
		t.Fatal(err)
	}
	first, err := OpenTree(empty, "ci")
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	syncTree(t, first, after)
	if info, err := os.Lstat(filepath.Join(empty, "ci", "containers")); err != nil || safefs.UID(info) != user {
		t.Errorf("a new directory belongs to %d, %v", safefs.UID(info), err)
	}
}

// TestOwnerOfOurs: root gives away what it has created, and not what the owner of the
// project has put in its place.
func TestOwnerOfOurs(t *testing.T) {
	if os.Getuid() != 0 {
		return
	}
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	precious := filepath.Join(dir, "precious")
	if err := errors.Join(os.WriteFile(precious, []byte("text"), 0o600), os.Link(precious, filepath.Join(dir, "new")),
		os.MkdirAll(filepath.Join(dir, "full", "x"), 0o700), os.Mkdir(filepath.Join(dir, "other"), 0o700), os.Lchown(filepath.Join(dir, "other"), 4243, 4243),
		os.Mkdir(filepath.Join(dir, "made"), 0o700)); err != nil {
		t.Fatal(err)
	}
	user := &owner{4242, 4242}
	if err := user.create(root, "new", []byte("other"), 0o644); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a hard link was replaced: %v", err)
	}
	if err := user.create(root, "file", []byte("other"), 0o604); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"new", "full", "other", "made"} {
		user.chownDir(root, name)
	}
	for name, want := range map[string]int{"new": 0, "full": 0, "other": 4243, "made": 4242, "file": 4242} {
		info, err := os.Lstat(filepath.Join(dir, name))
		if err != nil || safefs.UID(info) != want || name == "file" && info.Mode() != 0o604 {
			t.Errorf("%s belongs to %d, want %d; %v, %v", name, safefs.UID(info), want, info.Mode(), err)
		}
	}
}

func TestTwoRunsAtOnceDoNotMix(t *testing.T) {
	before, after := twoTrees(t)
	_, dir := openTree(t)
	errs := make(chan error)
	const runs = 8
	for i := range runs {
		files := before
		if i%2 == 1 {
			files = after
		}
		go func() {
			tree, err := OpenTree(dir, "ci")
			if err == nil {
				_, err = tree.Sync(t.Context(), files)
				err = errors.Join(err, tree.Close())
			}
			errs <- err
		}()
	}
	for range runs {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	got := texts(t, dir)
	if !reflect.DeepEqual(got, wanted(before)) && !reflect.DeepEqual(got, wanted(after)) {
		t.Errorf("a mixture: %v", slices.Sorted(keysOf(got)))
	}
}

func TestSyncStopsWhenCancelled(t *testing.T) {
	before, after := twoTrees(t)
	tree, dir := openTree(t)
	syncTree(t, tree, before)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tree.Sync(ctx, after); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	if got := texts(t, dir); !reflect.DeepEqual(got, wanted(before)) {
		t.Errorf("tree is %v", slices.Sorted(keysOf(got)))
	}
}

func TestALinkOutOfTheProjectIsNotFollowed(t *testing.T) {
	before, _ := twoTrees(t)
	tree, dir := openTree(t)
	outside := t.TempDir()
	writeFile(t, outside, "x.Dockerfile", stale)
	if err := os.Mkdir(filepath.Join(dir, "ci"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "ci/containers")); err != nil {
		t.Fatal(err)
	}
	want := snapshot(t, outside)
	if _, err := tree.Sync(t.Context(), before); err == nil {
		t.Error("no error")
	}
	if got := snapshot(t, outside); !reflect.DeepEqual(got, want) {
		t.Errorf("outside there is %v", got)
	}
}

func TestAFailureLeavesNoNewFolders(t *testing.T) {
	before, _ := twoTrees(t)
	tree, dir := openTree(t)
	writeFile(t, dir, "ci/gitlab", "a file")
	want := snapshot(t, dir)
	if _, err := tree.Sync(t.Context(), before); err == nil {
		t.Error("no error")
	}
	if got := snapshot(t, dir); !reflect.DeepEqual(got, want) {
		t.Errorf("tree is %v", got)
	}
}
