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

	"gitlab.com/lcitool/lcitool/internal/safefs"
)

const (
	lingerSeconds = "60"             // how long a shared private service outlives its last use
	startTimeout  = 20 * time.Second // it takes 30 ms, and seconds on a first start or a busy machine
	maxSocketPath = 103              // what the smallest of the kernels' address structures holds
)

// A Process is a podman service, or an ssh, started by us.
type Process struct {
	socket string
	shared bool          // by all our processes; ends by itself when it is idle for long
	pid    int           // 0 when another process of ours started it
	done   chan struct{} // closed when the process has ended; nil when pid is 0
}

// usePrivate makes the shared private service the engine's. One that answers
// may be at the end of its minute, so it is asked for twice.
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

// sharedService takes the private service that runs already, or starts one. A
// second service on the same path would take the socket away from the first,
// hence the lock.
func (s *Service) sharedService(ctx context.Context) (address, *Process, error) {
	dir, err := s.options.SocketDir()
	if err != nil {
		return address{}, nil, &Error{Op: "start a private podman service", Code: 125, Err: err}
	}
	// The key of the first time: an engine stays where it is while files change.
	s.keyOnce.Do(func() { s.key = s.options.serviceKey() })
	base := filepath.Join(dir, "podman-"+s.key)
	a := address{URL: "unix://" + base + ".sock", Source: "private service"}
	lock := flock.New(base + ".lock")
	if _, err := lock.TryLockContext(ctx, 5*time.Millisecond); err != nil {
		return address{}, nil, &Error{Op: "lock " + base + ".lock", Code: 125, Err: err}
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

// wake starts the shared private service again if it has ended for having
// nothing to do, as it does while a long build has a service of its own, and
// a tunnel that broke.
func (s *Service) wake(ctx context.Context) error {
	if s.tunnel != nil {
		return s.tunnel.up(ctx)
	}
	if s.private == nil || !s.private.shared || dial(ctx, s.addr) == nil {
		return nil
	}
	s.died.Store(true) // it may have ended by itself, too
	_, _, err := s.sharedService(ctx)
	return err
}

// Notice tells the user one line.
func (s *Service) Notice(line string) {
	if s.options.Notice != nil {
		s.options.Notice(line)
		return
	}
	s.log.Info(line)
}

// Environ returns the environment of a private service, sorted. Variables of
// socket activation belong to this program.
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

// SocketDir returns a directory that only we can enter, short enough for a
// socket's path.
func (o Options) SocketDir() (string, error) {
	dirs := []string{o.RuntimeDir}
	if o.RuntimeDir == "" {
		dirs = nil
		if xdg := o.Variable("XDG_RUNTIME_DIR"); xdg != "" {
			dirs = append(dirs, filepath.Join(xdg, "lcitool"))
		}
		dirs = append(dirs, filepath.Join(o.TempParent(), fmt.Sprintf("lcitool-%d", os.Getuid())), fmt.Sprintf("/tmp/lcitool-%d", os.Getuid()))
	}
	var faults []error
	for _, dir := range dirs {
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

// ownDir makes a directory of mode 0700, or checks that it is one of ours.
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

// StartService runs "podman system service" on base.sock and waits until it answers.
// What it says goes to base.log. extra is added to its environment; when not
// nil the service also ends with this process.
func (o Options) StartService(ctx context.Context, base, linger string, extra []string) (*Process, error) {
	fail := func(err error, hint string) (*Process, error) {
		return nil, &Error{Op: "start a private podman service", Code: 125, Err: err, Hint: hint}
	}
	if runtime.GOOS != linux {
		return fail(fmt.Errorf("%w that runs Linux containers on %s itself", ErrNoEngine, runtime.GOOS), elsewhereHint(runtime.GOOS))
	}
	program := o.Podman
	if program == "" {
		program = "podman"
	}
	path, err := exec.LookPath(program)
	if err != nil {
		return fail(fmt.Errorf("%w: %s is not installed", ErrNoEngine, program), "install podman; on Debian and Ubuntu: apt-get install podman")
	}
	_ = os.Remove(base + ".sock")
	out, err := os.OpenFile(base+".log", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fail(err, "")
	}
	defer out.Close()
	cmd := exec.Command(path, "system", "service", "--time", linger, "unix://"+base+".sock") //nolint:gosec // the program is the user's choice
	cmd.Env, cmd.Dir, cmd.Stderr = append(o.Environ(), extra...), "/", out
	// A session of its own, so that ^C in the terminal does not reach it.
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
		err = fmt.Errorf("%w: %s", err, LastLine(string(text)))
		return fail(err, Explain(err))
	}
	return s, nil
}

// spawn starts cmd on a thread that lives as long as it does: the kernel
// sends Pdeathsig when the thread ends that forked, not the process.
func spawn(cmd *exec.Cmd) (*Process, error) {
	s := &Process{done: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // its socket tells more than its status
			close(s.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	s.pid = cmd.Process.Pid
	return s, nil
}

// Socket returns the path that it answers at.
func (s *Process) Socket() string { return s.socket }

// ready waits until the service accepts connections.
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

// gone reports whether the process has ended.
func (s *Process) gone() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// Stop asks the service to end, and insists after a while. The steps of
// builds that it runs end with it.
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

// Ended reports whether the service is gone, which may take a while to show
// after its connections broke. One whose socket answers is there.
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

// LastLine returns the last line of text that is not empty.
func LastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}
