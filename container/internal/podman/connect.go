// SPDX-License-Identifier: GPL-2.0-or-later

package podman

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/containers/podman/v4/pkg/bindings"
	"github.com/sirupsen/logrus"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/explain"
)

const (
	dialTimeout    = time.Second      // for local sockets
	networkTimeout = 10 * time.Second // tcp
	pingTimeout    = 10 * time.Second // for a service that accepts connections but does not respond
	cleanupTimeout = time.Minute      // for requests after cancellation
)

// A Service is a connection to a podman service that has responded. It is safe
// for concurrent use.
type Service struct {
	addr    address
	version string
	private *Process // set when the service is one of ours
	keyOnce sync.Once
	key     string  // see serviceKey; of the private service
	tunnel  *tunnel // nil unless the service is reached by ssh
	options Options
	run     string // distinguishes this process' tunnels from those of others
	log     *slog.Logger
	died    atomic.Bool
}

// A Probe reports whether the service sees the files of this machine under the
// same paths.
type Probe func(context.Context, *Service) (bool, error)

// Connect finds podman in this order: o.Connection or o.URL, CONTAINER_HOST or
// CONTAINER_CONNECTION, the default connection of containers.conf, the user's
// socket, the system's socket for root, and finally a private service, which
// exits one minute after its last use. If a name or address was given, no other
// is tried. For ssh it runs the ssh program without prompts: the host key must
// be known, and a key or agent must be available. probe is called for a local
// service that this program has not started. run must be unique to this process.
func Connect(ctx context.Context, o Options, run string, probe Probe) (*Service, error) {
	logrus.SetOutput(io.Discard) // the bindings log behind our back
	s := &Service{options: o, run: run, log: o.Log}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if o.Private {
		return s, s.usePrivate(ctx)
	}
	list, err := o.addresses(os.Getuid())
	if err != nil {
		return nil, &api.EngineError{Op: "choose an engine", Code: 125, Err: err}
	}
	for _, a := range list {
		err := s.use(ctx, a)
		if err == nil {
			err = s.probe(ctx, probe)
		}
		if err == nil {
			return s, nil
		}
		if a.Fixed || ctx.Err() != nil {
			return nil, err
		}
		s.log.Debug("engine does not answer", "address", a.URL, "err", err)
	}
	return s, s.usePrivate(ctx)
}

// NewService returns the service at a URL that is known to respond. process is
// nil unless this program has started it.
func NewService(url, version string, process *Process) *Service {
	return &Service{addr: address{URL: url}, version: version, private: process, log: slog.New(slog.DiscardHandler)}
}

// probe calls probe for a local service.
func (s *Service) probe(ctx context.Context, probe Probe) error {
	if !s.addr.local() {
		return nil
	}
	if runtime.GOOS != linux { // it is in a virtual machine, whatever that shares
		s.addr.Foreign = true
		return nil
	}
	sees, err := probe(ctx, s)
	s.addr.Foreign = !sees
	return err
}

// URL returns the address of the service.
func (s *Service) URL() string { return s.addr.URL }

// Socket returns the path of the service's local socket, or "".
func (s *Service) Socket() string { return s.addr.socket() }

// Local reports whether the service sees the files of this machine under the
// same paths.
func (s *Service) Local() bool { return s.addr.local() }

// Source says why this address was chosen, for example "CONTAINER_HOST".
func (s *Service) Source() string { return s.addr.Source }

// Version returns the API version of podman, for example "4.3.1".
func (s *Service) Version() string { return s.version }

// Private returns the service if this program has started it, in this process or
// an earlier one, and nil otherwise.
func (s *Service) Private() *Process { return s.private }

// Close stops the ssh tunnel to the service, if there is one.
func (s *Service) Close() {
	if s.tunnel != nil {
		s.tunnel.process.Stop()
	}
}

// Died reports whether the service has failed to respond at least once.
func (s *Service) Died() bool { return s.died.Load() }

// NoteDeath records that the service did not respond.
func (s *Service) NoteDeath() { s.died.Store(true) }

// use selects address a if podman responds there.
func (s *Service) use(ctx context.Context, a address) error {
	if strings.HasPrefix(a.URL, "ssh:") {
		through, err := s.openTunnel(ctx, a)
		if err != nil {
			return err
		}
		a = through
	}
	version, err := ping(ctx, a)
	if err != nil && s.tunnel != nil {
		s.tunnel.process.Stop()
		return s.tunnel.failed(err)
	}
	if err != nil {
		return &api.EngineError{Op: "reach podman at " + a.URL, Code: 125, Err: err, Hint: reachHint(a, err)}
	}
	s.addr, s.version = a, version
	s.log.Debug("engine found", "local", s.addr.local(), "address", a.URL, "source", a.Source, "version", version)
	return nil
}

func reachHint(a address, err error) string {
	hint := fmt.Sprintf("the address comes from %s; ", a.Source)
	switch {
	case errors.Is(err, errNotPodman):
		return hint + "lcitool needs podman's service, and no other engine's"
	case a.local() && errors.Is(err, syscall.EACCES):
		return hint + explain.HintSocket
	}
	if a.local() && runtime.GOOS == linux {
		return hint + `start the service with "systemctl --user start podman.socket" (root: "systemctl start podman.socket"), or leave the address out for a private one`
	}
	return hint + "is the service running there?"
}

var errNotPodman = errors.New("something answers there, but it is not podman")

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
	defer CloseIdle(c)
	version := bindings.ServiceVersion(c)
	if version.String() == "0.0.0" {
		return "", errNotPodman
	}
	return version.String(), nil
}

// dial checks quickly whether a service accepts connections. The bindings need
// 0.6 s for that, and do not return if the other side accepts but does not
// respond.
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

// Conn returns a new connection. Its requests end with ctx. Attach takes over
// the connection it uses, so a connection must not be shared.
func (s *Service) Conn(ctx context.Context) (context.Context, error) {
	if err := s.wake(ctx); err != nil {
		return nil, err
	}
	c, err := bindings.NewConnection(ctx, s.addr.endpoint())
	if err != nil {
		return nil, &api.EngineError{Op: "reach podman at " + s.addr.URL, Code: 125, Err: err, Hint: explain.Hint(err)}
	}
	return c, nil
}

// Afterwards returns a connection that is still valid after ctx was cancelled,
// for cleanup.
func (s *Service) Afterwards(ctx context.Context) (context.Context, context.CancelFunc, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	c, err := s.Conn(ctx)
	if err != nil {
		cancel()
		return nil, nil, err
	}
	return c, func() { CloseIdle(c); cancel() }, nil
}

// CloseIdle closes the sockets of a connection that is no longer used.
func CloseIdle(c context.Context) {
	if client, err := bindings.GetClient(c); err == nil {
		client.Client.CloseIdleConnections()
	}
}
