// SPDX-License-Identifier: GPL-2.0-or-later

package rpc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"
)

// An address is where a daemon listens and what to open there.
type address struct {
	network string   // "unix" or "tcp"
	places  []string // tried in order
	open    string   // the URI as the daemon gets it
}

// resolve reads a libvirt URI. What it supports: the local sockets,
// "+unix" with "?socket=", and "+tcp".
func resolve(o Options) (address, error) {
	u, err := url.Parse(o.URI)
	if err != nil {
		return address{}, fmt.Errorf("cannot read the connection URI: %w", err)
	}
	driver, transport, _ := strings.Cut(u.Scheme, "+")
	if driver == "" {
		return address{}, fmt.Errorf("connection URI %q names no driver", o.URI)
	}
	a := address{network: "unix", open: driver + "://" + u.Path}
	if socket := u.Query().Get("socket"); socket != "" && o.Socket == "" {
		o.Socket = socket
	}
	switch {
	case o.Socket != "":
		a.places = []string{o.Socket}
	case transport == "tcp":
		port := u.Port()
		if port == "" {
			port = "16509"
		}
		a.network, a.places = "tcp", []string{net.JoinHostPort(u.Hostname(), port)}
	case u.Host != "" || transport != "" && transport != "unix":
		return address{}, fmt.Errorf("connection URI %q: only unix and tcp transports are supported", o.URI)
	default:
		a.places = sockets(driver, u.Path, o)
	}
	return a, nil
}

// sockets lists where a local daemon may listen, the modular one first.
func sockets(driver, path string, o Options) []string {
	suffix := ""
	if o.ReadOnly {
		suffix = "-ro"
	}
	session := driver == "qemu" && path == "/session"
	var folders []string
	if !session {
		folders = append(folders, "/run/libvirt")
	}
	if session || driver == "test" {
		// A session daemon has no read-only socket.
		if session {
			suffix = ""
		}
		for _, d := range o.UserDirs {
			folders = append(folders, filepath.Join(d, "libvirt"))
		}
	}
	var out []string
	for _, f := range folders {
		if driver == "qemu" {
			out = append(out, filepath.Join(f, "virtqemud-sock"+suffix))
		}
		out = append(out, filepath.Join(f, "libvirt-sock"+suffix))
	}
	return out
}

// PeerPID is the process that listens on the daemon's local socket.
func PeerPID(ctx context.Context, o Options) (int, error) {
	a, err := resolve(o)
	if err != nil {
		return 0, err
	}
	conn, err := a.dial(ctx)
	if err != nil {
		return 0, fmt.Errorf("cannot reach libvirt: %w", err)
	}
	defer conn.Close()
	local, ok := conn.(*net.UnixConn)
	if !ok {
		return 0, fmt.Errorf("the daemon is not reached over a local socket")
	}
	raw, err := local.SyscallConn()
	if err != nil {
		return 0, err
	}
	var pid int
	var asked error
	err = raw.Control(func(fd uintptr) { pid, asked = peerPID(int(fd)) })
	if err := errors.Join(err, asked); err != nil {
		return 0, fmt.Errorf("cannot ask who listens: %w", err)
	}
	return pid, nil
}

// dial connects to the first place that answers.
func (a address) dial(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	var faults []error
	for _, p := range a.places {
		conn, err := d.DialContext(ctx, a.network, p)
		if err == nil {
			return conn, nil
		}
		faults = append(faults, err)
	}
	return nil, errors.Join(faults...)
}
