// SPDX-License-Identifier: GPL-2.0-or-later

package fault

import (
	"context"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/suite"
)

// count notes a call for statistics.
func (m *memory) count() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked++
}

// leave notes what a call leaves behind for what it was asked.
func (m *memory) leave(bytes int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.left += bytes
}

// leaked is what the calls so far left behind when each leaves as much.
func (m *memory) leaked(each int) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return each * m.asked
}

// heap is what calls left behind for what they were asked.
func (m *memory) heap() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.left
}

// host shows the daemon with what calls left behind in it.
type host struct {
	suite.Host
	f Fault
	m *memory
}

func (s stack) Host() suite.Host { return host{s.Stack.Host(), s.f, s.m} }

// RestartDaemon notes the restart.
func (h host) RestartDaemon(ctx context.Context, meanwhile func()) error {
	h.m.mu.Lock()
	h.m.fresh = true
	h.m.restarts++
	h.m.mu.Unlock()
	return h.Host.RestartDaemon(ctx, meanwhile)
}

// Virsh leaves out the option that libvirt's client ignores.
func (h host) Virsh(ctx context.Context, args ...string) (string, error) {
	args = slices.DeleteFunc(slices.Clone(args), func(a string) bool { return a == h.f.ignored })
	out, err := h.Host.Virsh(ctx, args...)
	if h.f.prints != nil {
		out = h.f.prints(out)
	}
	return out, err
}

// ErrorsSince shows an error for each call, where calls log them.
func (h host) ErrorsSince(n int) ([]string, int) {
	if !h.f.logs {
		return h.Host.ErrorsSince(n)
	}
	now := h.m.leaked(1)
	return slices.Repeat([]string{"error : internal error: no such file"}, max(now-n, 0)), now
}

func (h host) Daemon(ctx context.Context) (suite.Process, error) {
	p, err := h.Host.Daemon(ctx)
	if err != nil {
		return nil, err
	}
	return daemon{p, h.f, h.m}, nil
}

type daemon struct {
	suite.Process
	f Fault
	m *memory
}

func (d daemon) Descriptors() (int, error) {
	n, err := d.Process.Descriptors()
	return n + d.m.leaked(d.f.descriptors), err
}

func (d daemon) Private() (uint64, error) {
	kib, err := d.Process.Private()
	const kibibyte = 1024
	return kib + uint64(d.m.leaked(d.f.kib)) + uint64(d.m.heap())/kibibyte, err
}

// chunk is the least that an allocation takes.
const chunk = 32

// leftOfThreads is an empty list for each record without IOThreads.
func leftOfThreads(q query, records []domstats.Record, _ error) (bytes int) {
	for _, r := range records {
		if q.groups&domstats.GroupIOThread != 0 && !slices.ContainsFunc(r.Params, func(p domstats.Param) bool { return p.Name == "iothread.count" }) {
			bytes += chunk
		}
	}
	return bytes
}

// leftOfImages is a text for each image of a domain that does not run.
func leftOfImages(_ query, records []domstats.Record, _ error) (bytes int) {
	for _, r := range records {
		if r.Domain.ID >= 0 {
			continue
		}
		for _, p := range r.Params {
			if strings.HasPrefix(p.Name, "block.") && strings.HasSuffix(p.Name, ".path") {
				bytes += chunk
			}
		}
	}
	return bytes
}

// leftOfBalloon is QEMU's answer about the balloon of a domain that runs.
func leftOfBalloon(_ query, records []domstats.Record, _ error) (bytes int) {
	const answer = 450
	for _, r := range records {
		if r.Has("balloon.last-update") {
			bytes += answer
		}
	}
	return bytes
}

// leftOfVCPUs is a text for each vCPU.
func leftOfVCPUs(_ query, records []domstats.Record, _ error) (bytes int) {
	for _, r := range records {
		for _, p := range r.Params {
			if strings.HasPrefix(p.Name, "vcpu.") && strings.HasSuffix(p.Name, ".state") {
				bytes += chunk
			}
		}
	}
	return bytes
}

// leftOfRefused is the list of records, one pointer for each domain.
func leftOfRefused(q query, _ []domstats.Record, err error) int {
	const pointer = 8
	if err == nil {
		return 0
	}
	return pointer * len(q.domains)
}
