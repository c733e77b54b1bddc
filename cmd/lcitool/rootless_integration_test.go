// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// rootlessAccount exists only during the test; an ordinary user who runs the tests needs
// none.
const rootlessAccount = "lcitool-rootless"

// TestRootless runs a workload as an ordinary user; files have the same owner inside and
// outside.
func TestRootless(t *testing.T) {
	room := newEngineRoom(t)
	account := ordinaryUser(t)
	home := filepath.Join(room.dir, "home")
	tree := filepath.Join(home, "tree")
	if err := os.MkdirAll(tree, 0o755); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(home, "lcitool") // the test binary is lcitool under this name
	copyFile(t, "/proc/self/exe", program, 0o755)
	tar := filepath.Join(home, "tiny.tar")
	if err := busyboxImage(tar); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(tree, "greeting"), "hello\n")
	writeFile(t, filepath.Join(home, "work.sh"), "#!/bin/sh\ncat datadir/greeting\nid -u\necho 42 > datadir/answer\nexit 6\n")
	writeFile(t, filepath.Join(home, ".config/containers/storage.conf"), "[storage]\ndriver = \"overlay\"\n")
	if err := os.Chmod(room.dir, 0o711); err != nil {
		t.Fatal(err)
	}
	// In a directory without a socket, because the user's own service has another store.
	runtime := filepath.Join(home, "runtime")
	if err := os.Mkdir(runtime, 0o700); err != nil {
		t.Fatal(err)
	}
	chownTree(t, home, account)

	do := func(args ...string) (string, error) {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = home
		cmd.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "USER=" + account.Username, "TMPDIR=" + home, "XDG_RUNTIME_DIR=" + runtime}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential(t, account)}
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		err := cmd.Run()
		return out.String(), err
	}
	t.Cleanup(func() { // what is below the home folder belongs to subordinate ids
		if out, err := do("podman", "system", "reset", "--force"); err != nil {
			t.Errorf("cannot clear the user's store: %v\n%s", err, out)
		}
	})
	if out, err := do("podman", "import", "--quiet", "--change", `CMD ["/bin/sh"]`, tar, "localhost/tiny:1"); err != nil {
		t.Fatalf("cannot import: %v\n%s", err, out)
	}
	t.Run("tree", func(t *testing.T) {
		rootlessTree(t, tree, account, func(args ...string) (string, error) { return do(append([]string{program}, args...)...) })
	})
	for _, who := range []string{account.Username, account.Uid} {
		out, err := do(program, "container", "run", "--user", who, "--script", "work.sh", "--workload-dir", "tree", "localhost/tiny:1")
		var exit *exec.ExitError
		if !asExit(err, &exit) || exit.ExitCode() != 6 {
			t.Fatalf("--user %s: %v\n%s", who, err, out)
		}
		if !strings.Contains(out, "hello\n"+account.Uid+"\n") {
			t.Errorf("--user %s: the workload said\n%s", who, out)
		}
		info, err := os.Stat(filepath.Join(tree, "answer"))
		if err != nil {
			t.Fatal(err)
		}
		if owner := info.Sys().(*syscall.Stat_t).Uid; strconv.Itoa(int(owner)) != account.Uid {
			t.Errorf("--user %s: its file belongs to %d, not to %s", who, owner, account.Uid)
		}
	}
}

// rootlessTree runs a workload with a writable and a read-only tree, both as the calling
// user.
func rootlessTree(t *testing.T, tree string, account *user.User, lcitool func(args ...string) (string, error)) {
	data := filepath.Join(tree, "ci/lcitool")
	writeFile(t, filepath.Join(data, "mappings.yml"), "mappings: {good: {default: good}, ca-certificates: {}, git: {}, locales: {}}\n")
	writeFile(t, filepath.Join(data, "projects/good.yml"), "packages: [good]\n")
	writeFile(t, filepath.Join(data, "targets/tiny-1.yml"), `os: {name: Tiny, version: '1'}
packaging: {format: apk, command: apk}
paths: {ccache: /bin/ccache, make: /bin/make, ninja: /bin/ninja, pip3: /bin/pip3, python: /bin/python3}
containers: {base: 'localhost/tiny:1'}
`)
	chownTree(t, tree, account)
	out, err := lcitool("run", "--network", "host", "--base-dir", tree, "-t", "tiny-1", "-p", "good", "--", "sh", "-c", "echo no > greeting; id -u; echo no > new && cat new")
	if err != nil || !strings.HasSuffix(out, account.Uid+"\nno\n") {
		t.Fatalf("%v\n%s", err, out)
	}
	if text, err := os.ReadFile(filepath.Join(tree, "greeting")); err != nil || string(text) != "hello\n" {
		t.Errorf("the tree was changed: %q, %v", text, err)
	}
	if out, err := lcitool("run", "--network", "host", "--base-dir", tree, "--writable", "-t", "tiny-1", "-p", "good", "--", "touch", "mine"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	info, err := os.Stat(filepath.Join(tree, "mine"))
	if err != nil {
		t.Fatal(err)
	}
	if owner := info.Sys().(*syscall.Stat_t).Uid; strconv.Itoa(int(owner)) != account.Uid {
		t.Errorf("its file belongs to %d, not to %s", owner, account.Uid)
	}
}

func ordinaryUser(t *testing.T) *user.User {
	t.Helper()
	if os.Getuid() != 0 {
		self, err := user.Current()
		if err != nil {
			t.Fatal(err)
		}
		return self
	}
	if _, err := user.Lookup(rootlessAccount); err != nil {
		if out, err := exec.Command("useradd", "--no-create-home", rootlessAccount).CombinedOutput(); err != nil {
			t.Fatalf("cannot make an ordinary user: %v\n%s", err, out)
		}
	}
	t.Cleanup(func() {
		_ = exec.Command("pkill", "-KILL", "-u", rootlessAccount).Run() // its podman service lingers
		for range 100 {                                                 // userdel refuses while the kernel still counts processes
			if exec.Command("userdel", rootlessAccount).Run() == nil {
				return
			}
		}
		t.Errorf("user %s stays behind", rootlessAccount)
	})
	account, err := user.Lookup(rootlessAccount)
	if err != nil {
		t.Fatal(err)
	}
	return account
}

func credential(t *testing.T, u *user.User) *syscall.Credential {
	t.Helper()
	var ids [2]uint32
	for i, text := range []string{u.Uid, u.Gid} {
		id, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = uint32(id)
	}
	return &syscall.Credential{Uid: ids[0], Gid: ids[1], NoSetGroups: os.Getuid() != 0}
}

func chownTree(t *testing.T, dir string, u *user.User) {
	t.Helper()
	out, err := exec.Command("chown", "-R", fmt.Sprintf("%s:%s", u.Uid, u.Gid), dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func copyFile(t *testing.T, from, to string, mode os.FileMode) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, mode)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

func asExit(err error, target **exec.ExitError) bool {
	e, ok := err.(*exec.ExitError) //nolint:errorlint // Run gives it bare
	*target = e
	return ok
}
