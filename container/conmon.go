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
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/containers/podman/v4/pkg/bindings/system"
	"golang.org/x/sys/unix"

	"gitlab.com/lcitool/lcitool/container/internal/records"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// conmonEnds is how long a conmon may take to end after its container did.
const conmonEnds = 2 * time.Second

// A conmon is the monitor process of one container.
type conmon struct {
	pid     int
	id      string // of the container
	runtime string // runc or crun
}

// A machineStore is what the engine says of its own place on this machine.
type machineStore struct {
	containers string   // directory that holds one for each container
	conmon     string   // program, without links
	mounts     []string // mount namespaces in which conmon runs
}

// machineStore asks the engine. ok is false when it is on another machine.
func (e *Engine) machineStore(c context.Context) (m machineStore, ok bool, err error) {
	if !e.service.Local() {
		return m, false, nil
	}
	info, err := system.Info(c, nil)
	if err != nil {
		return m, false, engineError("ask podman about itself", err)
	}
	if info.Store == nil || info.Host == nil || info.Host.Conmon == nil || !filepath.IsAbs(info.Store.GraphRoot) {
		return m, false, nil
	}
	m.containers = filepath.Join(info.Store.GraphRoot, info.Store.GraphDriverName+"-containers")
	if m.conmon, err = filepath.EvalSymlinks(info.Host.Conmon.Path); err != nil {
		return m, false, nil // it is in a virtual machine or in a container
	}
	m.mounts = mountNamespaces(info.Host.Security.Rootless)
	return m, true, nil
}

// mountNamespaces returns ours, and that of rootless podman, which its pause
// process holds.
func mountNamespaces(rootless bool) []string {
	var list []string
	if own, err := os.Readlink("/proc/self/ns/mnt"); err == nil {
		list = append(list, own)
	}
	if !rootless {
		return list
	}
	for _, dir := range []string{os.Getenv("XDG_RUNTIME_DIR"), fmt.Sprintf("/run/user/%d", os.Geteuid())} {
		data, err := readSmall(filepath.Join(dir, "libpod/tmp/pause.pid"), 64)
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

// conmons lists the conmon processes of containers. What a process calls itself
// proves nothing: it has to be ours, run the engine's program in our own
// namespaces, and have its bundle where the engine keeps them. Those of single
// commands are not among them: they end by themselves.
func conmons(p records.Processes, m machineStore) []conmon {
	files, _ := fs.Glob(p, "[0-9]*/cmdline")
	var list []conmon
	for _, file := range files {
		found, bundle, ok := parseConmon(p, file)
		if ok && bundle == filepath.Join(m.containers, found.id, "userdata") && isConmon(p, found.pid, m) {
			list = append(list, found)
		}
	}
	return list
}

// parseConmon reads a command line.
func parseConmon(p records.Processes, file string) (found conmon, bundle string, ok bool) {
	pid, err := strconv.Atoi(filepath.Dir(file))
	if err != nil {
		return conmon{}, "", false
	}
	line, err := fs.ReadFile(p, file)
	if err != nil {
		return conmon{}, "", false
	}
	args := strings.Split(string(bytes.TrimSuffix(line, []byte{0})), "\x00")
	value := func(flag string) string {
		if i := slices.Index(args, flag); i > 0 && i+1 < len(args) {
			return args[i+1]
		}
		return ""
	}
	found = conmon{pid: pid, id: value("-c"), runtime: filepath.Base(value("-r"))}
	ok = filepath.Base(args[0]) == "conmon" && found.id != "" && found.id == value("-u") && (found.runtime == "runc" || found.runtime == "crun")
	return found, value("-b"), ok
}

// isConmon looks at the process itself.
func isConmon(p records.Processes, pid int, m machineStore) bool {
	dir := strconv.Itoa(pid)
	info, err := fs.Stat(p, dir)
	if err != nil || safefs.UID(info) != os.Geteuid() {
		return false
	}
	exe, err1 := p.Readlink(dir + "/exe")
	pidns, err2 := p.Readlink(dir + "/ns/pid")
	own, err3 := p.Readlink("self/ns/pid")
	mounts, err4 := p.Readlink(dir + "/ns/mnt")
	return errors.Join(err1, err2, err3, err4) == nil && exe == m.conmon && pidns == own && slices.Contains(m.mounts, mounts)
}

// deadConmons finds those of our containers that are not podman's any more: a
// service that was killed before it noted that the runtime had made one removes
// the container later without it, and both would wait for a start for ever.
func (e *Engine) deadConmons(c context.Context, p proofs, _ PruneOptions) ([]Leftover, error) {
	byID := map[string]records.Record{}
	for _, r := range p.dead() {
		if r.ID != "" && r.Extra[extraKept] == "" {
			byID[r.ID] = r
		}
	}
	if len(byID) == 0 {
		return nil, nil
	}
	m, ok, err := e.machineStore(c)
	if err != nil || !ok {
		return nil, err
	}
	var dead []Leftover
	for _, found := range conmons(p.processes, m) {
		r, ours := byID[found.id]
		_, err := os.Stat(filepath.Join(m.containers, found.id))
		if ours && errors.Is(err, fs.ErrNotExist) && !endsItself(found.pid) {
			dead = append(dead, Leftover{Kind: "process", Name: fmt.Sprintf("%d, the conmon of %s", found.pid, r.Name), Run: r.Owner.Run, record: r, conmon: found})
		}
	}
	return dead, nil
}

// conmonLeft reports whether a process may be the conmon of a container that
// is removed. Its record must stay then.
func (e *Engine) conmonLeft(r records.Record) bool {
	if r.ID == "" || !e.service.Local() {
		return false
	}
	p := records.HostProcesses()
	files, _ := fs.Glob(p, "[0-9]*/cmdline")
	return slices.ContainsFunc(files, func(file string) bool {
		found, _, ok := parseConmon(p, file)
		return ok && found.id == r.ID
	})
}

// endsItself waits for the end of a conmon whose container may have been
// removed a moment ago.
func endsItself(pid int) bool {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return true
	}
	defer unix.Close(fd)
	return ended(fd)
}

// ended waits for a process to end, for as long as a conmon may take.
func ended(pidfd int) bool {
	for deadline := time.Now().Add(conmonEnds); ; {
		left := max(0, time.Until(deadline))
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}, int(left.Milliseconds()))
		if !errors.Is(err, unix.EINTR) {
			return n > 0 || err != nil
		}
	}
}

// discardConmon has the runtime end what the conmon watches, upon which it
// ends. The runtime is looked up where ours are.
func discardConmon(ctx context.Context, l Leftover) error {
	fd, err := unix.PidfdOpen(l.conmon.pid, 0)
	if err != nil {
		return nil // it has ended
	}
	defer unix.Close(fd)
	output, err := exec.CommandContext(ctx, l.conmon.runtime, "delete", "--force", l.record.ID).CombinedOutput() //nolint:gosec // runc or crun, an ID of ours
	if ended(fd) {
		return nil
	}
	if err == nil {
		err = errors.New("it does not end")
	}
	return fmt.Errorf("%w: %s", err, bytes.TrimSpace(output))
}
