// SPDX-License-Identifier: GPL-2.0-or-later

package conmon

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"gitlab.com/lcitool/lcitool/container/internal/records"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// endLimit is how long a conmon may take to end after its container.
const endLimit = 2 * time.Second

// A Process is the conmon process of a container.
type Process struct {
	PID     int
	ID      string // of the container
	Runtime string // runc or crun

	wait time.Duration // at most for its end; zero for endLimit
}

// A Store describes the engine's container store on this machine.
type Store struct {
	Containers string   // directory that holds one for each container
	Program    string   // program, without links
	Mounts     []string // mount namespaces in which conmon runs
}

// MountNamespaces returns the mount namespace of this process and, for rootless
// podman, that of its pause process.
func MountNamespaces(rootless bool) []string {
	var list []string
	if own, err := os.Readlink("/proc/self/ns/mnt"); err == nil {
		list = append(list, own)
	}
	if !rootless {
		return list
	}
	for _, dir := range []string{os.Getenv("XDG_RUNTIME_DIR"), fmt.Sprintf("/run/user/%d", os.Geteuid())} {
		data, err := safefs.ReadFile(filepath.Join(dir, "libpod/tmp/pause.pid"), 64)
		if err != nil {
			continue
		}
		if pid, err := strconv.Atoi(strings.TrimSpace(string(data))); err == nil && pid > 0 {
			if ns, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/mnt", pid)); err == nil {
				list = append(list, ns)
			}
		}
	}
	return list
}

// Processes returns the conmon processes of containers. Command lines can be
// forged, so a process must belong to this user, run the engine's conmon program
// in one of s.Mounts, and have its bundle in the engine's store. It ignores the
// conmon processes of exec sessions, which end by themselves.
func Processes(p records.Processes, s Store) []Process {
	files, _ := fs.Glob(p, "[0-9]*/cmdline")
	var list []Process
	for _, file := range files {
		found, bundle, ok := parse(p, file)
		if ok && bundle == filepath.Join(s.Containers, found.ID, "userdata") && isConmon(p, found.PID, s) {
			list = append(list, found)
		}
	}
	return list
}

func parse(p records.Processes, file string) (found Process, bundle string, ok bool) {
	pid, err := strconv.Atoi(filepath.Dir(file))
	if err != nil {
		return Process{}, "", false
	}
	line, err := fs.ReadFile(p, file)
	if err != nil {
		return Process{}, "", false
	}
	args := strings.Split(string(bytes.TrimSuffix(line, []byte{0})), "\x00")
	value := func(flag string) string {
		if i := slices.Index(args, flag); i > 0 && i+1 < len(args) {
			return args[i+1]
		}
		return ""
	}
	found = Process{PID: pid, ID: value("-c"), Runtime: filepath.Base(value("-r"))}
	ok = filepath.Base(args[0]) == "conmon" && found.ID != "" && found.ID == value("-u") && (found.Runtime == "runc" || found.Runtime == "crun")
	return found, value("-b"), ok
}

// isConmon checks the owner, program and mount namespace of a process.
func isConmon(p records.Processes, pid int, s Store) bool {
	dir := strconv.Itoa(pid)
	info, err := fs.Stat(p, dir)
	if err != nil || safefs.UID(info) != os.Geteuid() {
		return false
	}
	exe, err1 := p.Readlink(dir + "/exe")
	pidns, err2 := p.Readlink(dir + "/ns/pid")
	own, err3 := p.Readlink("self/ns/pid")
	mounts, err4 := p.Readlink(dir + "/ns/mnt")
	return errors.Join(err1, err2, err3, err4) == nil && exe == s.Program && pidns == own && slices.Contains(s.Mounts, mounts)
}

// MayWatch reports whether a process may be the conmon of a container that is
// chosen by its ID. It checks only command lines.
func MayWatch(p records.Processes, chosen func(id string) bool) bool {
	files, _ := fs.Glob(p, "[0-9]*/cmdline")
	return slices.ContainsFunc(files, func(file string) bool {
		found, _, ok := parse(p, file)
		return ok && chosen(found.ID)
	})
}

// EndsItself reports whether a conmon ends without help, after its container may
// have been removed just now.
func (p Process) EndsItself(table records.Processes) bool {
	fd, err := openProcess(p.PID)
	if err != nil {
		return true
	}
	defer unix.Close(fd)
	return p.ending(table, fd)
}

// ending waits for the end of a conmon. A conmon ends after its exit command,
// which takes long on a busy machine.
func (p Process) ending(table records.Processes, pidfd int) bool {
	return p.ended(pidfd) || p.runsExitCommand(table) || p.ended(pidfd)
}

// runsExitCommand reports whether a conmon has a child, which is the command
// that reports the container's end to podman.
func (p Process) runsExitCommand(table records.Processes) bool {
	files, _ := fs.Glob(table, "[0-9]*/stat")
	return slices.ContainsFunc(files, func(file string) bool {
		stat, err := fs.ReadFile(table, file)
		if err != nil {
			return false
		}
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		if len(fields) < 2 || fields[1] != strconv.Itoa(p.PID) {
			return false
		}
		line, err := fs.ReadFile(table, filepath.Join(filepath.Dir(file), "cmdline"))
		args := strings.Split(string(line), "\x00")
		return err == nil && slices.Contains(args, "cleanup") && slices.Contains(args, p.ID)
	})
}

// ended waits a limited time for the process to end.
func (p Process) ended(pidfd int) bool {
	for deadline := time.Now().Add(cmp.Or(p.wait, endLimit)); ; {
		left := max(0, time.Until(deadline))
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}, int(left.Milliseconds()))
		if !errors.Is(err, unix.EINTR) {
			return n > 0 || err != nil
		}
	}
}

// Discard makes the runtime stop the container, after which conmon ends. It
// finds the runtime in PATH.
func (p Process) Discard(ctx context.Context, table records.Processes) error {
	fd, err := openProcess(p.PID)
	if err != nil {
		return nil // it has ended
	}
	defer unix.Close(fd)
	output, err := exec.CommandContext(ctx, p.Runtime, "delete", "--force", p.ID).CombinedOutput() //nolint:gosec // runc or crun, an ID of ours
	if p.ending(table, fd) {
		return nil
	}
	if err == nil {
		err = errors.New("it does not end")
	}
	if text := bytes.TrimSpace(output); len(text) > 0 {
		err = fmt.Errorf("%w: %s", err, text)
	}
	return fmt.Errorf("%s delete %s: %w", p.Runtime, p.ID, err)
}
