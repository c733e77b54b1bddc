// SPDX-License-Identifier: GPL-2.0-or-later

package qmp

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// maxReply bounds one line from QEMU; a schema of 64 vCPUs takes a tenth of it.
const maxReply = 16 << 20

// A Socket is a monitor connection of its own, beside libvirt's. It is safe
// from several goroutines; commands run one after the other.
type Socket struct {
	mu    sync.Mutex
	conn  net.Conn
	lines *bufio.Scanner
}

// Dial connects to a QMP server on a unix socket, which speaks to one client
// at a time, and negotiates. The deadline of ctx holds for both.
func Dial(ctx context.Context, path string) (*Socket, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("cannot reach QEMU's monitor: %w", err)
	}
	s := newSocket(conn)
	if err := s.negotiate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot talk to QEMU's monitor at %s: %w", path, err), conn.Close())
	}
	return s, nil
}

func newSocket(conn net.Conn) *Socket {
	s := &Socket{conn: conn, lines: bufio.NewScanner(conn)}
	s.lines.Buffer(nil, maxReply)
	return s
}

func (s *Socket) negotiate(ctx context.Context) error {
	defer s.bound(ctx)()
	greeting, err := s.next()
	if err != nil {
		return err
	}
	if _, ok := greeting["QMP"]; !ok {
		return errors.New("no greeting")
	}
	_, err = s.roundTrip(`{"execute":"qmp_capabilities"}`)
	return err
}

// Execute sends command and returns the first line that is not an event. When
// ctx ends first the connection is closed, because the reply would be
// taken for that of the next command.
func (s *Socket) Execute(ctx context.Context, command string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	release := s.bound(ctx)
	reply, err := s.roundTrip(command)
	release()
	if err == nil {
		return reply, nil
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return "", errors.Join(fmt.Errorf("cannot ask QEMU's monitor: %w", err), ignoreClosed(s.conn.Close()))
}

// Close ends the connection.
func (s *Socket) Close() error { return ignoreClosed(s.conn.Close()) }

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (s *Socket) roundTrip(command string) (string, error) {
	if _, err := s.conn.Write([]byte(command + "\n")); err != nil {
		return "", err
	}
	for {
		reply, err := s.next()
		if err != nil {
			return "", err
		}
		if _, event := reply["event"]; !event {
			return s.lines.Text(), nil
		}
	}
}

func (s *Socket) next() (map[string]json.RawMessage, error) {
	if !s.lines.Scan() {
		if err := s.lines.Err(); err != nil {
			return nil, err
		}
		return nil, errors.New("QEMU closed its monitor")
	}
	var m map[string]json.RawMessage
	err := json.Unmarshal(s.lines.Bytes(), &m)
	return m, err
}

// bound makes reads and writes end with ctx, until the returned function runs.
func (s *Socket) bound(ctx context.Context) (release func()) {
	stop := context.AfterFunc(ctx, func() {
		// An error means that the connection is closed: it ends all the same.
		_ = s.conn.SetDeadline(time.Unix(1, 0))
	})
	return func() { stop() }
}
