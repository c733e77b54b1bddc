// SPDX-License-Identifier: GPL-2.0-or-later

// Package rpc talks to a libvirt daemon under deadlines.
//
// Every call ends: with an answer, with the daemon's error as a
// [*domstats.Error], or when its context or [Options.Timeout] ends. A call that
// was given up closes the connection, because the protocol has no way to take
// one back; open one connection for each call that may block.
package rpc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	libvirt "github.com/digitalocean/go-libvirt"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/wire"
)

// Options say which daemon to reach.
type Options struct {
	// URI is a libvirt connection URI: "qemu:///system", "test:///default",
	// "qemu+tcp://host/system".
	URI string
	// Socket is the path of the daemon's socket and overrides what follows
	// from URI; empty means to look for it.
	Socket string
	// ReadOnly takes the read-only socket, on which nothing can be changed.
	ReadOnly bool
	// UserDirs are the user's directories in which session daemons make their
	// sockets: the runtime directory, the cache directory.
	UserDirs []string
	// Timeout bounds each call whose context has no deadline; 0 means three
	// minutes: libvirt waits 30 s for a busy domain, and a busy machine is slow.
	Timeout time.Duration
}

// ErrClosed is what a call gives on a connection that was closed, by Close, by
// the daemon, or after a call that timed out.
var ErrClosed = errors.New("connection to libvirt is closed")

// A Client is one connection. It is safe from several goroutines, and their
// calls do not wait for one another.
type Client struct {
	lv      *libvirt.Libvirt
	conn    net.Conn
	timeout time.Duration
	once    sync.Once
	closed  chan struct{}
}

// Open connects, authenticates and opens the driver of the URI. The first open
// after a daemon's start takes seconds.
func Open(ctx context.Context, o Options) (*Client, error) {
	a, err := resolve(o)
	if err != nil {
		return nil, err
	}
	if o.Timeout == 0 {
		o.Timeout = 3 * time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	conn, err := a.dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot reach libvirt: %w", err)
	}
	c := &Client{conn: wire.Guard(conn), timeout: o.Timeout, closed: make(chan struct{})}
	c.lv = libvirt.NewWithDialer(connected{c.conn})
	if _, err := call(ctx, c, func() (struct{}, error) {
		return struct{}{}, c.lv.ConnectToURI(libvirt.ConnectURI(a.open))
	}); err != nil {
		c.Close()
		return nil, fmt.Errorf("cannot open %s: %w", a.open, err)
	}
	return c, nil
}

// connected is the dialer that go-libvirt asks for a connection.
type connected struct{ conn net.Conn }

func (c connected) Dial() (net.Conn, error) { return c.conn, nil }

// Close ends the connection at once, and with it all calls in flight. It may
// be called twice.
func (c *Client) Close() {
	c.once.Do(func() {
		close(c.closed)
		// Nothing is lost when closing fails: the connection is not used again.
		_ = c.conn.Close()
	})
}

// Closed reports whether calls have become pointless.
func (c *Client) Closed() bool {
	select {
	case <-c.closed:
		return true
	default:
		return false
	}
}

type outcome[T any] struct {
	value T
	err   error
}

// call runs f, which is one remote call, until it ends or ctx does. A panic
// inside f, which only a malformed reply could cause, becomes an error.
func call[T any](ctx context.Context, c *Client, f func() (T, error)) (T, error) {
	var zero T
	if c.Closed() {
		return zero, ErrClosed
	}
	ctx, cancel := c.bound(ctx)
	defer cancel()
	done := make(chan outcome[T], 1)
	go func() {
		var o outcome[T]
		defer func() {
			if p := recover(); p != nil {
				o.err = fmt.Errorf("malformed reply: %v", p)
			}
			done <- o
		}()
		o.value, o.err = f()
	}()
	select {
	case o := <-done:
		return o.value, c.translate(o.err)
	case <-c.closed:
		return zero, ErrClosed
	case <-ctx.Done():
		c.Close()
		return zero, fmt.Errorf("libvirt does not answer: %w", ctx.Err())
	}
}

func (c *Client) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, c.timeout)
}

// translate turns go-libvirt's errors into ours, and marks a connection that
// is no more.
func (c *Client) translate(err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[libvirt.Error](err); ok {
		return &domstats.Error{Code: e.Code, Message: strings.TrimSpace(e.Message)}
	}
	if errors.Is(err, libvirt.ErrUnsupported) {
		return &domstats.Error{Code: domstats.CodeNoSupport, Message: err.Error()}
	}
	c.Close()
	return fmt.Errorf("%w: %w", ErrClosed, err)
}
