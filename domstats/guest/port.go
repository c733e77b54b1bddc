// SPDX-License-Identifier: GPL-2.0-or-later

package guest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// Answers of the program.
const (
	Done     byte = '.'
	Failed   byte = 'E'
	Unknown  byte = '?'
	Greeting byte = 'K' // it has started; never an answer to a command
)

// A Port is the guest's serial port. It is for one goroutine.
type Port struct{ conn net.Conn }

// Connect opens the unix socket of a guest's serial port, waiting for it to
// appear until ctx ends.
func Connect(ctx context.Context, path string) (*Port, error) {
	var d net.Dialer
	for {
		conn, err := d.DialContext(ctx, "unix", path)
		if err == nil {
			return &Port{conn}, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("cannot reach the guest: %w", errors.Join(err, ctx.Err()))
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// NewPort makes a port of a connection to the guest's serial line.
func NewPort(conn net.Conn) *Port { return &Port{conn} }

// Close ends the connection; the guest runs on.
func (p *Port) Close() error { return p.conn.Close() }

// Send writes bytes without waiting for answers, for commands that give none.
func (p *Port) Send(ctx context.Context, bytes string) error {
	defer p.bound(ctx)()
	if _, err := p.conn.Write([]byte(bytes)); err != nil {
		return p.explain(ctx, "cannot send to the guest", err)
	}
	return nil
}

// Read waits for one byte from the guest.
func (p *Port) Read(ctx context.Context) (byte, error) {
	defer p.bound(ctx)()
	var b [1]byte
	if _, err := p.conn.Read(b[:]); err != nil {
		return 0, p.explain(ctx, "no answer from the guest", err)
	}
	return b[0], nil
}

// Ready waits until the guest takes commands. Its greeting may be lost when it
// came before the connection, so it is asked with a byte that means nothing.
func (p *Port) Ready(ctx context.Context) error {
	for {
		attempt, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		_, err := p.Read(attempt)
		cancel()
		if err == nil || ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		if err := p.Send(ctx, "~"); err != nil {
			return err
		}
	}
}

// Do sends a command, with its operand if it takes one, and waits for the
// answer. Answers other than [Done] are errors. Leftovers of probing are skipped.
func (p *Port) Do(ctx context.Context, command string) error {
	if err := p.Send(ctx, command); err != nil {
		return err
	}
	for {
		b, err := p.Read(ctx)
		if err != nil {
			return fmt.Errorf("command %q: %w", command, err)
		}
		switch b {
		case Done:
			return nil
		case Unknown, Greeting:
			// A probe is answered late. Our commands are all known.
		default:
			return fmt.Errorf("command %q: the guest answered %q", command, b)
		}
	}
}

// repeatAfter is when a command without an answer counts as lost; a guest answers
// in milliseconds, a machine may be busy.
const repeatAfter = 15 * time.Second

// DoUntilAnswered is Do for a command that may be done twice: it is sent again
// when it was lost, at most three times in all.
func (p *Port) DoUntilAnswered(ctx context.Context, command string) error {
	const most = 3
	var err error
	for range most {
		attempt, cancel := context.WithTimeout(ctx, repeatAfter)
		err = p.Do(attempt, command)
		cancel()
		if err == nil || ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
	}
	return fmt.Errorf("sent %d times: %w", most, err)
}

func (p *Port) explain(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return fmt.Errorf("%s: %w", what, err)
}

// bound makes reads and writes end with ctx until the returned function runs.
func (p *Port) bound(ctx context.Context) func() {
	// Errors of SetDeadline mean that the connection is closed: all ends the same.
	fired := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(fired)
		_ = p.conn.SetDeadline(time.Unix(1, 0))
	})
	return func() {
		if !stop() {
			<-fired
			_ = p.conn.SetDeadline(time.Time{})
		}
	}
}
