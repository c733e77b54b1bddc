// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// legacyLabels returns the labels of earlier versions, of a process that has ended.
func legacyLabels(t *testing.T) []string {
	t.Helper()
	read := func(file string) string {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(data))
	}
	pidns, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		t.Fatal(err)
	}
	machine := ""
	if data, err := os.ReadFile("/etc/machine-id"); err == nil {
		machine = strings.TrimSpace(string(data))
	}
	if machine == "" {
		machine, _ = os.Hostname()
	}
	labels := map[string]string{
		"lcitool.run": "0123456789ab", "lcitool.pid": fmt.Sprint(os.Getpid()), "lcitool.start": "1",
		"lcitool.boot": read("/proc/sys/kernel/random/boot_id"), "lcitool.pidns": pidns, "lcitool.machine": machine,
		"lcitool.layers": "named", "lcitool.token": "0123456789abcdef0123456789abcdef",
	}
	var flags []string
	for name, value := range labels {
		flags = append(flags, "--label="+name+"="+value)
	}
	return flags
}

// TestForeignContainersSurvive has containers that a user made with podman from images of
// this and an earlier lcitool. No command removes them, their volumes or their images.
func TestForeignContainersSurvive(t *testing.T) {
	t.Setenv("CI", "")
	r := newFaultRoom(t, chaosPipeline)
	data := r.path("data")
	writeFiles(t, data, chaosData)
	writeFiles(t, r.path("legacy"), "-- Dockerfile --\nFROM localhost/tiny:1\nRUN true\n")
	r.podman(append(append([]string{"build", "--quiet", "--network", "none", "--tag", "localhost/legacy"}, legacyLabels(t)...), r.path("legacy"))...)
	r.succeed("-d", data, "container", "build", "-t", "tiny-1", "-p", "one")

	var names []string
	r.podman("volume", "create", "named")
	for image, prefix := range map[string]string{"localhost/legacy": "web", "localhost/lcitool.tiny-1": "db"} {
		for _, name := range []string{prefix, prefix + "-0123456789", "lcitool-" + prefix + "-0123456789", "lcitool-kept-" + prefix} {
			volumes := []string{"--network", "none", "--volume", "named:/named", "--volume", "/anonymous"}
			r.podman(append(append([]string{"run", "--detach", "--name", name}, volumes...), image, "sleep", "100000")...)
			r.podman(append(append([]string{"run", "--name", name + "x"}, volumes...), image, "true")...)
			names = append(names, name, name+"x")
		}
	}
	// A working container and an unnamed image, as a user's own build leaves them.
	r.podman("build", "--quiet", "--network", "none", "--label", "lcitool.build=mine", r.path("legacy"))
	state := func() string {
		out := r.podman("ps", "--all", "--format", "{{.ID}} {{.Names}} ") + r.podman("ps", "--format", "running {{.Names}}") + r.podman("volume", "ls", "--quiet") +
			r.podman("images", "--all", "--quiet", "--no-trunc")
		lines := strings.Split(out, "\n")
		lines = slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, "lcitool-ccache-") })
		slices.Sort(lines)
		return strings.Join(slices.Compact(lines), "\n")
	}
	before := state()
	for _, line := range []string{
		"container run localhost/legacy -- true", "container run localhost/lcitool.tiny-1 -- true", "container shell localhost/legacy",
		"-d " + data + " container build -t tiny-1 -p one", "-d " + data + " container build -t tiny-1 -p one --no-cache",
		"-d " + data + " run -t tiny-1 -p one -- true", "job run --event push *", "job shell first", "container engines", "doctor",
		"container bootstrap nosuch", "stats run -t nosuch",
		"container prune --dry-run", "container prune", "container prune --kept --caches", "container prune --format json",
	} {
		cmd, out := r.start(strings.Fields(line)...)
		_ = cmd.Wait() // some have nothing to do here, and say so
		if strings.HasPrefix(line, "container") && strings.Contains(line, "prune") && cmd.ProcessState.ExitCode() != 0 {
			t.Errorf("%s: %s", line, out)
		}
		if strings.Contains(out.String(), "no record") && strings.Contains(out.String(), "web") {
			t.Errorf("%s takes inherited labels for its own:\n%s", line, out)
		}
		after := state()
		if line == "-d "+data+" container build -t tiny-1 -p one --no-cache" {
			before = after // the image is another one
			for _, name := range names {
				if !strings.Contains(after, " "+name+" ") {
					t.Fatalf("%s: %s is gone:\n%s", line, name, after)
				}
			}
		}
		if after != before {
			t.Fatalf("%s\nbefore:\n%s\nafter:\n%s", line, before, after)
		}
	}
}

// TestForgedConmon has processes that look like the conmon of a container, under several
// users. prune ends neither them nor the container.
func TestForgedConmon(t *testing.T) {
	r := newFaultRoom(t, chaosPipeline)
	id := strings.TrimSpace(r.podman("run", "--detach", "--network", "none", "--name", "victim", "localhost/tiny:1", "sleep", "100000"))
	r.succeed("container", "run", "localhost/tiny:1", "--", "true")
	graph := strings.TrimSpace(r.podman("info", "--format", "{{.Store.GraphRoot}}"))
	for _, bundle := range []string{"/nonexistent", filepath.Join(graph, "overlay-containers", id, "userdata"), filepath.Join(graph, "overlay-containers", strings.Repeat("a", 64), "userdata")} {
		for _, uid := range []uint32{0, 65534} {
			script := `exec -a conmon perl -e 'sleep 1000' -- "$@"`
			cmd := exec.Command("bash", "-c", script, "bash", "-c", id, "-u", id, "-n", "lcitool-x", "-r", "/x/runc", "-b", bundle)
			cmd.Dir = "/"
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		}
	}
	if out := r.succeed("container", "prune", "--dry-run"); strings.Contains(out, "process") {
		t.Errorf("would end a process:\n%s", out)
	}
	r.succeed("container", "prune")
	r.podman("exec", "victim", "true")
}
