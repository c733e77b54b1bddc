// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	spec "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"gitlab.com/lcitool/lcitool/container/internal/podman"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

const (
	// maxFiles is small because programs that close all descriptors get slow
	// with the huge default of some engines.
	maxFiles = 1024
	// maxProcsAway is for services whose machine we cannot look at.
	maxProcsAway = 4096
)

// atLeast reports whether the service is of that major version or a later one.
func (e *Engine) atLeast(major int) bool {
	first, _, _ := strings.Cut(e.Version(), ".")
	n, err := strconv.Atoi(first)
	return err == nil && n >= major
}

// limits returns the numbers of open files and processes that every container
// and build step gets. Both are always said: podman's own default of either is
// refused where the service may not raise its limits.
func limits(local bool) (files, procs uint64) {
	if !local {
		return maxFiles, maxProcsAway
	}
	pidMax, _ := os.ReadFile("/proc/sys/kernel/pid_max")
	return min(maxFiles, podman.HardLimit(unix.RLIMIT_NOFILE)), safeProcs(podman.HardLimit(unix.RLIMIT_NPROC), string(pidMax))
}

// safeProcs is the most that podman accepts: it lowers what is above pid_max
// and the runtime refuses what is above the hard limit.
func safeProcs(hard uint64, pidMax string) uint64 {
	most, err := strconv.ParseUint(strings.TrimSpace(pidMax), 10, 64)
	if err != nil || most == 0 {
		most = 32768
	}
	return min(hard, most)
}

// limits are those that the engine's service may set. One that we did not
// start may have lower limits than we have, which nobody tells.
func (e *Engine) limits() (files, procs uint64) {
	files, procs = limits(e.service.Local())
	if e.service.Private() == nil {
		procs = min(procs, maxProcsAway)
	}
	return files, procs
}

// choosesProcs reports whether a service that we did not start lowers the number
// of processes to what it may set if we do not say one: podman 5 does, and
// earlier ones do as an ordinary user.
func (e *Engine) choosesProcs() bool {
	if e.service.Private() != nil {
		return false
	}
	if e.atLeast(5) {
		return true
	}
	info, err := os.Stat(e.service.Socket())
	return err == nil && e.service.Local() && safefs.UID(info) != 0
}

// rlimits are the limits of a container.
func (e *Engine) rlimits() []spec.POSIXRlimit {
	files, procs := e.limits()
	if e.choosesProcs() {
		return []spec.POSIXRlimit{{Type: "nofile", Hard: files, Soft: files}}
	}
	return []spec.POSIXRlimit{{Type: "nofile", Hard: files, Soft: files}, {Type: "nproc", Hard: procs, Soft: procs}}
}

// engineLimits are podman's own limits of open files and processes, as far as
// the service may set them. A podman 5 that we did not start finds that out
// itself.
func (e *Engine) engineLimits() []spec.POSIXRlimit {
	const podmanFiles = 1 << 20
	if e.choosesProcs() {
		return nil
	}
	if !e.service.Local() {
		return e.rlimits()
	}
	files := min(podmanFiles, podman.HardLimit(unix.RLIMIT_NOFILE))
	_, procs := e.limits()
	return []spec.POSIXRlimit{{Type: "nofile", Hard: files, Soft: files}, {Type: "nproc", Hard: procs, Soft: procs}}
}

// ulimits are the limits of a build's steps.
func (e *Engine) ulimits() []string {
	files, procs := e.limits()
	if e.service.Private() == nil && e.atLeast(5) { // as choosesProcs has it; earlier builders do not choose
		return []string{fmt.Sprintf("nofile=%d:%d", files, files)}
	}
	return []string{fmt.Sprintf("nofile=%d:%d", files, files), fmt.Sprintf("nproc=%d:%d", procs, procs)}
}
