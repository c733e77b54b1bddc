// SPDX-License-Identifier: GPL-2.0-or-later

package container

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
)

const (
	lingerSeconds = "60"             // how long a shared private service outlives its last use
	startTimeout  = 20 * time.Second // it takes 30 ms, and seconds on a first start or a busy machine
	maxSocketPath = 107              // what the kernel's address structure holds
)

// A privateService is a podman service started by us.
type privateService struct {
	socket string
	shared bool          // by all our processes; ends by itself when it is idle for long
	pid    int           // 0 when another process of ours started it
	done   chan struct{} // closed when the process has ended; nil when pid is 0
}

// usePrivate makes the shared private service the engine's. One that answers
// may be at the end of its minute, so it is asked for twice.
func (e *Engine) usePrivate(ctx context.Context) error {
	var fault error
	for range 2 {
		a, s, err := e.sharedService(ctx)
		if err != nil {
			return err
		}
		if s.pid != 0 {
			e.notice("no podman service answers, started a private one that ends a minute after its last use")
		}
		e.private = s
		if fault = e.use(ctx, a); fault == nil || ctx.Err() != nil {
			break
		}
	}
	return fault
}

// sharedService takes the private service that runs already, or starts one. A
// second service on the same path would take the socket away from the first,
// hence the lock.
func (e *Engine) sharedService(ctx context.Context) (address, *privateService, error) {
	dir, err := e.options.runtimeDir()
	if err != nil {
		return address{}, nil, &EngineError{Op: "start a private podman service", Code: 125, Err: err}
	}
	// The key of the first time: an engine stays where it is while files change.
	e.keyOnce.Do(func() { e.serviceKey = e.options.serviceKey() })
	base := filepath.Join(dir, "podman-"+e.serviceKey)
	a := address{URL: "unix://" + base + ".sock", Source: "private service"}
	lock := flock.New(base + ".lock")
	if _, err := lock.TryLockContext(ctx, 5*time.Millisecond); err != nil {
		return address{}, nil, &EngineError{Op: "lock " + base + ".lock", Code: 125, Err: err}
	}
	defer lock.Unlock() //nolint:errcheck // closing the file unlocks it too
	if _, err := ping(ctx, a); err == nil {
		return a, &privateService{socket: base + ".sock", shared: true}, nil
	}
	s, err := e.options.start(ctx, base, lingerSeconds, nil)
	if err != nil {
		return a, nil, err
	}
	s.shared = true
	return a, s, nil
}

// wake starts the shared private service again if it has ended for having
// nothing to do, as it does while a long build has a service of its own, and
// a tunnel that broke.
func (e *Engine) wake(ctx context.Context) error {
	if e.tunnel != nil {
		return e.tunnel.up(ctx)
	}
	if e.private == nil || !e.private.shared || dial(ctx, e.addr) == nil {
		return nil
	}
	e.serviceDied.Store(true) // it may have ended by itself, too
	_, _, err := e.sharedService(ctx)
	return err
}

func (e *Engine) notice(line string) {
	if e.options.Notice != nil {
		e.options.Notice(line)
		return
	}
	e.log.Info(line)
}

// environ returns the environment of a private service, sorted. Variables of
// socket activation belong to whoever started us.
func (o ConnectOptions) environ() []string {
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

// runtimeDir returns a directory that only we can enter, short enough for a
// socket's path.
func (o ConnectOptions) runtimeDir() (string, error) {
	dirs := []string{o.RuntimeDir}
	if o.RuntimeDir == "" {
		dirs = nil
		if xdg := o.getenv("XDG_RUNTIME_DIR"); xdg != "" {
			dirs = append(dirs, filepath.Join(xdg, "lcitool"))
		}
		dirs = append(dirs, filepath.Join(o.tempParent(), fmt.Sprintf("lcitool-%d", os.Getuid())), fmt.Sprintf("/tmp/lcitool-%d", os.Getuid()))
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
	if !info.IsDir() || !ownedByUs(info) {
		return fmt.Errorf("%s: not a directory of ours", dir)
	}
	if info.Mode().Perm() != 0o700 {
		return os.Chmod(dir, 0o700)
	}
	return nil
}

// start runs "podman system service" on base.sock and waits until it answers.
// What it says goes to base.log. extra is added to its environment; when not
// nil the service also ends with this process.
func (o ConnectOptions) start(ctx context.Context, base, linger string, extra []string) (*privateService, error) {
	fail := func(err error, hint string) (*privateService, error) {
		return nil, &EngineError{Op: "start a private podman service", Code: 125, Err: err, Hint: hint}
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
	cmd.Env, cmd.Dir, cmd.Stderr = append(o.environ(), extra...), "/", out
	// A session of its own, so that ^C in the terminal does not reach it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if extra != nil {
		cmd.SysProcAttr.Pdeathsig = syscall.SIGTERM
	}
	s, err := spawn(cmd)
	if err != nil {
		return fail(err, "")
	}
	s.socket = base + ".sock"
	if err := s.ready(ctx); err != nil {
		s.stop()
		text, _ := os.ReadFile(base + ".log")
		err = fmt.Errorf("%w: %s", err, lastLine(string(text)))
		return fail(err, Explain(err))
	}
	return s, nil
}

// spawn starts cmd on a thread that lives as long as it does: the kernel
// sends Pdeathsig when the thread ends that forked, not the process.
func spawn(cmd *exec.Cmd) (*privateService, error) {
	s := &privateService{done: make(chan struct{})}
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

// ready waits until the service accepts connections.
func (s *privateService) ready(ctx context.Context) error {
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
func (s *privateService) gone() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// stop asks the service to end, and insists after a while. The steps of
// builds that it runs end with it.
func (s *privateService) stop() {
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

// ended reports whether the service is gone, which may take a moment to show
// after its connections broke.
func (s *privateService) ended() bool {
	select {
	case <-s.done:
		return true
	case <-time.After(50 * time.Millisecond):
		return false
	}
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}
