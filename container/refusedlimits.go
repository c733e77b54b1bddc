// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"strings"
	"sync/atomic"

	spec "github.com/opencontainers/runtime-spec/specs-go"
)

// refusedLimits are what the runtime refused to set so far.
type refusedLimits struct{ files, procs ceiling }

// A ceiling is half of the smallest value that was refused, 0 if none was.
type ceiling struct{ value atomic.Uint64 }

func (c *ceiling) lower(limit uint64) uint64 {
	if most := c.value.Load(); most > 0 {
		return min(limit, most)
	}
	return limit
}

func (c *ceiling) known() bool { return c.value.Load() > 0 }

// refuse lowers the ceiling below a value. It reports whether there is anything
// left to try.
func (c *ceiling) refuse(value uint64) bool {
	for value > 1 {
		old := c.value.Load()
		if old > 0 && old <= value/2 || c.value.CompareAndSwap(old, value/2) {
			return true
		}
	}
	return false
}

// refusedLimit returns the limit that a runtime may not raise, by its words: ""
// if err is something else.
func refusedLimit(err error) string {
	if err == nil {
		return ""
	}
	words := err.Error()
	if !strings.Contains(words, "rlimit") || !strings.Contains(words, "peration not permitted") {
		return ""
	}
	switch {
	case strings.Contains(words, "RLIMIT_NPROC"), strings.Contains(words, "rlimit type 6"):
		return "nproc"
	case strings.Contains(words, "RLIMIT_NOFILE"), strings.Contains(words, "rlimit type 7"):
		return "nofile"
	}
	return ""
}

// lowPorts says on which ports all users may listen: those from it. Docker sets it
// to 0 in the network of a container.
const lowPorts = "net.ipv4.ip_unprivileged_port_start"

// refusesPorts reports whether a container failed because of lowPorts: podman's
// configuration can give it the host's network, the runtime can have no right to set
// it, and an old kernel does not have it. Later containers go without it.
func (e *Engine) refusesPorts(err error) bool {
	if err == nil || !strings.Contains(err.Error(), "ip_unprivileged_port_start") {
		return false
	}
	e.log.Debug("the service cannot set the first port of all users", "err", err)
	e.refusedPorts.Store(true)
	return true
}

// lowerLimits reports whether a container or build that asked for these limits
// failed because of one of them, and can be tried with less. Nothing of it has
// run then. A refused limit that was not asked for is a default of the service:
// from then on lcitool asks.
func (e *Engine) lowerLimits(asked []spec.POSIXRlimit, err error) bool {
	refused, most := refusedLimit(err), &e.refused.files
	switch refused {
	case "":
		return false
	case "nproc":
		most = &e.refused.procs
	}
	value := uint64(2 * maxProcsAway)
	for _, l := range asked {
		if l.Type == refused {
			value = l.Hard
		}
	}
	e.log.Debug("the service may not set a limit", "limit", refused, "value", value)
	return most.refuse(value)
}
