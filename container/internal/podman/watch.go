// SPDX-License-Identifier: GPL-2.0-or-later

package podman

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
)

// A Watch is an idle connection to a service. It breaks when the service dies,
// even if another service has replaced it before the next request.
type Watch struct{ conn net.Conn }

// Watch returns a Watch of the service. If the service does not respond, it
// returns nil, which never breaks.
func (s *Service) Watch(ctx context.Context) *Watch {
	u, err := url.Parse(s.addr.endpoint())
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
	return &Watch{conn}
}

// Closed reports whether the service has died. The service never sends data on
// this connection, so any result except a timeout means its end.
func (w *Watch) Closed() bool {
	if w == nil {
		return false
	}
	if err := w.conn.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		return true
	}
	_, err := w.conn.Read(make([]byte, 1))
	return !errors.Is(err, os.ErrDeadlineExceeded)
}

func (w *Watch) Close() {
	if w != nil {
		_ = w.conn.Close()
	}
}

const (
	reconnectTries = 10
	reconnectPause = 500 * time.Millisecond
)

// Reconnect restarts a private service if needed and waits until the service
// responds.
func (s *Service) Reconnect(ctx context.Context) error {
	s.died.Store(true)
	var err error
	for range reconnectTries {
		if s.private != nil {
			if _, _, err = s.sharedService(ctx); err == nil {
				return nil
			}
		} else if err = s.wake(ctx); err == nil {
			if _, err = ping(ctx, s.addr); err == nil {
				return nil
			}
		}
		time.Sleep(reconnectPause)
	}
	return &api.EngineError{Op: "reach podman at " + s.addr.URL, Code: 125, Err: err, Hint: "the service died while the container ran"}
}
