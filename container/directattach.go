// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/containers/podman/v4/pkg/bindings/containers"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/conmon"
)

// errConmonUnreachable reports a conmon whose socket is not accessible.
var errConmonUnreachable = errors.New("the socket of the container's conmon cannot be reached")

// useConmonSocket reports whether to connect to conmon directly. That is twice
// as fast as through the service, survives the service, and needs no copy of the
// output on disk. Terminals use the bindings.
func (e *Engine) useConmonSocket(o api.RunOptions) bool {
	if e.conmonUnreachable.Load() || !e.service.Local() || wantsTerminal(o) {
		return false
	}
	info, err := os.Stat(e.service.Socket())
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}

// attachDirect initializes the container, which detects most reasons why it
// cannot start, and connects to its conmon.
func (r *running) attachDirect(stdin io.Reader) (<-chan error, error) {
	if err := containers.ContainerInit(r.conn, r.name, nil); err != nil {
		return nil, err
	}
	data, err := containers.Inspect(r.conn, r.name, nil)
	if err != nil {
		return nil, err
	}
	conn, err := conmon.Dial(filepath.Join(filepath.Dir(data.OCIConfigPath), "attach"))
	if err != nil {
		r.log.Debug("cannot reach conmon", "err", err)
		r.engine.conmonUnreachable.Store(true)
		return nil, errConmonUnreachable
	}
	r.conmon = conn
	if stdin != nil {
		go conmon.Feed(conn, stdin)
	}
	ended := make(chan error, 1)
	go func() {
		defer conn.Close()
		ended <- conmon.Copy(r.out, r.err, conn)
	}()
	return ended, nil
}

// detach removes a container that was not started because the service died.
// Otherwise its conmon would wait forever.
func (r *running) detach(ctx context.Context) {
	if err := r.engine.service.Reconnect(context.WithoutCancel(ctx)); err != nil {
		_ = r.conmon.Close() // nothing can be started any more
		return
	}
	c, done, err := r.engine.service.Afterwards(ctx)
	if err != nil {
		return
	}
	defer done()
	if data, err := containers.Inspect(c, r.name, nil); err == nil && data.State.StartedAt.IsZero() {
		_ = r.conmon.Close()
	}
}
