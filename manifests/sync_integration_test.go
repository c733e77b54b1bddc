// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package manifests

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"syscall"
	"testing"
)

// mount mounts a small file system. Only root can.
func mount(t *testing.T, dir, options string, flags uintptr) {
	t.Helper()
	if err := syscall.Mount("lcitool-test", dir, "tmpfs", flags, options); err != nil {
		t.Fatalf("cannot mount a tmpfs, which this test needs: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}

func TestAFullDiskLeavesTheOldTree(t *testing.T) {
	before, after := twoTrees(t)
	for _, inodes := range []bool{false, true} {
		tree, dir := mountedTree(t, "size=160k,nr_inodes=60")
		syncTree(t, tree, before)
		want := texts(t, dir)
		if inodes {
			fillInodes(t, dir)
		} else {
			fillBlocks(t, dir)
		}
		_, err := tree.Sync(t.Context(), after)
		if !errors.Is(err, syscall.ENOSPC) || !strings.HasPrefix(err.Error(), "cannot ") {
			t.Errorf("error is %v", err)
		}
		got := texts(t, dir)
		for name := range got {
			if strings.HasPrefix(name, "full") {
				delete(got, name)
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("tree is %v", got)
		}
	}
}

func mountedTree(t *testing.T, options string) (*Tree, string) {
	t.Helper()
	dir := t.TempDir()
	mount(t, dir, options, 0)
	tree, err := OpenTree(dir, "ci")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tree.Close(); err != nil {
			t.Error(err)
		}
	})
	return tree, dir
}

// fillBlocks leaves little more than a page free.
func fillBlocks(t *testing.T, dir string) {
	t.Helper()
	f, err := os.Create(dir + "/full")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(info.Size() - 8192); err != nil {
		t.Fatal(err)
	}
}

func fillInodes(t *testing.T, dir string) {
	t.Helper()
	var err error
	last := ""
	for i := 0; err == nil; i++ {
		last = dir + "/full" + strings.Repeat("x", i)
		err = os.Mkdir(last, 0o755)
	}
	if err := os.Remove(last[:len(last)-1]); err != nil {
		t.Fatal(err)
	}
}

func TestAReadOnlyTree(t *testing.T) {
	before, after := twoTrees(t)
	tree, dir := mountedTree(t, "size=4m")
	syncTree(t, tree, before)
	if err := syscall.Mount("lcitool-test", dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, "size=4m"); err != nil {
		t.Fatal(err)
	}
	if changes, err := tree.Compare(after); err != nil || changes[0].Action != Write {
		t.Errorf("a check: %v", err)
	}
	if _, err := tree.Sync(t.Context(), before); err != nil {
		t.Errorf("a run that has nothing to do: %v", err)
	}
	if _, err := tree.Sync(t.Context(), after); !errors.Is(err, syscall.EROFS) {
		t.Errorf("a run that has something to do: %v", err)
	}
	if got := texts(t, dir); !reflect.DeepEqual(got, wanted(before)) {
		t.Errorf("tree is %v", got)
	}
}
