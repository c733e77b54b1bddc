// SPDX-License-Identifier: GPL-2.0-or-later

package podman

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestEnded waits for a process whose socket refuses connections, even if the kernel reports
// its end late.
func TestEnded(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "lcp") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	start := func(name string) *Process {
		s, err := spawn(exec.Command("sleep", "1000"))
		if err != nil {
			t.Fatal(err)
		}
		s.socket = filepath.Join(dir, name)
		t.Cleanup(s.Stop)
		return s
	}
	alive := start("alive")
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", alive.Socket())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if alive.Ended(t.Context()) {
		t.Error("a service that answers has ended")
	}
	dying := start("dying")
	time.AfterFunc(300*time.Millisecond, func() { _ = syscall.Kill(dying.pid, syscall.SIGKILL) })
	if !dying.Ended(t.Context()) {
		t.Error("a service that dies has not ended")
	}
	if !dying.Ended(t.Context()) {
		t.Error("a service that is gone has not ended")
	}
}

// TestEnviron: a private service gets no address of another service and no variables of
// socket activation.
func TestEnviron(t *testing.T) {
	o := Options{ServiceEnv: []string{"HOME=/h", "CONTAINER_HOST=tcp://h:1", "CONTAINER_CONNECTION=c", "LISTEN_FDS=1", "NOTIFY_SOCKET=/n", "A=1"}}
	if got := strings.Join(o.Environ(), " "); got != "A=1 HOME=/h" {
		t.Errorf("got %q", got)
	}
}
