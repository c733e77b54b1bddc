// SPDX-License-Identifier: GPL-2.0-or-later

// Package proxy rewrites the domain statistics that a libvirt daemon sends.
//
// It shows how the suite judges a daemon that reports wrong values.
package proxy

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"gitlab.com/lcitool/lcitool/domstats/wire"
)

// A Rewrite gets each successful reply to the statistics call and returns
// what goes to the client instead: whole packets, or any bytes at all.
type Rewrite func(p wire.Packet) []byte

// A Proxy listens on a unix socket.
type Proxy struct {
	listener net.Listener
	daemon   string
	rewrite  Rewrite

	mu    sync.Mutex
	conns map[net.Conn]bool
	done  sync.WaitGroup
}

// Listen makes a socket at path whose connections go on to the daemon's socket.
func Listen(path, daemon string, rewrite Rewrite) (*Proxy, error) {
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("cannot listen for clients: %w", err)
	}
	p := &Proxy{listener: l, daemon: daemon, rewrite: rewrite, conns: map[net.Conn]bool{}}
	p.done.Go(p.serve)
	return p, nil
}

// Close ends all connections and waits for them.
func (p *Proxy) Close() error {
	err := p.listener.Close()
	p.mu.Lock()
	for c := range p.conns {
		err = errors.Join(err, ignoreClosed(c.Close()))
	}
	p.conns = nil
	p.mu.Unlock()
	p.done.Wait()
	return err
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (p *Proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		daemon, err := net.Dial("unix", p.daemon)
		if err != nil || !p.keep(client, daemon) {
			// The client sees the end of its connection.
			_ = client.Close()
			continue
		}
		p.done.Go(func() { p.forward(client, daemon) })
		p.done.Go(func() { p.answer(client, daemon) })
	}
}

// keep notes connections to be closed, unless the proxy is closed already.
func (p *Proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conns == nil {
		for _, c := range conns {
			_ = c.Close()
		}
		return false
	}
	for _, c := range conns {
		p.conns[c] = true
	}
	return true
}

// forward passes calls on untouched.
func (p *Proxy) forward(client, daemon net.Conn) {
	// Either side may end the connection at any time; the other learns it.
	_, _ = io.Copy(daemon, client)
	_ = daemon.Close()
}

// answer passes packets back, those about statistics rewritten.
func (p *Proxy) answer(client, daemon net.Conn) {
	defer func() { _ = client.Close() }()
	for {
		packet, err := wire.ReadPacket(daemon)
		if err != nil {
			return
		}
		out := packet.Bytes()
		h := packet.Header
		if h.Program == wire.ProgramRemote && h.Procedure == wire.ProcAllDomainStats && h.Type == wire.TypeReply && h.Status == wire.StatusOK {
			out = p.rewrite(packet)
		}
		if _, err := client.Write(out); err != nil {
			return
		}
	}
}
