// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

type faultRoom struct {
	*engineRoom
	t    *testing.T
	tree string // the checkout
}

func newFaultRoom(t *testing.T, pipeline string) *faultRoom {
	t.Helper()
	r := emptyFaultRoom(t, pipeline)
	r.importTiny(t, "localhost/tiny:1")
	return r
}

func emptyFaultRoom(t *testing.T, pipeline string) *faultRoom {
	t.Helper()
	r := &faultRoom{engineRoom: newEngineRoom(t), t: t}
	r.tree = r.path("tree")
	if err := os.Mkdir(r.tree, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{".gitlab-ci.yml": pipeline, "file": "original\n"} {
		if err := os.WriteFile(filepath.Join(r.tree, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	script := "git init -q -b main . && git add . && git -c user.name=A -c user.email=a@example.org commit -q -m one"
	if out, err := r.command("sh", "-c", script).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	return r
}

func (r *faultRoom) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = r.tree
	cmd.Env = append(append(os.Environ(), r.env()...),
		"XDG_STATE_HOME="+r.path("state"), "XDG_CACHE_HOME="+r.path("cache"))
	return cmd
}

// start runs lcitool; stdout and stderr go to one buffer.
func (r *faultRoom) start(args ...string) (*exec.Cmd, *written) {
	r.t.Helper()
	cmd := r.command("lcitool", args...)
	out := &written{}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.WaitDelay = 10 * time.Second // a child that outlives it holds our pipe
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	return cmd, out
}

func (r *faultRoom) lcitool(args ...string) (status int, out string) {
	r.t.Helper()
	cmd, text := r.start(args...)
	_ = cmd.Wait()
	return cmd.ProcessState.ExitCode(), text.String()
}

// measured runs lcitool and returns its peak memory in KiB and the end of its output. It
// samples the memory while lcitool runs: rusage after the end includes memory of the parent.
func (r *faultRoom) measured(args ...string) (status, peak int, end string) {
	r.t.Helper()
	file, err := os.Create(r.path("output"))
	if err != nil {
		r.t.Fatal(err)
	}
	defer file.Close()
	cmd := r.command("lcitool", args...)
	// Garbage is otherwise left until it has 16 MiB, which the race detector multiplies.
	cmd.Env = append(cmd.Env, "GOGC=100")
	cmd.Stdout, cmd.Stderr = file, file
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	for ticks := time.Tick(20 * time.Millisecond); ; {
		select {
		case <-ended:
			const last = 4096
			if info, err := file.Stat(); err == nil && info.Size() > last {
				_, _ = file.Seek(-last, io.SeekEnd)
			} else {
				_, _ = file.Seek(0, io.SeekStart)
			}
			text, _ := io.ReadAll(file)
			return cmd.ProcessState.ExitCode(), peak, string(text)
		case <-ticks:
			peak = max(peak, peakOf(cmd.Process.Pid))
		}
	}
}

// peakOf returns the peak memory of a process in KiB, 0 if it has ended.
func peakOf(pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	peak := 0
	_, _ = fmt.Sscan(rest, &peak)
	return peak
}

func (r *faultRoom) succeed(args ...string) string {
	r.t.Helper()
	status, out := r.lcitool(args...)
	if status != 0 {
		r.t.Fatalf("lcitool %v: status %d\n%s", args, status, out)
	}
	return out
}

func (r *faultRoom) podman(args ...string) string {
	r.t.Helper()
	out, err := r.command("podman", args...).Output()
	if err != nil {
		r.t.Fatalf("podman %v: %v", args, err)
	}
	return string(out)
}

// things returns what a run could leave behind, sorted.
func (r *faultRoom) things() []string {
	r.t.Helper()
	var all []string
	add := func(kind string, names ...string) {
		for _, name := range names {
			all = append(all, kind+" "+name)
		}
	}
	add("container", strings.Fields(r.podman("ps", "--all", "--external", "--format", "{{.Names}}"))...)
	add("untagged image", strings.Fields(r.podman("images", "--filter", "dangling=true", "--quiet"))...)
	for _, name := range strings.Fields(r.podman("volume", "ls", "--quiet")) {
		if !strings.HasPrefix(name, "lcitool-ccache-") {
			add("volume", name)
		}
	}
	add("network", strings.Fields(r.podman("network", "ls", "--quiet"))...)
	store := r.path("graph/overlay") // a killed podman leaves its store mounted on itself, and the next one takes it so
	add("mount", slices.DeleteFunc(r.mounts(r.t), func(point string) bool { return point == store })...)
	for _, pattern := range []string{"tmp/*", "cache/lcitool/*/.new-*", "state/lcitool/*/.new-*"} {
		paths, _ := filepath.Glob(r.path(pattern))
		add("path", slices.DeleteFunc(paths, isEventLog)...)
	}
	add("process", r.conmons()...)
	slices.Sort(all)
	return all
}

// isEventLog reports whether a file is the copy that podman leaves if it is killed while it
// rotates its log of events: its name is a number.
func isEventLog(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode().IsRegular() && strings.Trim(filepath.Base(path), "0123456789") == ""
}

// conmons returns the conmon processes of containers. After a container ends, podman's
// clean-up takes a moment, on a busy machine a long one.
func (r *faultRoom) conmons() []string {
	r.t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		var lines []string
		for _, pid := range r.processes("conmon") {
			line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
			// podman keeps the conmon of an exec for five minutes.
			if err == nil && !bytes.Contains(line, []byte("--exec-process-spec")) {
				lines = append(lines, string(bytes.ReplaceAll(line, []byte{0}, []byte(" ")))+waitsFor(pid))
			}
		}
		if len(lines) == 0 || time.Now().After(deadline) || r.podman("ps", "--quiet") != "" {
			return lines
		}
	}
}

// treeHash covers names, modes, contents and times of the checkout.
func (r *faultRoom) treeHash() string {
	r.t.Helper()
	hash := sha256.New()
	err := filepath.WalkDir(r.tree, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Name() == ".lcitool" {
			return filepath.SkipDir
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		fmt.Fprintln(hash, path, info.Mode(), info.ModTime().UnixNano())
		if info.Mode().IsRegular() {
			data, err := os.ReadFile(path)
			hash.Write(data)
			return err
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return fmt.Sprintf("%x", hash.Sum(nil))
}

func (r *faultRoom) same(before []string, tree string) {
	r.t.Helper()
	if after := r.things(); !slices.Equal(before, after) {
		r.t.Errorf("something is left\nbefore:\n%s\nafter:\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
	}
	if r.treeHash() != tree {
		r.t.Error("the working tree changed")
	}
}

type written struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *written) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *written) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func (o *written) await(t *testing.T, text string) {
	t.Helper()
	for begin := time.Now(); !strings.Contains(o.String(), text); time.Sleep(10 * time.Millisecond) {
		if time.Since(begin) > 5*time.Minute {
			t.Fatalf("%q was not written\n%s", text, o)
		}
	}
}

// waitsFor describes what a process and its children wait for.
func waitsFor(pid int) string {
	said := ""
	for _, name := range []string{"stat", "wchan", "syscall"} {
		data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name))
		said += fmt.Sprintf("\n  %s: %s", name, strings.TrimSpace(string(data)))
	}
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	for _, child := range strings.Fields(string(children)) {
		if number, err := strconv.Atoi(child); err == nil {
			line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", number))
			said += "\n  child " + string(bytes.ReplaceAll(line, []byte{0}, []byte(" "))) + waitsFor(number)
		}
	}
	return said
}
