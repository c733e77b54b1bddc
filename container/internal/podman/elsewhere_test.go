// SPDX-License-Identifier: GPL-2.0-or-later

package podman

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// startWatched runs a shell that prints its process ID and waits, and returns both.
func startWatched(t *testing.T, script string) (*Process, int) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/sh", "-c", script)
	cmd.Stdout, cmd.Stderr = write, os.Stderr
	p, err := spawn(watched(cmd))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	_ = write.Close()
	defer read.Close()
	line, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	return p, pid
}

// awaitEnd returns when a process has ended, even if it was not waited for.
func awaitEnd(t *testing.T, pid int) {
	t.Helper()
	ended := func() bool {
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		return err != nil || strings.Contains(string(stat), ") Z ")
	}
	for deadline := time.Now().Add(2 * time.Minute); !ended(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d does not end", pid)
		}
	}
}

func TestWatchedCommandIsStopped(t *testing.T) {
	for range 50 {
		p, pid := startWatched(t, "echo $$; exec sleep 1000")
		p.Stop()
		awaitEnd(t, pid)
	}
}

func TestWatchedCommandEndsByItself(t *testing.T) {
	p, pid := startWatched(t, "echo $$; exit 3")
	awaitEnd(t, pid)
	select {
	case <-p.done:
	case <-time.After(2 * time.Minute):
		t.Fatal("the watch outlives its command")
	}
}

// A command ends with the process that started it, however that ends: the kernel then closes
// its end of a pipe.
func TestWatchedCommandEndsWithUs(t *testing.T) {
	cmd := watched(exec.Command("/bin/sh", "-c", "echo $$; exec sleep 1000"))
	cmd.Stdin = nil
	stdin, ours, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdin = stdin
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = stdin.Close()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	_ = ours.Close()
	_, _ = io.Copy(io.Discard, out)
	_ = cmd.Wait()
	awaitEnd(t, pid)
}

func TestWatchedCommandGetsItsArguments(t *testing.T) {
	out, err := watched(exec.Command("/bin/echo", "a b", "-n", "", "$x", "--")).Output()
	if err != nil || string(out) != "a b -n  $x --\n" {
		t.Errorf("got %q, %v", out, err)
	}
	cmd := exec.Command("/bin/sh", "-c", "cat; pwd")
	cmd.Dir = "/"
	if out, err := watched(cmd).Output(); err != nil || string(out) != "/\n" {
		t.Errorf("got %q, %v", out, err)
	}
}

func TestWatchOfShortCommandsEnds(t *testing.T) {
	for range 100 {
		cmd := watched(exec.Command("/bin/echo"))
		cmd.WaitDelay = 2 * time.Minute
		if out, err := cmd.Output(); err != nil || string(out) != "\n" {
			t.Fatalf("got %q, %v", out, err)
		}
	}
}

// TestElsewhereHint: on a Mac, the hint is to start podman machine.
func TestElsewhereHint(t *testing.T) {
	for system, want := range map[string]string{"darwin": "podman machine start", "freebsd": "an engine on Linux"} {
		if got := elsewhereHint(system); !strings.Contains(got, want) || !strings.Contains(got, "--connection") {
			t.Errorf("%s: %q", system, got)
		}
	}
}
