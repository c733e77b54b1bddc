// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"time"
)

// A lifeline is an idle connection to a service. It breaks when the service
// dies, even if another one has taken its place by the time that one is asked
// anything: a stream that ends looks the same in both cases.
type lifeline struct{ conn net.Conn }

// lifeline returns one, or nil, which never breaks, when nothing answers.
func (e *Engine) lifeline(ctx context.Context) *lifeline {
	u, err := url.Parse(e.addr.endpoint())
	if err != nil {
		return nil
	}
	network, target := u.Scheme, u.Host
	if u.Scheme == "unix" {
		target = u.Host + u.Path
	}
	conn, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(context.WithoutCancel(ctx), network, target)
	if err != nil {
		return nil
	}
	return &lifeline{conn}
}

// broken reports whether the service has died. Nothing is ever sent on the
// connection, so anything but silence means its end.
func (l *lifeline) broken() bool {
	if l == nil {
		return false
	}
	if err := l.conn.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		return true
	}
	_, err := l.conn.Read(make([]byte, 1))
	return !errors.Is(err, os.ErrDeadlineExceeded)
}

func (l *lifeline) close() {
	if l != nil {
		_ = l.conn.Close()
	}
}
