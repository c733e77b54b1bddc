// SPDX-License-Identifier: GPL-2.0-or-later

// Package live is a libvirt daemon with its QEMU, as the suite drives them.
package live

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"gitlab.com/lcitool/lcitool/domstats/rpc"
	"gitlab.com/lcitool/lcitool/domstats/suite"
)

// Options say which daemon, and what may be done around it.
type Options struct {
	// RPC reaches the daemon. ReadOnly is set as cases want it.
	RPC rpc.Options
	// Dir is the run's own directory, which QEMU can read and write.
	Dir string
	// Restart stops the daemon, calls meanwhile if it is not nil, and starts the daemon again;
	// nil when that is not ours to do.
	Restart func(ctx context.Context, meanwhile func()) error
	// ErrorsSince gives errors of the daemon's log after the first n, and how many there
	// are; nil when the log is not ours.
	ErrorsSince func(n int) (lines []string, now int)
}

// A Stack is a daemon and the machine it runs on.
type Stack struct {
	o    Options
	host *Host
}

// New describes a stack; nothing is opened yet.
func New(o Options) *Stack { return &Stack{o: o, host: newHost(o)} }

// Host is the machine.
func (s *Stack) Host() suite.Host { return s.host }

// Open makes a connection.
func (s *Stack) Open(ctx context.Context, a suite.Access) (suite.Conn, error) {
	o := s.o.RPC
	switch a {
	case suite.ReadOnly:
		o.ReadOnly = true
		if o.Socket != "" {
			o.Socket += "-ro"
		}
	case suite.TestDriver:
		o.URI = testURI(o.URI)
	case suite.ReadWrite:
		if strings.HasPrefix(o.URI, "test") {
			return nil, fmt.Errorf("%s has no QEMU driver", o.URI)
		}
	}
	c, err := rpc.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// testURI is the test driver of the same daemon.
func testURI(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return "test:///default"
	}
	_, transport, _ := strings.Cut(u.Scheme, "+")
	u.Scheme, u.Path = "test", "/default"
	if transport != "" {
		u.Scheme = "test+" + transport
	}
	return u.String()
}

// remote reports whether the daemon may be on another machine.
func (o Options) remote() bool {
	u, err := url.Parse(o.RPC.URI)
	return err == nil && u.Host != ""
}

// session reports whether the daemon is a user's own.
func (o Options) session() bool {
	u, err := url.Parse(o.RPC.URI)
	return err == nil && u.Path == "/session"
}
