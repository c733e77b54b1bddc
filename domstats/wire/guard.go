// SPDX-License-Identifier: GPL-2.0-or-later

package wire

import (
	"net"
	"sync"
)

// CodeRPC is libvirt's error number for trouble with the protocol itself.
const CodeRPC = 39

// Guard wraps a connection to a daemon. What is read from it are whole, well
// formed replies to calls that were written to it, each at most once; events
// and answers nobody asked for are dropped. A broken reply arrives as an error
// reply with code [CodeRPC]; after a broken length the connection ends.
func Guard(conn net.Conn) net.Conn {
	return &limiter{Conn: conn, open: map[int32]call{}}
}

type call struct{ program, procedure uint32 }

type limiter struct {
	net.Conn
	ready []byte // what Read hands out next; only the reading goroutine uses it
	sent  []byte // start of a call that is not whole yet; only writers use it

	mu   sync.Mutex
	open map[int32]call // calls without an answer, by serial
}

func (g *limiter) Read(p []byte) (int, error) {
	for len(g.ready) == 0 {
		packet, err := ReadPacket(g.Conn)
		if err != nil {
			return 0, err
		}
		if g.answers(packet.Header) {
			g.ready = checked(packet).Bytes()
		}
	}
	n := copy(p, g.ready)
	g.ready = g.ready[n:]
	return n, nil
}

// answers reports whether a call waits for this packet, and ends that wait.
func (g *limiter) answers(h Header) bool {
	if h.Type != TypeReply {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	c, ok := g.open[h.Serial]
	if !ok || c != (call{h.Program, h.Procedure}) {
		return false
	}
	delete(g.open, h.Serial)
	return true
}

func checked(p Packet) Packet {
	if err := CheckReply(p.Header, p.Payload); err != nil {
		p.Header.Status = StatusError
		p.Payload = ErrorPayload(CodeRPC, err.Error())
	}
	return p
}

func (g *limiter) Write(p []byte) (int, error) {
	g.remember(p)
	return g.Conn.Write(p)
}

// remember notes the calls in what is being written. Writers come one at a
// time, but a call may arrive in several pieces.
func (g *limiter) remember(p []byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sent = append(g.sent, p...)
	for len(g.sent) >= headerSize {
		r := &reader{buf: g.sent}
		length := int(r.u32())
		if length < headerSize || len(g.sent) < length {
			return
		}
		c := call{program: r.u32()}
		r.take(4)
		c.procedure = r.u32()
		r.take(4)
		g.open[int32(r.u32())] = c
		g.sent = append([]byte(nil), g.sent[length:]...)
	}
}
