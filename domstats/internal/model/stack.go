// SPDX-License-Identifier: GPL-2.0-or-later

// Package model simulates a libvirt daemon with its QEMU and its host.
//
// It behaves as the documentation says and as libvirt 11.3 with QEMU 10 were
// observed to, so that no case of the suite fails on it. It uses the real clock,
// which costs no time in a bubble of testing/synctest.
package model

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/suite"
)

// A Stack is one simulated machine.
type Stack struct {
	mu      sync.Mutex
	qemu    map[domstats.UUID]*domain
	test    map[domstats.UUID]*domain
	files   map[string]file
	devices map[string]*nic // host devices by name
	peers   map[string]*nic // by the name of the other end of a pair
	lastID  int32
	made    uint32
	images  uint32 // that were opened so far
	started time.Time
	// muteServers are those that are stopped, by socket; closed when they go on.
	muteServers map[string]chan struct{}
	deadServers map[string]bool
	restart     chan struct{} // closed when the daemon stops
}

// New makes a machine on which a domain that is not the suite's runs.
func New() *Stack {
	s := &Stack{qemu: map[domstats.UUID]*domain{}, test: map[domstats.UUID]*domain{}, files: map[string]file{},
		devices: map[string]*nic{}, peers: map[string]*nic{}, muteServers: map[string]chan struct{}{}, deadServers: map[string]bool{}, started: time.Now().Add(-time.Hour), restart: make(chan struct{})}
	for name, drv := range map[string]map[domstats.UUID]*domain{"bystander": s.qemu, "test": s.test} {
		d, err := s.parse("<domain type='qemu'><name>" + name + "</name><memory unit='KiB'>8192</memory><vcpu>1</vcpu></domain>")
		if err == nil {
			d.persistent = true
			d.boot(s, false)
			d.reason = 0
			drv[d.id.UUID] = d
		}
	}
	return s
}

// Domains are the names of the domains of the QEMU driver, sorted.
func (s *Stack) Domains() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, d := range s.qemu {
		names = append(names, d.id.Name)
	}
	slices.Sort(names)
	return names
}

// Open makes a connection.
func (s *Stack) Open(ctx context.Context, a suite.Access) (suite.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &conn{s: s, domains: s.qemu, readOnly: a == suite.ReadOnly, closed: make(chan struct{}), daemon: s.restart}
	if a == suite.TestDriver {
		c.domains, c.test = s.test, true
	}
	return c, nil
}

// Host is the machine.
func (s *Stack) Host() suite.Host { return host{s} }

// sorted are the domains of a driver by id, then name; the order means nothing.
func sorted(m map[domstats.UUID]*domain) []*domain {
	return slices.SortedFunc(maps.Values(m), func(a, b *domain) int {
		return cmp.Or(cmp.Compare(a.id.ID, b.id.ID), cmp.Compare(a.id.Name, b.id.Name))
	})
}
