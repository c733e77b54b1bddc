// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/mod/semver"
)

// An engineRoom is a podman that shares nothing with the machine's podman and is removed
// with the test.
type engineRoom struct {
	dir string // short, since sockets live below it
}

func newEngineRoom(t *testing.T) *engineRoom {
	t.Helper()
	out, err := exec.Command("podman", "--version").CombinedOutput()
	if err != nil {
		t.Fatalf("podman must be there, ci/host-setup installs it: %v %s", err, out)
	}
	t.Logf("%s", bytes.TrimSpace(out))
	dir, err := os.MkdirTemp("", "lc")
	if err != nil {
		t.Fatal(err)
	}
	room := &engineRoom{dir: dir}
	t.Cleanup(func() { room.clear(t) })
	for _, sub := range []string{"graph", "run", "xdg", "tmp", "data", "home"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	conf := fmt.Sprintf("[storage]\ndriver = \"overlay\"\ngraphroot = %q\nrunroot = %q\n", room.path("graph"), room.path("run"))
	if err := os.WriteFile(room.path("storage.conf"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	return room
}

func (r *engineRoom) path(name string) string { return filepath.Join(r.dir, name) }

func (r *engineRoom) env() []string {
	return []string{
		"CONTAINERS_STORAGE_CONF=" + r.path("storage.conf"),
		"XDG_DATA_HOME=" + r.path("data"), // where an ordinary user's store is, whatever storage.conf says
		"XDG_RUNTIME_DIR=" + r.path("xdg"),
		"HOME=" + r.path("home"),
		"TMPDIR=" + r.path("tmp"),
	}
}

func (r *engineRoom) podman(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.Command("podman", args...)
	cmd.Env = append(os.Environ(), r.env()...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("podman %s: %v\n%s", args[0], err, out)
	}
}

func (r *engineRoom) clear(t *testing.T) {
	cmd := exec.Command("podman", "rm", "--all", "--force", "--time", "0")
	cmd.Env = append(os.Environ(), r.env()...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("cannot remove containers: %v\n%s", err, out)
	}
	// Each volume has one of the 2,048 locks that this user's podman has for all stores, and
	// keeps it if only the store is removed.
	cmd = exec.Command("podman", "volume", "rm", "--all", "--force")
	cmd.Env = append(os.Environ(), r.env()...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Logf("cannot remove volumes: %v\n%s", err, out)
	}
	// The conmon of an exec waits five minutes and then calls podman, which would create the
	// removed store again.
	for _, pid := range append(r.processes("conmon"), r.processes("cleanup")...) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	for _, pid := range r.services() {
		if err := syscall.Kill(pid, syscall.SIGTERM); err == nil {
			waitGone(pid)
		}
	}
	mounts := r.mounts(t) // podman mounts its store on itself
	for i := len(mounts) - 1; i >= 0; i-- {
		_ = syscall.Unmount(mounts[i], syscall.MNT_DETACH)
	}
	err := os.RemoveAll(r.dir)
	if os.IsPermission(err) { // files of an ordinary user's subordinate ids
		err = exec.Command("podman", "unshare", "rm", "-rf", r.dir).Run()
	}
	if err != nil {
		t.Errorf("something is left: %v", err)
	}
}

// services returns the processes with a socket of the room in their arguments.
func (r *engineRoom) services() []int { return r.processes("unix://" + r.dir) }

// processes returns those whose command line has the room's directory and word.
func (r *engineRoom) processes(word string) []int {
	var pids []int
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(line, []byte(r.dir+"/")) || !bytes.Contains(line, []byte(word)) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil && pid != os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids
}

// mounts returns the mount points below the room, outer ones first.
func (r *engineRoom) mounts(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Error(err)
	}
	var points []string
	for line := range strings.Lines(string(data)) {
		if fields := strings.Fields(line); len(fields) > 4 && strings.HasPrefix(fields[4], r.dir+"/") {
			points = append(points, fields[4])
		}
	}
	return points
}

// waitGone returns when the process has ended: then its pidfd becomes readable.
func waitGone(pid int) {
	process, err := os.FindProcess(pid)
	if err != nil {
		return
	}
	_, _ = process.Wait() // an error for a process that is not our child; the socket tells then
	_ = exec.Command("tail", "--pid="+strconv.Itoa(pid), "-f", "/dev/null").Run()
}

func engineParams(t *testing.T, room *engineRoom, dir string, env ...string) testscript.Params {
	t.Helper()
	hello, err := filepath.Abs("../../examples/hello")
	if err != nil {
		t.Fatal(err)
	}
	return testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Vars = append(e.Vars, room.env()...)
			e.Vars = append(e.Vars, "HELLO="+hello)
			e.Vars = append(e.Vars, env...)
			return os.Mkdir(filepath.Join(e.WorkDir, "home"), 0o755)
		},
		Condition: func(name string) (bool, error) {
			switch name {
			case "oldbuilder":
				return oldBuilder()
			case "root":
				return os.Getuid() == 0, nil
			case "memory", "cpu": // a machine need not have these controllers, or give them to its users
				return room.controls(t, name), nil
			case "cores":
				return keepsCores()
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
	}
}

// keepsCores reports whether a process that crashes in a busybox container leaves a core.
func keepsCores() (bool, error) {
	pattern, err := os.ReadFile("/proc/sys/kernel/core_pattern")
	if err != nil {
		return false, err
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_CORE, &limit); err != nil {
		return false, err
	}
	name := strings.TrimSpace(string(pattern))
	dirs := []string{"/", "/tmp", "/root", "/home", "/etc", "/bin"} // of the image
	inDir := !filepath.IsAbs(name) || slices.Contains(dirs, filepath.Dir(name))
	return limit.Max > 0 && name != "" && name[0] != '|' && inDir, nil
}

// oldBuilder reports whether a build step can reach the host by a bind mount.
func oldBuilder() (bool, error) {
	out, err := exec.Command("podman", "info", "--format", "{{.Host.BuildahVersion}}").Output()
	if err != nil {
		return false, err
	}
	return semver.Compare("v"+strings.TrimSpace(string(out)), "v1.35.1") < 0, nil
}

// TestMainJob builds the example's image from the distribution's mirror and runs its build
// and tests in it. Then, on the same base images, it runs real projects and the statistics
// suite.
func TestMainJob(t *testing.T) {
	t.Parallel()
	room := newEngineRoom(t)
	t.Run("targets", func(t *testing.T) {
		for _, target := range []string{"debian-12", "debian-13"} {
			t.Run(target, func(t *testing.T) {
				t.Parallel()
				testscript.Run(t, engineParams(t, room, "testdata/hello", "TARGET="+target))
			})
		}
	})
	t.Run("images", func(t *testing.T) {
		t.Run("statistics", func(t *testing.T) {
			t.Parallel()
			testStatistics(t, room.withImages(t, "docker.io/library/debian:12-slim", "docker.io/library/debian:13-slim"))
		})
		t.Run("updates", func(t *testing.T) { // it counts the images of its room
			t.Parallel()
			testscript.Run(t, engineParams(t, room.withImages(t, "docker.io/library/debian:12-slim"), "testdata/updates"))
		})
		t.Run("scripts", func(t *testing.T) {
			t.Parallel()
			t.Run("layers", func(t *testing.T) { testscript.Run(t, engineParams(t, room, "testdata/layers")) })
			t.Run("projects", func(t *testing.T) { testRealProjects(t, room) })
		})
	})
}

func (r *engineRoom) withImages(t *testing.T, images ...string) *engineRoom {
	t.Helper()
	room := newEngineRoom(t)
	archive := room.path("images.tar")
	r.podman(t, append([]string{"save", "--quiet", "--multi-image-archive", "--output", archive}, images...)...)
	room.podman(t, "load", "--quiet", "--input", archive)
	if err := os.Remove(archive); err != nil {
		t.Error(err)
	}
	return room
}

// TestEngineScripts runs the scripts of commands that need an engine, in busybox images.
// Each script has its own room, because runs remove leftovers and some scripts count them.
func TestEngineScripts(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob("testdata/engine/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("scripts %v, %v", scripts, err)
	}
	for _, script := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(script), ".txtar"), func(t *testing.T) {
			room := newEngineRoom(t)
			room.importTiny(t, "localhost/tiny:1")
			room.importTiny(t, "localhost/tiny:3", "ENV BASE=three")
			params := engineParams(t, room, "")
			params.Files = []string{script}
			t.Run("script", func(t *testing.T) { testscript.Run(t, params) })
		})
	}
}

func (r *engineRoom) controls(t *testing.T, resource string) bool {
	t.Helper()
	cmd := exec.Command("podman", "info", "--format", "{{.Host.CgroupControllers}}")
	cmd.Env = append(os.Environ(), r.env()...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("podman info: %v", err)
	}
	return slices.Contains(strings.Fields(strings.Trim(string(out), "[]\n")), resource)
}

func (r *engineRoom) importTiny(t *testing.T, reference string, changes ...string) {
	t.Helper()
	tar := r.path("busybox.tar")
	if err := busyboxImage(tar); err != nil {
		t.Fatal(err)
	}
	args := []string{"import", "--change", `CMD ["/bin/sh"]`}
	for _, change := range changes {
		args = append(args, "--change", change)
	}
	r.podman(t, append(args, tar, reference)...)
}

// busyboxImage writes a root file system with busybox, its applets, two accounts, and an apk
// that logs its calls and cannot install "bad".
func busyboxImage(tar string) error {
	script := `set -e
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/bin "$root"/etc "$root"/tmp "$root"/root "$root"/home
cp "$(command -v busybox)" "$root"/bin/busybox
for applet in $("$root"/bin/busybox --list | grep -vx busybox); do ln -sf busybox "$root"/bin/"$applet"; done
printf '#!/bin/sh\ncase "$*" in *bad*) exit 7;; *net*) ls /sys/class/net > /net;; list*) echo of apk "$@";; esac\necho "$@" >> /log\n' > "$root"/bin/apk
chmod +x "$root"/bin/apk
echo 'root:x:0:0::/root:/bin/sh' > "$root"/etc/passwd
echo 'guest:x:1234:1234::/home/guest:/bin/sh' >> "$root"/etc/passwd
printf 'root:x:0:\nguest:x:1234:\n' > "$root"/etc/group
tar -C "$root" -cf "$1" .
`
	out, err := exec.Command("sh", "-c", script, "sh", tar).CombinedOutput()
	if err != nil {
		return fmt.Errorf("cannot make an image of busybox: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}
