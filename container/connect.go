// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/containers/podman/v4/pkg/bindings"
	"github.com/sirupsen/logrus"

	"gitlab.com/lcitool/lcitool/container/internal/records"
)

const (
	dialTimeout    = time.Second      // a socket of this machine answers at once or not at all
	networkTimeout = 10 * time.Second // tcp
	pingTimeout    = 10 * time.Second // the service accepted, but may hang
	cleanupTimeout = time.Minute      // what is done after cancellation

	recordsDir = "records" // below the state directory
)

// Connect finds podman in this order: o.Connection or o.URL, CONTAINER_HOST or
// CONTAINER_CONNECTION, the default connection of containers.conf, the user's
// socket, the system's socket when root, and at last a private service, which
// ends by itself a minute after its last use. An address that was asked for by
// name is the only one tried. Over ssh the machine's own ssh program is used,
// which asks nothing: the host's key must be known, and a key or agent be there.
func Connect(ctx context.Context, o ConnectOptions) (*Engine, error) {
	logrus.SetOutput(io.Discard) // the bindings log behind our back
	e := &Engine{options: o, log: o.Log}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	e.far.Store(o.getenv("LCITOOL_DIRECT_ATTACH") == "0")
	self, err := records.Self()
	if err != nil {
		return nil, err
	}
	e.owner = self
	if e.records, err = o.openRecords(); err != nil {
		return nil, err
	}
	if o.Private {
		return e, e.usePrivate(ctx)
	}
	list, err := o.addresses(os.Getuid())
	if err != nil {
		return nil, &EngineError{Op: "choose an engine", Code: 125, Err: err}
	}
	for _, a := range list {
		err := e.use(ctx, a)
		if err == nil {
			return e, nil
		}
		if a.Fixed || ctx.Err() != nil {
			return nil, err
		}
		e.log.Debug("engine does not answer", "address", a.URL, "err", err)
	}
	return e, e.usePrivate(ctx)
}

// openRecords opens the records of what this user's runs made. They lie in
// StateDir; where that cannot be written, as in a read-only home, they lie
// below the runtime directory and do not outlive the next boot.
func (o ConnectOptions) openRecords() (*records.Store, error) {
	fail := func(err error) error { return &EngineError{Op: "record what is made", Code: 125, Err: err} }
	var first error
	if o.StateDir != "" {
		dir, err := filepath.Abs(o.StateDir)
		if err != nil {
			return nil, fail(err)
		}
		store, err := records.Open(filepath.Join(dir, recordsDir))
		if err == nil {
			return store, nil
		}
		if !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EROFS) {
			return nil, fail(err)
		}
		first = err
	}
	dir, err := o.runtimeDir()
	if err != nil {
		return nil, fail(errors.Join(first, err))
	}
	store, err := records.Open(filepath.Join(dir, recordsDir))
	if err != nil {
		return nil, fail(errors.Join(first, err))
	}
	return store, nil
}

// use makes a the engine's address if podman answers there.
func (e *Engine) use(ctx context.Context, a address) error {
	if strings.HasPrefix(a.URL, "ssh:") {
		through, err := e.openTunnel(ctx, a)
		if err != nil {
			return err
		}
		a = through
	}
	version, err := ping(ctx, a)
	if err != nil && e.tunnel != nil {
		e.tunnel.process.stop()
		return e.tunnel.failed(err)
	}
	if err != nil {
		return &EngineError{Op: "reach podman at " + a.URL, Code: 125, Err: err, Hint: reachHint(a)}
	}
	e.addr, e.version = a, version
	if a.local() && e.private == nil { // what we started is where we are
		sees, err := e.seesOurFiles(ctx)
		if err != nil {
			return err
		}
		e.addr.Foreign = !sees
	}
	e.log.Debug("engine found", "local", e.addr.local(), "address", a.URL, "source", a.Source, "version", version)
	return nil
}

func reachHint(a address) string {
	hint := fmt.Sprintf("the address comes from %s; ", a.Source)
	if a.local() {
		return hint + `start the service with "systemctl --user start podman.socket" (root: "systemctl start podman.socket"), or leave the address out for a private one`
	}
	return hint + "is the service running there?"
}

// ping returns the version of the service at a.
func ping(ctx context.Context, a address) (string, error) {
	if err := dial(ctx, a); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	c, err := bindings.NewConnection(ctx, a.endpoint())
	if err != nil {
		return "", err
	}
	defer closeIdle(c)
	version := bindings.ServiceVersion(c)
	if version.String() == "0.0.0" {
		return "", errors.New("something answers there, but it is not podman")
	}
	return version.String(), nil
}

// dial finds out in good time that nobody is there: the bindings take 0.6 s
// for it, and for ever when the other side accepts and hangs.
func dial(ctx context.Context, a address) error {
	u, err := url.Parse(a.endpoint())
	if err != nil {
		return err
	}
	network, target, limit := u.Scheme, u.Host, networkTimeout
	if u.Scheme == "unix" {
		target, limit = u.Host+u.Path, dialTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, network, target)
	if err != nil {
		if errno, ok := errors.AsType[syscall.Errno](err); ok {
			return errno
		}
		return err
	}
	return conn.Close()
}

// conn returns a connection of its own whose requests end with ctx. Attach
// takes over the connection it is given, so nothing else may share that one.
func (e *Engine) conn(ctx context.Context) (context.Context, error) {
	if err := e.wake(ctx); err != nil {
		return nil, err
	}
	c, err := bindings.NewConnection(ctx, e.addr.endpoint())
	if err != nil {
		return nil, &EngineError{Op: "reach podman at " + e.addr.URL, Code: 125, Err: err, Hint: Explain(err)}
	}
	return c, nil
}

// afterwards returns a connection that outlives the cancellation of ctx, for
// removing what was made.
func (e *Engine) afterwards(ctx context.Context) (context.Context, context.CancelFunc, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	c, err := e.conn(ctx)
	if err != nil {
		cancel()
		return nil, nil, err
	}
	return c, func() { closeIdle(c); cancel() }, nil
}

// closeIdle gives back the sockets of a connection that is no longer used.
func closeIdle(c context.Context) {
	if client, err := bindings.GetClient(c); err == nil {
		client.Client.CloseIdleConnections()
	}
}

// Available returns the engines of this machine, podman before docker. An
// engine is available when "ENGINE version" exits 0. Only podman is driven.
func Available(ctx context.Context) []string {
	var list []string
	for _, name := range []string{"podman", "docker"} {
		if _, err := exec.LookPath(name); err != nil {
			continue
		}
		if exec.CommandContext(ctx, name, "version").Run() == nil {
			list = append(list, name)
		}
	}
	return list
}
