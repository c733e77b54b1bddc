// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// machineSocket is the socket that root's lcitool uses if podman.socket is started, as on
// Ubuntu. No variable changes the path.
const machineSocket = "/run/podman/podman.sock"

// hideMachineEngine hides the machine's podman from the tests and their child processes: its
// images and containers are not those of an engineRoom. For root it runs this program again
// in a mount namespace without machineSocket. Sockets of users are below XDG_RUNTIME_DIR,
// which an engineRoom sets.
func hideMachineEngine() error {
	for _, name := range []string{"CONTAINER_HOST", "CONTAINER_CONNECTION"} {
		if err := os.Unsetenv(name); err != nil {
			return err
		}
	}
	if os.Getuid() != 0 {
		return nil
	}
	if _, err := os.Lstat(machineSocket); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	program, err := os.Executable() // and not /proc/self/exe, which stays in the other namespace
	if err != nil {
		return err
	}
	runtime.LockOSThread() // the namespace is that of the thread, which then becomes the process
	if err := coverMachineSocket(); err != nil {
		return fmt.Errorf("cannot hide %s, which is not for tests: %w; stop podman.socket", machineSocket, err)
	}
	return fmt.Errorf("cannot start the tests again: %w", syscall.Exec(program, os.Args, os.Environ()))
}

// coverMachineSocket gives this thread a mount namespace with an empty directory at the
// socket's place. As in systemd's services, mounts of the machine propagate to it, but not
// back.
func coverMachineSocket() error {
	if err := syscall.Unshare(syscall.CLONE_NEWNS); err != nil {
		return os.NewSyscallError("unshare", err)
	}
	for _, propagation := range []uintptr{syscall.MS_SLAVE, syscall.MS_SHARED} {
		if err := syscall.Mount("", "/", "", syscall.MS_REC|propagation, ""); err != nil {
			return os.NewSyscallError("mount", err)
		}
	}
	return os.NewSyscallError("mount", syscall.Mount("tests", filepath.Dir(machineSocket), "tmpfs", 0, "mode=700"))
}

// TestNoMachineEngine passes on every machine, also with a podman.socket.
func TestNoMachineEngine(t *testing.T) {
	if _, err := os.Lstat(machineSocket); os.Getuid() == 0 && !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s: %v, want that it does not exist", machineSocket, err)
	}
	for _, name := range []string{"CONTAINER_HOST", "CONTAINER_CONNECTION"} {
		if value, ok := os.LookupEnv(name); ok {
			t.Errorf("%s=%s leads to the machine's engine", name, value)
		}
	}
}

func TestMachineEngineIsHidden(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root uses the system's socket")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	const script = `mount -t tmpfs fake /run && mkdir /run/podman && : >"$1" && exec "$2" -test.v -test.run '^TestNoMachineEngine$'`
	cmd := exec.Command("unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", machineSocket, program)
	cmd.Env = append(os.Environ(), "CONTAINER_HOST=unix://"+machineSocket, "CONTAINER_CONNECTION=machine")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !bytes.Contains(out, []byte("--- PASS: TestNoMachineEngine")) {
		t.Errorf("the test did not run:\n%s", out)
	}
}
