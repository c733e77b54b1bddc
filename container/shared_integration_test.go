// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package container

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// foreign connects to a socket of this machine whose service has mounts of its
// own, as that of a virtual machine has, with the directories in hidden empty.
func foreign(t *testing.T, hidden ...string) *Engine {
	t.Helper()
	socket := filepath.Join(here.dir, "foreign-"+randomName()+".sock")
	script := `socket=$1; shift; for dir; do mount -t tmpfs foreign "$dir"; done; exec podman system service --time 0 "unix://$socket"`
	cmd := exec.Command("unshare", append([]string{"--mount", "--propagation", "private", "sh", "-c", script, "sh", socket, here.dir + "/tmp"}, hidden...)...)
	cmd.Env, cmd.Stderr = here.env, os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-ended
		_ = os.Remove(socket)
	})
	waitUntil(t, "the service answers", func() bool {
		_, err := os.Stat(socket)
		return err == nil
	})
	return away(t, "unix://"+socket)
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can give a service mounts of its own and its usual store")
	}
}

// TestForeignSocket runs things through a socket of this machine that leads to
// a podman which has other files.
func TestForeignSocket(t *testing.T) {
	needRoot(t)
	nothingLeft(t, engine(t))
	e := foreign(t)
	if e.Local() {
		t.Fatal("taken for a service of this machine")
	}
	remote(t, e)
	if _, remove, err := e.SecretMounts(t.Context(), base, "", []Secret{{Name: "a"}}); err == nil || !strings.Contains(err.Error(), "another machine") {
		remove()
		t.Errorf("secrets: %v", err)
	}
}

// TestForeignSocketWithADirectoryOfTheSameName must not show the engine's
// directory instead of ours, and least of all write to it.
func TestForeignSocketWithADirectoryOfTheSameName(t *testing.T) {
	needRoot(t)
	nothingLeft(t, engine(t))
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ours"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	e := foreign(t, dir)
	for name, o := range map[string]RunOptions{
		"workload": {WorkloadDir: dir},
		"mount":    {ContainerOptions: ContainerOptions{Mounts: []Mount{{Source: dir, Target: "/x"}}}},
		"overlay":  {ContainerOptions: ContainerOptions{Mounts: []Mount{{Source: dir, Target: "/x", Overlay: true}}}},
	} {
		o.Image, o.Command, o.Network = base, sh("echo ran; ls /x"), NetworkNone
		var out strings.Builder
		o.Stdout = &out
		_, err := e.Run(t.Context(), o)
		if err == nil || !strings.Contains(err.Error(), "another machine") || out.Len() > 0 {
			t.Errorf("%s: %v, output %q", name, err, out.String())
		}
	}
}

func TestSocketOfThisMachineIsLocal(t *testing.T) {
	e := external(t)
	nothingLeft(t, e)
	if !e.Local() {
		t.Error("taken for a service of another machine")
	}
}
