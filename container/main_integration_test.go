// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package container

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/containers/podman/v4/pkg/bindings/containers"
	"golang.org/x/sys/unix"

	"gitlab.com/lcitool/lcitool/container/api"
)

// base is the tests' base image: a static busybox.
const base = "localhost/busybox:1"

var onBase = api.ContainerOptions{Image: base, Network: api.NetworkNone}

// world is a podman of the tests: storage, configuration and sockets are in one directory.
type world struct {
	dir string
	env []string
}

// here is one store for the whole binary: creating one takes longer than most tests.
var here world

func TestMain(m *testing.M) {
	if what := os.Getenv("CONTAINER_TEST_CHILD"); what != "" {
		os.Exit(child(what))
	}
	code, err := runTests(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "cannot run integration tests:", err)
		code = 1
	}
	os.Exit(code)
}

func runTests(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("/tmp", "lct") // short: sockets lie in it
	if err != nil {
		return 1, err
	}
	here = world{dir: dir}
	if err := here.configure(); err != nil {
		return 1, err
	}
	defer here.destroy()
	version, err := exec.Command("podman", "--version").Output()
	if err != nil {
		return 1, err
	}
	fmt.Printf("%s", version)
	e, err := Connect(context.Background(), here.options())
	if err != nil {
		return 1, err
	}
	if err := importBusybox(e); err != nil {
		return 1, err
	}
	code := m.Run()
	if left, err := leftovers(e); err != nil || len(left) > 0 {
		return 1, fmt.Errorf("left behind: %v %w", left, err)
	}
	return code, nil
}

// child is another client of the same podman, which a test kills.
func child(what string) int {
	here = world{dir: os.Getenv("CONTAINER_TEST_DIR"), env: os.Environ()}
	e, err := Connect(context.Background(), here.options())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if what == "shell" || what == "session shell" {
		if err = childShell(e, what); api.Status(err) == 125 {
			fmt.Fprintln(os.Stderr, err)
		}
		return api.Status(err)
	}
	if what == "session" || what == "keep" {
		fmt.Fprintln(os.Stderr, childSession(e, what == "keep"))
		return 1
	}
	if what == "build" {
		_, err = e.Build(context.Background(), api.BuildOptions{
			Tag: "test.child", Dockerfile: dockerfile("RUN echo rea''dy; sleep 3000"), Network: api.NetworkNone, Log: os.Stdout,
		})
	} else {
		_, err = e.Run(context.Background(), api.RunOptions{ContainerOptions: api.ContainerOptions{Image: base, User: "inside", Network: api.NetworkNone}, Command: sh("echo ready; sleep 3000"), Stdout: os.Stdout})
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// childShell runs a shell in a container, or as a command in a session.
func childShell(e *Engine, what string) error {
	ctx := context.Background()
	if what == "shell" {
		_, err := e.Shell(ctx, api.RunOptions{ContainerOptions: onBase, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr})
		return err
	}
	c, err := e.Start(ctx, api.StartOptions{ContainerOptions: onBase})
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, api.ExecOptions{Command: []string{"sh"}, TTY: true, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr})
	return errors.Join(err, c.Remove(ctx))
}

// childSession starts a session, writes to its tree and waits to be killed.
func childSession(e *Engine, keep bool) error {
	ctx := context.Background()
	c, err := e.Start(ctx, api.StartOptions{ContainerOptions: api.ContainerOptions{Image: base, Network: api.NetworkNone, Mounts: []api.Mount{{Source: here.dir + "/tmp", Target: "/tree", Overlay: true}}}})
	if err == nil {
		_, err = c.Exec(ctx, api.ExecOptions{Command: sh("echo new >/tree/new")})
	}
	if err == nil && keep {
		_, err = c.Keep(ctx)
	}
	if err == nil {
		_, err = c.Exec(ctx, api.ExecOptions{Command: sh("echo ready; sleep 3000"), Stdout: os.Stdout})
	}
	return err
}

func (w *world) configure() error {
	// The runtime and the limits are those of the machine.
	w.env = append(os.Environ(), "CONTAINERS_STORAGE_CONF="+w.dir+"/storage.conf", "TMPDIR="+w.dir+"/tmp",
		"XDG_DATA_HOME="+w.dir+"/data") // storage.conf does not move the store of an ordinary user
	storage := fmt.Sprintf("[storage]\ndriver = \"overlay\"\ngraphroot = %q\nrunroot = %q\n", w.dir+"/graph", w.dir+"/run")
	if err := os.WriteFile(w.dir+"/storage.conf", []byte(storage), 0o600); err != nil {
		return err
	}
	// mmdebstrap without root enters it with a subordinate ID.
	return errors.Join(os.Chmod(w.dir, 0o711), os.Mkdir(w.dir+"/tmp", 0o711))
}

func (w world) getenv(name string) string {
	if name == "TMPDIR" {
		return w.dir + "/tmp"
	}
	return ""
}

func (w world) options() ConnectOptions {
	o := ConnectOptions{Private: true, ServiceEnv: w.env, RuntimeDir: w.dir + "/s", StateDir: w.dir + "/state", Getenv: w.getenv}
	if os.Getenv("CONTAINER_TEST_LOG") != "" {
		o.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return o
}

func (w world) destroy() {
	// podman does not free the locks of containers and volumes if only their storage is
	// removed.
	for _, args := range [][]string{{"rm", "--all", "--force", "--time", "0"}, {"volume", "rm", "--all", "--force"}} {
		cmd := exec.Command("podman", args...)
		cmd.Env = w.env
		if out, err := cmd.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "cannot free locks: %v\n%s", err, out)
		}
	}
	// The conmon of an exec waits five minutes and then calls podman on a removed store.
	for _, pid := range processes("conmon", w.dir) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	for _, pid := range w.services() {
		_ = syscall.Kill(pid, syscall.SIGTERM)
		for syscall.Kill(pid, 0) == nil {
			time.Sleep(5 * time.Millisecond)
			var status unix.WaitStatus
			_, _ = unix.Wait4(pid, &status, unix.WNOHANG, nil)
		}
	}
	mounts, _ := mountsBelow(w.dir)
	for i := len(mounts) - 1; i >= 0; i-- {
		_ = unix.Unmount(mounts[i], unix.MNT_DETACH)
	}
	err := os.RemoveAll(w.dir)
	if os.IsPermission(err) { // files of an ordinary user's subordinate ids
		err = exec.Command("podman", "unshare", "rm", "-rf", w.dir).Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// services returns the process IDs of podman services with a socket in w.
func (w world) services() []int { return processes("system service", w.dir) }

// processes returns those with all words in the command line.
func processes(words ...string) []int {
	var list []int
	dirs, _ := filepath.Glob("/proc/[0-9]*")
next:
	for _, dir := range dirs {
		data, err := os.ReadFile(dir + "/cmdline")
		if err != nil {
			continue
		}
		line := string(bytes.ReplaceAll(data, []byte{0}, []byte(" ")))
		for _, word := range words {
			if !strings.Contains(line, word) {
				continue next
			}
		}
		var pid int
		if _, err := fmt.Sscanf(filepath.Base(dir), "%d", &pid); err == nil && pid != os.Getpid() {
			list = append(list, pid)
		}
	}
	return list
}

func importBusybox(e *Engine) error {
	binary, err := os.ReadFile("/bin/busybox")
	if err != nil {
		return fmt.Errorf("busybox-static is needed: %w", err)
	}
	applets, err := exec.Command("/bin/busybox", "--list").Output()
	if err != nil {
		return err
	}
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(busyboxTar(writer, binary, strings.Fields(string(applets)))) }()
	_, err = e.Import(context.Background(), api.ImportOptions{Reference: base, Command: "/bin/sh"}, reader)
	return err
}

func busyboxTar(w io.Writer, binary []byte, applets []string) error {
	t := tar.NewWriter(w)
	for _, dir := range []string{"bin", "etc", "root", "tmp", "home", "home/inside", "proc", "sys", "dev"} {
		h := &tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o755}
		if dir == "home/inside" {
			h.Uid, h.Gid = 1234, 1235
		}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
	}
	files := map[string][]byte{
		"bin/busybox":  binary,
		"etc/passwd":   []byte("root:x:0:0::/root:/bin/sh\ninside:x:1234:1235::/home/inside:/bin/sh\ninsided:x:1236:1236::/bin:/bin/sh\n"),
		"etc/group":    []byte("root:x:0:\ninside:x:1235:\n"),
		"bin/noexec":   []byte("#!/bin/sh\n"),
		"etc/whatever": nil,
	}
	for name, data := range files {
		mode := int64(0o644)
		if name == "bin/busybox" {
			mode = 0o755
		}
		if err := t.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: int64(len(data))}); err != nil {
			return err
		}
		if _, err := t.Write(data); err != nil {
			return err
		}
	}
	for _, name := range applets {
		if name == "busybox" {
			continue
		}
		if err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: "bin/" + name, Linkname: "busybox", Mode: 0o777}); err != nil {
			return err
		}
	}
	return t.Close()
}

func engine(t *testing.T) *Engine {
	t.Helper()
	e, err := Connect(t.Context(), here.options())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// leftovers lists all containers, working containers, temporary directories and services of
// builds.
func leftovers(e *Engine) ([]string, error) {
	c, err := e.service.Conn(context.Background())
	if err != nil {
		return nil, err
	}
	list, err := containers.List(c, new(containers.ListOptions).WithAll(true).WithExternal(true))
	if err != nil {
		return nil, err
	}
	var left []string
	for _, item := range list {
		left = append(left, "container "+strings.Join(item.Names, ","))
	}
	for _, runtime := range []string{"crun", "runc"} {
		out, _ := exec.Command(runtime, "list").Output() // nothing if it is not installed
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, here.dir) {
				left = append(left, "sandbox "+line)
			}
		}
	}
	for _, pattern := range []string{"/tmp/lcitool-*", "/tmp/buildah*", "/tmp/libpod_builder*"} {
		dirs, _ := filepath.Glob(here.dir + pattern)
		left = append(left, dirs...)
	}
	if builds := processes("system service", here.dir, "build-"); len(builds) > 0 {
		left = append(left, fmt.Sprintf("build services %v", builds))
	}
	return left, nil
}

func nothingLeft(t *testing.T, e *Engine) {
	t.Helper()
	t.Cleanup(func() {
		if left, err := leftovers(e); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v %v", left, err)
		}
	})
}

// podman runs podman's command line on the tests' store.
func (w world) podman(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "podman", args...)
	cmd.Env = w.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("podman %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}
