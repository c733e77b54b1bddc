// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"gitlab.com/lcitool/lcitool/container/internal/records"
)

// monitorEnds is how long a monitor may take to end after its container did.
const monitorEnds = 2 * time.Second

// containerID matches the ID of a container in full.
var containerID = regexp.MustCompile(`^[0-9a-f]{64}$`)

// A monitor is the conmon of one container.
type monitor struct {
	pid     int
	id      string // of the container
	name    string // of the container
	runtime string // runc or crun
	bundle  string // directory that podman removes with the container
}

// monitors lists those of containers with names like ours. Monitors of single
// commands are not among them: they end by themselves.
func monitors(p records.Processes) []monitor {
	files, _ := fs.Glob(p, "[0-9]*/cmdline")
	var list []monitor
	for _, file := range files {
		line, err := fs.ReadFile(p, file)
		if err != nil {
			continue
		}
		args := strings.Split(string(bytes.TrimSuffix(line, []byte{0})), "\x00")
		value := func(flag string) string {
			if i := slices.Index(args, flag); i > 0 && i+1 < len(args) {
				return args[i+1]
			}
			return ""
		}
		pid, err := strconv.Atoi(filepath.Dir(file))
		m := monitor{pid: pid, id: value("-c"), name: value("-n"), runtime: filepath.Base(value("-r")), bundle: value("-b")}
		switch {
		case err != nil, filepath.Base(args[0]) != "conmon", m.id != value("-u"), !containerID.MatchString(m.id),
			!strings.HasPrefix(m.name, tempPrefix), m.runtime != "runc" && m.runtime != "crun", !filepath.IsAbs(m.bundle):
			continue
		}
		list = append(list, m)
	}
	return list
}

// deadMonitors finds those whose container is not podman's any more: a service
// that was killed before it noted that the runtime had made one removes the
// container later without it, and both would wait for a start for ever.
func (e *Engine) deadMonitors(_ context.Context, proc records.Processes) ([]Leftover, error) {
	if !e.addr.local() {
		return nil, nil
	}
	var dead []Leftover
	for _, m := range monitors(proc) {
		if _, err := os.Stat(m.bundle); errors.Is(err, fs.ErrNotExist) && !endsItself(m.pid) {
			dead = append(dead, Leftover{Kind: "process", Name: fmt.Sprintf("%d, the monitor of %s", m.pid, m.name), monitor: m})
		}
	}
	return dead, nil
}

// endsItself waits for the end of a monitor whose container may have been
// removed a moment ago.
func endsItself(pid int) bool {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return true
	}
	defer unix.Close(fd)
	return ended(fd)
}

// ended waits for a process to end, for as long as a monitor may take.
func ended(pidfd int) bool {
	for deadline := time.Now().Add(monitorEnds); ; {
		left := max(0, time.Until(deadline))
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}, int(left.Milliseconds()))
		if !errors.Is(err, unix.EINTR) {
			return n > 0 || err != nil
		}
	}
}

// discardMonitor has the runtime end what the monitor watches, upon which the
// monitor ends. The name of the runtime comes from another process, therefore
// it is looked up where ours are.
func discardMonitor(ctx context.Context, l Leftover) error {
	fd, err := unix.PidfdOpen(l.monitor.pid, 0)
	if err != nil {
		return nil // it has ended
	}
	defer unix.Close(fd)
	said, err := exec.CommandContext(ctx, l.monitor.runtime, "delete", "--force", l.monitor.id).CombinedOutput()
	if ended(fd) {
		return nil
	}
	if err == nil {
		err = errors.New("it does not end")
	}
	return fmt.Errorf("%w: %s", err, bytes.TrimSpace(said))
}
