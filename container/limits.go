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
	// maxFiles is small, because programs that close all descriptors at start are
	// slow with the large default of some engines.
	maxFiles = 1024
	// maxProcsAway is used for services on machines whose limits are not known.
	maxProcsAway = 4096
)

// atLeast reports whether podman has this major version or a later one.
func (e *Engine) atLeast(major int) bool {
	first, _, _ := strings.Cut(e.Version(), ".")
	n, err := strconv.Atoi(first)
	return err == nil && n >= major
}

// limits returns the limits on open files and processes of containers and build
// steps. Both are always set, because podman's defaults fail if the service may
// not raise its limits.
func limits(local bool) (files, procs uint64) {
	if !local {
		return maxFiles, maxProcsAway
	}
	pidMax, _ := os.ReadFile("/proc/sys/kernel/pid_max")
	return min(maxFiles, podman.HardLimit(unix.RLIMIT_NOFILE)), safeProcs(podman.HardLimit(unix.RLIMIT_NPROC), string(pidMax))
}

// safeProcs returns the highest process limit that works: podman lowers values
// above pid_max, and the runtime refuses values above the hard limit.
func safeProcs(hard uint64, pidMax string) uint64 {
	most, err := strconv.ParseUint(strings.TrimSpace(pidMax), 10, 64)
	if err != nil || most == 0 {
		most = 32768
	}
	return min(hard, most)
}

// limits returns the limits that the service may set. A service that lcitool did
// not start may have lower hard limits, which the API does not return: its
// refusals tell.
func (e *Engine) limits() (files, procs uint64) {
	files, procs = limits(e.service.Local())
	if e.service.Private() == nil {
		procs = min(procs, maxProcsAway)
	}
	return e.refused.files.lower(files), e.refused.procs.lower(procs)
}

// choosesProcs reports whether a service that lcitool did not start chooses a
// valid process limit by itself if none is set: podman 5 does, earlier versions
// only as an ordinary user.
func (e *Engine) choosesProcs() bool {
	if e.service.Private() != nil || e.refused.files.known() || e.refused.procs.known() {
		return false
	}
	if e.atLeast(5) {
		return true
	}
	info, err := os.Stat(e.service.Socket())
	return err == nil && e.service.Local() && safefs.UID(info) != 0
}

func (e *Engine) rlimits() []spec.POSIXRlimit {
	files, procs := e.limits()
	if e.choosesProcs() {
		procs = 0
	}
	return posixLimits(files, procs)
}

// engineLimits returns podman's default limits, reduced to what the service may
// set. It returns nil for a service that chooses them by itself.
func (e *Engine) engineLimits() []spec.POSIXRlimit {
	const podmanFiles = 1 << 20
	if e.choosesProcs() {
		return nil
	}
	if !e.service.Local() {
		return e.rlimits()
	}
	_, procs := e.limits()
	return posixLimits(e.refused.files.lower(min(podmanFiles, podman.HardLimit(unix.RLIMIT_NOFILE))), procs)
}

func (e *Engine) buildLimits() []spec.POSIXRlimit {
	files, procs := e.limits()
	if e.choosesProcs() && e.atLeast(5) { // earlier builders do not choose
		procs = 0
	}
	return posixLimits(files, procs)
}

// posixLimits sets no limit of processes if procs is 0.
func posixLimits(files, procs uint64) []spec.POSIXRlimit {
	list := []spec.POSIXRlimit{{Type: "nofile", Hard: files, Soft: files}}
	if procs > 0 {
		list = append(list, spec.POSIXRlimit{Type: "nproc", Hard: procs, Soft: procs})
	}
	return list
}

// ulimits writes limits as a build request has them.
func ulimits(list []spec.POSIXRlimit) []string {
	words := make([]string, 0, len(list))
	for _, l := range list {
		words = append(words, fmt.Sprintf("%s=%d:%d", l.Type, l.Soft, l.Hard))
	}
	return words
}
