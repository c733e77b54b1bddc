// SPDX-License-Identifier: GPL-2.0-or-later

package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"gitlab.com/lcitool/lcitool/container/internal/explain"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

const (
	rlimitProcs = unix.RLIMIT_NPROC
	rlimitFiles = unix.RLIMIT_NOFILE

	// capSysResource is the number of CAP_SYS_RESOURCE.
	capSysResource = 24
	// podmanLimit is podman's default limit on files and processes.
	podmanLimit = 1048576
)

// A machine is the machine to check. Tests create one without the real system.
type machine struct {
	root          fs.FS  // the file system; paths without a leading slash
	uid           int    // effective user
	user          string // login name; empty means looked up by uid
	runtime       string // XDG_RUNTIME_DIR
	conf          string // OCI runtime in podman's configuration, such as crun
	lookPath      func(program string) bool
	open          func(device string) error
	defaultLimits []string // names of containers.conf's default_ulimits
	hardProcs     uint64
	hardFiles     uint64
	info          engineInfo // empty if the engine did not respond
}

func (m machine) read(path string) string {
	data, err := fs.ReadFile(m.root, path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

// cgroups checks the cgroup version. crun does not support hybrid mode.
func (m machine) cgroups() Check {
	const name = "runtime and cgroups"
	mode := m.cgroupMode()
	found := fmt.Sprintf("cgroups %s, runtime %s", mode, m.conf)
	switch {
	case mode == "unknown":
		return Check{name, Warn, found, "is /sys/fs/cgroup mounted?"}
	case mode == "hybrid" && strings.HasPrefix(filepath.Base(m.conf), "crun"):
		return Check{name, Fail, found, explain.HintRuntime}
	case m.conf != "" && !m.lookPath(m.conf):
		return Check{name, Fail, found + ", which is not installed", "install " + m.conf + ", or set another runtime under [engine] in containers.conf"}
	}
	return Check{name, OK, found, ""}
}

func (m machine) cgroupMode() string {
	var v1, v2 bool
	for line := range strings.Lines(m.read("proc/self/mountinfo") + "\n") {
		before, after, ok := strings.Cut(line, " - ")
		f, kind := strings.Fields(before), strings.Fields(after)
		if !ok || len(f) < 5 || len(kind) == 0 || !strings.HasPrefix(f[4], "/sys/fs/cgroup") {
			continue
		}
		v1 = v1 || kind[0] == "cgroup" || kind[0] == "tmpfs"
		v2 = v2 || kind[0] == "cgroup2"
	}
	switch {
	case v1 && v2:
		return "hybrid"
	case v2:
		return "version 2"
	case v1:
		return "version 1"
	}
	return "unknown"
}

// rlimits checks whether podman may raise limits to its defaults. lcitool uses
// lower limits, so this affects only podman run itself.
func (m machine) rlimits() Check {
	const name = "resource limits"
	if m.capable(capSysResource) {
		return Check{name, OK, "may be raised (CAP_SYS_RESOURCE)", ""}
	}
	pidMax, err := strconv.ParseUint(m.read("proc/sys/kernel/pid_max"), 10, 64)
	if err != nil {
		pidMax = 0
	}
	found := fmt.Sprintf("hard limits %s processes, %s files; pid_max %d", limitText(m.hardProcs), limitText(m.hardFiles), pidMax)
	if slices.Contains(m.defaultLimits, "nofile") && slices.Contains(m.defaultLimits, "nproc") {
		return Check{name, OK, found + "; containers.conf has default_ulimits", ""}
	}
	if m.hardProcs < podmanLimit || m.hardFiles < podmanLimit {
		return Check{name, Warn, found, "lcitool asks for less, but plain podman run may fail: " + explain.HintRlimits}
	}
	return Check{name, OK, found, ""}
}

func limitText(n uint64) string {
	if n == math.MaxUint64 {
		return "unlimited"
	}
	return strconv.FormatUint(n, 10)
}

func (m machine) capable(bit uint) bool {
	for line := range strings.Lines(m.read("proc/self/status") + "\n") {
		if hex, ok := strings.CutPrefix(line, "CapEff:"); ok {
			set, err := strconv.ParseUint(strings.TrimSpace(hex), 16, 64)
			return err == nil && set&(1<<bit) != 0
		}
	}
	return false
}

func (m machine) namespaces() Check {
	const name = "user namespaces"
	text := m.read("proc/sys/user/max_user_namespaces")
	most, err := strconv.Atoi(text)
	off := m.read("proc/sys/kernel/unprivileged_userns_clone") == "0"
	state := Fail
	if m.uid == 0 {
		state = Warn // root does not need it
	}
	switch {
	case err != nil:
		return Check{name, state, "not in this kernel", explain.HintClone}
	case most == 0:
		return Check{name, state, "none allowed (user.max_user_namespaces = 0)", explain.HintClone}
	case off && m.uid != 0:
		return Check{name, Fail, "only for root (kernel.unprivileged_userns_clone = 0)", "sysctl kernel.unprivileged_userns_clone=1"}
	}
	return Check{name, OK, fmt.Sprintf("%d allowed", most), ""}
}

// subordinateIDs checks the user's entries in /etc/subuid and /etc/subgid, by
// name or number.
func (m machine) subordinateIDs() Check {
	const name = "subordinate ids"
	if m.uid == 0 {
		return Check{name, OK, "not needed by root", ""}
	}
	login := m.user
	if login == "" {
		login = strconv.Itoa(m.uid)
		if u, err := user.LookupId(login); err == nil {
			login = u.Username
		}
	}
	hint := strings.ReplaceAll(explain.HintSubIDs, "USER", login)
	uids, gids := m.subordinate("etc/subuid", login), m.subordinate("etc/subgid", login)
	found := fmt.Sprintf("%d uids, %d gids for %s", uids, gids, login)
	switch {
	case !m.lookPath("newuidmap") || !m.lookPath("newgidmap"):
		return Check{name, Fail, found + ", newuidmap is not installed", explain.HintUIDMap}
	case uids == 0 || gids == 0:
		return Check{name, Fail, found, hint}
	case uids < 65536 || gids < 65536:
		return Check{name, Warn, found + ", images may use up to 65536", hint}
	}
	return Check{name, OK, found, ""}
}

func (m machine) subordinate(file, login string) uint64 {
	var sum uint64
	for line := range strings.Lines(m.read(file) + "\n") {
		f := strings.Split(strings.TrimSpace(line), ":")
		if len(f) != 3 || f[0] != login && f[0] != strconv.Itoa(m.uid) {
			continue
		}
		if n, err := strconv.ParseUint(f[2], 10, 32); err == nil {
			sum += n
		}
	}
	return sum
}

func (m machine) runtimeDir() Check {
	const name = "XDG_RUNTIME_DIR"
	if m.runtime == "" {
		if m.uid == 0 {
			return Check{name, OK, "not needed by root", ""}
		}
		return Check{name, Warn, "not set", explain.HintRuntimeD}
	}
	if !filepath.IsAbs(m.runtime) { // podman takes it as relative to where it is started
		return Check{name, Fail, m.runtime + " is not an absolute path", explain.HintRuntimeD}
	}
	info, err := fs.Stat(m.root, strings.TrimPrefix(filepath.Clean(m.runtime), "/"))
	switch {
	case err != nil:
		return Check{name, Fail, m.runtime + " does not exist", explain.HintRuntimeD}
	case !info.IsDir():
		return Check{name, Fail, m.runtime + " is no directory", explain.HintRuntimeD}
	case safefs.UID(info) >= 0 && safefs.UID(info) != m.uid:
		return Check{name, Fail, fmt.Sprintf("%s belongs to user %d", m.runtime, safefs.UID(info)), explain.HintRuntimeD}
	}
	return Check{name, OK, m.runtime, ""}
}

func (m machine) helpers() Check {
	const name = "helpers"
	var missing, hints []string
	state := OK
	note := func(there bool, program, hint string, s State) {
		if there {
			return
		}
		missing, hints = append(missing, program), append(hints, hint)
		if s == Fail || state == OK {
			state = s
		}
	}
	note(m.lookPath("conmon"), "conmon", explain.HintConmon, Fail)
	note(m.lookPath("catatonit"), "catatonit", explain.HintInit, Fail)
	note(m.lookPath("netavark") && m.lookPath("aardvark-dns"), "netavark or aardvark-dns", explain.HintNetavark, Warn)
	switch firewall := m.info.firewall(); firewall {
	case "":
		note(m.lookPath("iptables") || m.lookPath("nft"), "iptables", explain.HintIptables, Warn)
	case "nft":
		note(m.lookPath("nft"), "nft", explain.HintNft, Fail)
	default:
		note(m.lookPath(firewall), firewall, "install "+firewall, Fail)
	}
	if m.uid != 0 {
		switch network := m.info.rootlessNetwork(); network {
		case "":
			note(m.lookPath("slirp4netns") || m.lookPath("pasta"), "slirp4netns or pasta", explain.HintSlirp, Warn)
		case "pasta":
			note(m.lookPath("pasta"), "pasta", explain.HintPasta, Fail)
		default:
			note(m.lookPath(network), network, "install "+network, Fail)
		}
	}
	if state == OK {
		return Check{name, OK, "all installed", ""}
	}
	return Check{name, state, "not installed: " + strings.Join(missing, ", "), strings.Join(hints, "; ")}
}

func (m machine) sharedMounts() Check {
	const name = "shared mounts"
	for line := range strings.Lines(m.read("proc/self/mountinfo") + "\n") {
		before, _, _ := strings.Cut(line, " - ")
		if f := strings.Fields(before); len(f) >= 6 && f[4] == "/" {
			for _, option := range f[6:] {
				if strings.HasPrefix(option, "shared:") {
					return Check{name, OK, "/ is shared", ""}
				}
			}
		}
	}
	return Check{name, Warn, `"/" is not a shared mount`, explain.HintShared}
}

func (m machine) kvm() Check {
	const name, device = "/dev/kvm", "/dev/kvm"
	switch err := m.open(device); {
	case err == nil && m.uid != 0 && m.kvmByGroup() && m.runtimeName() != "crun":
		return Check{name, Warn, "can be opened through its group, which containers keep with crun alone; the runtime is " + m.runtimeName(), `set runtime = "crun" under [engine] in containers.conf`}
	case err == nil:
		return Check{name, OK, "can be opened", ""}
	case errors.Is(err, fs.ErrNotExist):
		return Check{name, Warn, "not there: virtual machines in containers are slow", "switch on virtualization in the firmware, or nested virtualization in a virtual machine; load kvm_intel or kvm_amd"}
	default:
		return Check{name, Warn, err.Error(), "add the user to the group of /dev/kvm, usually: usermod --append --groups kvm USER, and log in again"}
	}
}

func openDevice(device string) error {
	f, err := os.OpenFile(device, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

// helperPath looks for a program like podman: in its own directories, then in
// PATH.
func helperPath(program string) bool {
	if strings.HasPrefix(program, "/") {
		_, err := os.Stat(program)
		return err == nil
	}
	for _, dir := range []string{"/usr/libexec/podman", "/usr/local/libexec/podman", "/usr/lib/podman", "/usr/local/lib/podman", "/usr/sbin", "/sbin"} {
		if _, err := os.Stat(filepath.Join(dir, program)); err == nil {
			return true
		}
	}
	_, err := exec.LookPath(program)
	return err == nil
}

// A room is the free space of a file system.
type room struct {
	bytes, inodes uint64
	countsInodes  bool // some file systems make inodes as they need them
}

func freeSpace(dir string) (room, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		return room{}, err
	}
	r := room{inodes: uint64(stat.Ffree), countsInodes: stat.Files > 0} //nolint:gosec // not negative, of whatever type
	r.bytes = uint64(stat.Bavail) * uint64(stat.Bsize)                  //nolint:gosec // neither is negative, of whatever type
	return r, nil
}
