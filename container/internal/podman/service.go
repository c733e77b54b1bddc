// SPDX-License-Identifier: GPL-2.0-or-later

package podman

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/explain"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

const (
	lingerSeconds = "60"             // time until an unused shared private service exits
	startTimeout  = 20 * time.Second // usually 30 ms, but seconds at the first start or on a busy machine
	maxSocketPath = 103              // limit of sockaddr_un on the most restrictive system
)

// A Process is a podman service or an ssh client that lcitool has started.
type Process struct {
	socket string
	shared bool          // by all our processes; ends by itself when it is idle for long
	pid    int           // 0 when another process of ours started it
	done   chan struct{} // closed when the process has ended; nil when pid is 0
}

// usePrivate connects to the shared private service. The service may be about to
// exit, so it tries twice.
func (s *Service) usePrivate(ctx context.Context) error {
	var fault error
	for range 2 {
		a, p, err := s.sharedService(ctx)
		if err != nil {
			return err
		}
		if p.pid != 0 {
			s.Notice("no podman service answers, started a private one that ends a minute after its last use")
		}
		s.private = p
		if fault = s.use(ctx, a); fault == nil || ctx.Err() != nil {
			break
		}
	}
	return fault
}

// sharedService returns the running private service, or starts one. It holds a
// lock, because a second service would replace the socket of the first.
func (s *Service) sharedService(ctx context.Context) (address, *Process, error) {
	dir, err := s.options.SocketDir()
	if err != nil {
		return address{}, nil, &api.EngineError{Op: "start a private podman service", Code: 125, Err: err}
	}
	// The key is computed once, so that an engine keeps its service when
	// configuration files change.
	s.keyOnce.Do(func() { s.key = s.options.serviceKey() })
	base := filepath.Join(dir, "podman-"+s.key)
	a := address{URL: "unix://" + base + ".sock", Source: "private service"}
	lock := flock.New(base + ".lock")
	if _, err := lock.TryLockContext(ctx, 5*time.Millisecond); err != nil {
		return address{}, nil, &api.EngineError{Op: "lock " + base + ".lock", Code: 125, Err: err}
	}
	defer lock.Unlock() //nolint:errcheck // closing the file unlocks it too
	if _, err := ping(ctx, a); err == nil {
		return a, &Process{socket: base + ".sock", shared: true}, nil
	}
	p, err := s.options.StartService(ctx, base, lingerSeconds, nil)
	if err != nil {
		return a, nil, err
	}
	p.shared = true
	return a, p, nil
}

// wake restarts the shared private service if it has exited because it was
// unused, for example during a long build with its own service. It also restarts
// a broken tunnel.
func (s *Service) wake(ctx context.Context) error {
	if s.tunnel != nil {
		return s.tunnel.up(ctx)
	}
	if s.private == nil || !s.private.shared || dial(ctx, s.addr) == nil {
		return nil
	}
	s.died.Store(true) // or it has exited because it was unused
	_, _, err := s.sharedService(ctx)
	return err
}

// Notice prints a line for the user.
func (s *Service) Notice(line string) {
	if s.options.Notice != nil {
		s.options.Notice(line)
		return
	}
	s.log.Info(line)
}

// Environ returns the environment of a private service, sorted, without the
// variables of socket activation.
func (o Options) Environ() []string {
	env := o.ServiceEnv
	if env == nil {
		env = os.Environ()
	}
	env = slices.DeleteFunc(slices.Clone(env), func(v string) bool {
		return strings.HasPrefix(v, "LISTEN_") || strings.HasPrefix(v, "NOTIFY_SOCKET=") ||
			strings.HasPrefix(v, "CONTAINER_HOST=") || strings.HasPrefix(v, "CONTAINER_CONNECTION=")
	})
	slices.Sort(env)
	return env
}

// SocketDir returns a directory of mode 0700 whose path is short enough for a
// socket.
func (o Options) SocketDir() (string, error) {
	var faults []error
	for _, dir := range o.socketDirs() {
		if len(dir)+len("/podman-01234567.sock") > maxSocketPath {
			faults = append(faults, fmt.Errorf("%s: too long for a socket", dir))
			continue
		}
		if err := ownDir(dir); err != nil {
			faults = append(faults, err)
			continue
		}
		return dir, nil
	}
	return "", errors.Join(faults...)
}

// socketDirs returns the directories that SocketDir tries. Relative paths in variables
// are ignored, because the service runs in another directory.
func (o Options) socketDirs() []string {
	if o.RuntimeDir != "" {
		return []string{o.RuntimeDir}
	}
	var dirs []string
	if xdg := o.Variable("XDG_RUNTIME_DIR"); filepath.IsAbs(xdg) {
		dirs = append(dirs, filepath.Join(xdg, "lcitool"))
	}
	name := fmt.Sprintf("lcitool-%d", os.Getuid())
	if temp := o.TempParent(); filepath.IsAbs(temp) {
		dirs = append(dirs, filepath.Join(temp, name))
	}
	return append(dirs, filepath.Join("/tmp", name))
}

// ownDir creates a directory of mode 0700, or checks that an existing one
// belongs to this user.
func ownDir(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() || safefs.UID(info) != os.Getuid() {
		return fmt.Errorf("%s: not a directory of ours", dir)
	}
	if info.Mode().Perm() != 0o700 {
		return os.Chmod(dir, 0o700)
	}
	return nil
}

// StartService runs "podman system service" on base.sock and waits until it
// responds. Its output goes to base.log. extra is added to its environment; if
// it is not nil, the service is stopped when this process ends.
func (o Options) StartService(ctx context.Context, base, linger string, extra []string) (*Process, error) {
	fail := func(err error, hint string) (*Process, error) {
		return nil, &api.EngineError{Op: "start a private podman service", Code: 125, Err: err, Hint: hint}
	}
	if runtime.GOOS != linux {
		return fail(fmt.Errorf("%w that runs Linux containers on %s itself", api.ErrNoEngine, runtime.GOOS), elsewhereHint(runtime.GOOS))
	}
	program := o.Podman
	if program == "" {
		program = "podman"
	}
	path, err := exec.LookPath(program)
	if err != nil {
		return fail(fmt.Errorf("%w: %s is not installed", api.ErrNoEngine, program), "install podman; on Debian and Ubuntu: apt-get install podman")
	}
	_ = os.Remove(base + ".sock")
	out, err := os.OpenFile(base+".log", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fail(err, "")
	}
	defer out.Close()
	cmd := exec.Command(path, "system", "service", "--time", linger, "unix://"+base+".sock") //nolint:gosec // the program is the user's choice
	cmd.Env, cmd.Dir, cmd.Stderr = append(o.Environ(), extra...), "/", out
	// A new session, so that ^C in the terminal does not stop it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if extra != nil {
		cmd = endWithUs(cmd)
	}
	s, err := spawn(cmd)
	if err != nil {
		return fail(err, "")
	}
	s.socket = base + ".sock"
	if err := s.ready(ctx); err != nil {
		s.Stop()
		text, _ := os.ReadFile(base + ".log")
		err = fmt.Errorf("%w: %s", err, explain.LogMessage(string(text)))
		return fail(err, explain.Hint(err))
	}
	return s, nil
}

// spawn starts cmd on a thread that exists as long as cmd runs. The kernel sends
// Pdeathsig when the thread that forked ends, not the process.
func spawn(cmd *exec.Cmd) (*Process, error) {
	s := &Process{done: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // the status is not needed
			close(s.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	s.pid = cmd.Process.Pid
	return s, nil
}

// Socket returns the path of the service's socket.
func (s *Process) Socket() string { return s.socket }

func (s *Process) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		if dial(ctx, address{URL: "unix://" + s.socket}) == nil {
			return nil
		}
		select {
		case <-s.done:
			return errors.New("it ended at once")
		case <-ctx.Done():
			return fmt.Errorf("it does not answer: %w", context.Cause(ctx))
		case <-tick.C:
		}
	}
}

func (s *Process) gone() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// Stop sends SIGTERM, later SIGKILL. The steps of the service's builds end with
// it.
func (s *Process) Stop() {
	if s.pid == 0 {
		return
	}
	_ = syscall.Kill(s.pid, syscall.SIGTERM)
	select {
	case <-s.done:
	case <-time.After(cleanupTimeout):
		_ = syscall.Kill(s.pid, syscall.SIGKILL)
		<-s.done
	}
	_ = os.Remove(s.socket)
}

// Ended reports whether the service has ended. That may be known only some time
// after its connections broke. A service whose socket responds has not ended.
func (s *Process) Ended(ctx context.Context) bool {
	select {
	case <-s.done:
		return true
	case <-time.After(50 * time.Millisecond):
	}
	err := dial(ctx, address{URL: "unix://" + s.socket})
	if !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, syscall.ENOENT) {
		return false
	}
	select {
	case <-s.done:
		return true
	case <-time.After(cleanupTimeout):
		return false
	}
}
