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

	"gitlab.com/lcitool/lcitool/container/internal/conmon"
)

// errFar is a container whose monitor cannot be reached from here.
var errFar = errors.New("the container's monitor is out of reach")

// near reports whether the container's monitor may be spoken to itself: that
// is twice as fast as through the service, outlives the service, and needs no
// copy of the output on disk. A terminal is left to the bindings.
func (e *Engine) near(o RunOptions) bool {
	if e.far.Load() || !e.service.Local() || o.terminal() {
		return false
	}
	info, err := os.Stat(e.service.Socket())
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}

// attachNear has the runtime prepare the container, which is where most
// reasons why it cannot start show, and connects to its monitor.
func (r *running) attachNear(stdin io.Reader) (<-chan error, error) {
	if err := containers.ContainerInit(r.conn, r.name, nil); err != nil {
		return nil, err
	}
	data, err := containers.Inspect(r.conn, r.name, nil)
	if err != nil {
		return nil, err
	}
	monitor, err := conmon.Dial(filepath.Join(filepath.Dir(data.OCIConfigPath), "attach"))
	if err != nil {
		r.log.Debug("cannot reach the monitor", "err", err)
		r.engine.far.Store(true)
		return nil, errFar
	}
	r.monitor = monitor
	if stdin != nil {
		go conmon.Feed(monitor, stdin)
	}
	ended := make(chan error, 1)
	go func() {
		defer monitor.Close()
		ended <- conmon.Copy(r.out, r.err, monitor)
	}()
	return ended, nil
}

// hangUp leaves a container that was never started because the service died
// over it. Its monitor would wait for the start for ever.
func (r *running) hangUp(ctx context.Context) {
	if err := r.engine.service.Reconnect(context.WithoutCancel(ctx)); err != nil {
		_ = r.monitor.Close() // nothing can be started any more
		return
	}
	c, done, err := r.engine.service.Afterwards(ctx)
	if err != nil {
		return
	}
	defer done()
	if data, err := containers.Inspect(c, r.name, nil); err == nil && data.State.StartedAt.IsZero() {
		_ = r.monitor.Close()
	}
}
