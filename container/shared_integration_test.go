// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package container

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
)

// foreign connects to a local socket whose service has its own mounts, as in a virtual
// machine, with empty directories in place of hidden.
func foreign(t *testing.T, hidden ...string) *Engine {
	t.Helper()
	return partlyForeign(t, append([]string{here.dir + "/tmp"}, hidden...)...)
}

// partlyForeign is like foreign, but shares all other directories, including the temporary
// one.
func partlyForeign(t *testing.T, hidden ...string) *Engine {
	t.Helper()
	socket := filepath.Join(here.dir, "foreign-"+randomName()+".sock")
	script := `socket=$1; shift; for dir; do mount -t tmpfs foreign "$dir"; done; exec podman system service --time 0 "unix://$socket"`
	cmd := exec.Command("unshare", append([]string{"--mount", "--propagation", "private", "sh", "-c", script, "sh", socket}, hidden...)...)
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
		conn, err := net.Dial("unix", socket)
		if err == nil {
			conn.Close()
		}
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

// TestForeignSocket uses a local socket of a podman that has other files.
func TestForeignSocket(t *testing.T) {
	needRoot(t)
	nothingLeft(t, engine(t))
	e := foreign(t)
	if e.Local() {
		t.Fatal("taken for a service of this machine")
	}
	remote(t, e)
	if _, remove, err := e.SecretMounts(t.Context(), base, "", []api.Secret{{Name: "a"}}); err == nil || !strings.Contains(err.Error(), "another machine") {
		remove()
		t.Errorf("secrets: %v", err)
	}
}

// TestForeignSocketWithADirectoryOfTheSameName must not show the engine's directory instead
// of ours, nor write to it.
func TestForeignSocketWithADirectoryOfTheSameName(t *testing.T) {
	needRoot(t)
	nothingLeft(t, engine(t))
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ours"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	e := foreign(t, dir)
	for name, o := range map[string]api.RunOptions{
		"workload": {WorkloadDir: dir},
		"mount":    {ContainerOptions: api.ContainerOptions{Mounts: []api.Mount{{Source: dir, Target: "/x"}}}},
		"overlay":  {ContainerOptions: api.ContainerOptions{Mounts: []api.Mount{{Source: dir, Target: "/x", Overlay: true}}}},
	} {
		o.Image, o.Command, o.Network = base, sh("echo ran; ls /x"), api.NetworkNone
		var out strings.Builder
		o.Stdout = &out
		_, err := e.Run(t.Context(), o)
		if err == nil || !strings.Contains(err.Error(), "another machine") || out.Len() > 0 {
			t.Errorf("%s: %v, output %q", name, err, out.String())
		}
	}
}

// TestPartlySharedFiles has an engine that shares our temporary directory, as in a toolbox,
// but has another directory in place of one of ours, with and without a proxy of the socket.
func TestPartlySharedFiles(t *testing.T) {
	needRoot(t)
	nothingLeft(t, engine(t))
	project, other := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "ours"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Chdir(project)
	if e := partlyForeign(t, project); e.Local() {
		t.Error("the engine has another working directory, and is taken for one that has our files")
	}
	e := partlyForeign(t, other)
	if !e.Local() {
		t.Fatal("the engine has our working directory, and is taken for one of another machine")
	}
	run := func(o api.RunOptions) (string, error) {
		var out strings.Builder
		o.Image, o.Command, o.Network, o.Stdout = base, sh("ls /x ~/datadir"), api.NetworkNone, &out
		_, err := e.Run(t.Context(), o)
		return out.String(), err
	}
	for name, o := range map[string]api.RunOptions{
		"workload": {WorkloadDir: other},
		"mount":    {ContainerOptions: api.ContainerOptions{Mounts: []api.Mount{{Source: other, Target: "/x"}}}},
		"file":     {ContainerOptions: api.ContainerOptions{Mounts: []api.Mount{{Source: other + "/ours", Target: "/x/ours"}}}},
		"overlay":  {ContainerOptions: api.ContainerOptions{Mounts: []api.Mount{{Source: other, Target: "/x", Overlay: true}}}},
	} {
		if out, err := run(o); err == nil || !strings.Contains(err.Error(), "has something else there, or nothing") || api.Status(err) != 125 || out != "" {
			t.Errorf("%s: %v, output %q", name, err, out)
		}
	}
	if err := os.WriteFile(filepath.Join(project, "ours"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		o := api.RunOptions{WorkloadDir: project, ContainerOptions: api.ContainerOptions{Mounts: []api.Mount{{Source: project, Target: "/x", ReadOnly: true}}}}
		if out, err := run(o); err != nil || strings.Count(out, "ours") != 2 {
			t.Errorf("what is shared: %v, output %q", err, out)
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
