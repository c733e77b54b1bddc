// SPDX-License-Identifier: GPL-2.0-or-later

package fault

import (
	"context"
	"slices"

	"gitlab.com/lcitool/lcitool/domstats/suite"
)

// count notes a call for statistics.
func (m *memory) count() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked++
}

// leaked is what the calls so far left behind when each leaves as much.
func (m *memory) leaked(each int) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return each * m.asked
}

// host shows the daemon with what calls left behind in it.
type host struct {
	suite.Host
	f Fault
	m *memory
}

func (s stack) Host() suite.Host { return host{s.Stack.Host(), s.f, s.m} }

// RestartDaemon notes the restart.
func (h host) RestartDaemon(ctx context.Context) error {
	h.m.mu.Lock()
	h.m.fresh = true
	h.m.mu.Unlock()
	return h.Host.RestartDaemon(ctx)
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

func (d daemon) Resident() (uint64, error) {
	kib, err := d.Process.Resident()
	return kib + uint64(d.m.leaked(d.f.kib)), err
}
