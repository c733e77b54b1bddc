// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"github.com/containers/podman/v4/pkg/bindings/containers"
	"golang.org/x/sys/unix"
)

// A packet of a container's monitor is the number of a stream and up to 8 KiB
// of what the container said there; one to it is what the container reads.
const (
	packetStdout = 2
	packetStderr = 3
	packetRead   = 64 << 10
	packetWrite  = 8 << 10
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
	monitor, err := dialMonitor(filepath.Join(filepath.Dir(data.OCIConfigPath), "attach"))
	if err != nil {
		r.log.Debug("cannot reach the monitor", "err", err)
		r.engine.far.Store(true)
		return nil, errFar
	}
	r.monitor = monitor
	if stdin != nil {
		go feedMonitor(monitor, stdin)
	}
	ended := make(chan error, 1)
	go func() {
		defer monitor.Close()
		ended <- readMonitor(r.out, r.err, monitor)
	}()
	return ended, nil
}

// dialMonitor connects to a socket whose path may be longer than an address
// can be.
func dialMonitor(path string) (*net.UnixConn, error) {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	return net.DialUnix("unixpacket", nil, &net.UnixAddr{Name: fmt.Sprintf("/proc/self/fd/%d", fd), Net: "unixpacket"})
}

// feedMonitor copies stdin to its end, or until nobody reads it any more.
func feedMonitor(monitor *net.UnixConn, stdin io.Reader) {
	buffer := make([]byte, packetWrite)
	for {
		n, err := stdin.Read(buffer)
		if n > 0 {
			if _, err := monitor.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			_ = monitor.CloseWrite()
			return
		}
	}
}

// readMonitor copies packets, one a read, to stdout and stderr until their
// end. Closing the connection is an end like any other.
func readMonitor(stdout, stderr io.Writer, monitor io.Reader) error {
	buffer := make([]byte, packetRead)
	for {
		n, err := monitor.Read(buffer)
		if n > 0 {
			to := stdout
			switch buffer[0] {
			case packetStdout:
			case packetStderr:
				to = stderr
			default:
				return fmt.Errorf("unknown stream %d from the container's monitor", buffer[0])
			}
			if _, err := to.Write(buffer[1:n]); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, net.ErrClosed):
			return nil
		case err != nil:
			return err
		}
	}
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
