// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/containers/podman/v4/libpod/define"
	"github.com/containers/podman/v4/pkg/bindings/containers"
	"github.com/containers/podman/v4/pkg/specgen"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/explain"
	"gitlab.com/lcitool/lcitool/container/internal/podman"
	"gitlab.com/lcitool/lcitool/container/internal/records"
)

const (
	defaultGrace = 10 * time.Second
	killLimit    = 30 * time.Second // from KILL to giving up on the engine
	pollFirst    = 2 * time.Millisecond
	pollMost     = 250 * time.Millisecond
	removePause  = 20 * time.Millisecond
)

// noDetach are detach keys that nobody types. With an empty setting, podman
// waits after each ^P for a ^Q that would detach.
const noDetach = "ctrl-@,ctrl-@,ctrl-@,ctrl-@"

// running is a container from its creation to its removal.
type running struct {
	engine   *Engine
	options  api.RunOptions
	direct   bool // the streams come from conmon itself, not through the service
	uploads  []api.Tree
	name     string
	record   records.Record
	log      *slog.Logger
	out, err *counter
	stderr   *startupErrorFilter // filters err
	line     *podman.Watch
	conmon   *net.UnixConn // the streams, nil if they come through the service
	started  time.Time
	lost     error           // set if the response to the start request was lost
	conn     context.Context //nolint:containedctx // the bindings keep a connection in a context
}

// An outcome says how the workload ended.
type outcome struct {
	code int
	err  error
}

// run creates, attaches, starts and waits. After the first request it continues
// even if ctx ends, because it must stop the container.
func (r *running) run(ctx context.Context, s *specgen.SpecGenerator) (api.RunResult, error) {
	result := api.RunResult{Container: r.name}
	c, err := r.engine.service.Conn(context.WithoutCancel(ctx))
	if err != nil {
		return result, err
	}
	defer podman.CloseIdle(c)
	r.conn = c
	r.line = r.engine.service.Watch(ctx)
	defer r.line.Close()
	r.record, result.Warnings, err = r.engine.create(c, s, "")
	if err != nil {
		if noSuchImage(err) {
			return result, &api.NoImageError{Reference: r.options.Image}
		}
		return result, r.refused(err)
	}
	for _, w := range result.Warnings {
		r.log.Warn("engine warns", "warning", w)
	}
	if err := r.engine.copyIn(ctx, r.name, r.uploads); err != nil {
		return result, err
	}
	attached, err := r.attach(ctx)
	if errors.Is(err, errConmonUnreachable) {
		return result, err
	}
	if err != nil {
		return result, r.refused(err)
	}
	r.started = time.Now()
	if err := containers.Start(c, r.name, nil); err != nil {
		if code(err) != 0 {
			return result, r.refused(err)
		}
		r.lost = err // the service died; later it shows whether the container was started
		if r.direct {
			r.detach(ctx)
		}
	}
	swept := r.engine.sweepLater(ctx)
	out := r.wait(ctx, attached)
	result.Code, result.Duration = out.code, time.Since(r.started)
	<-swept
	return result, out.err
}

// attach connects the streams before the start, so that no output is lost. The
// channel receives their end. The runtime initializes the container, so most
// reasons why it cannot start show here.
func (r *running) attach(ctx context.Context) (<-chan error, error) {
	r.out, r.stderr = newCounter(r.options.Stdout), newStartupErrorFilter(r.options.Stderr, initErrors())
	r.err = newCounter(r.stderr)
	stdin, stdout, stderr := io.Reader(nil), io.Writer(r.out), io.Writer(r.err)
	if r.options.Stdin != nil {
		stdin = &reader{r.options.Stdin}
	}
	if r.direct {
		return r.attachDirect(stdin)
	}
	if wantsTerminal(r.options) { // Attach detects a terminal by the file itself
		stdin, stdout, stderr = r.options.Stdin, r.options.Stdout, nil
	}
	own, err := r.engine.service.Conn(context.WithoutCancel(ctx))
	if err != nil {
		return nil, err
	}
	ready, ended := make(chan bool, 1), make(chan error, 1)
	go func() {
		ended <- containers.Attach(own, r.name, stdin, stdout, stderr, ready, new(containers.AttachOptions).WithDetachKeys(noDetach))
	}()
	select {
	case <-ready:
		return ended, nil
	case err := <-ended:
		if err == nil {
			err = errors.New("the stream ended before it began")
		}
		return nil, err
	}
}

// wait handles signals, cancellation and the time limit until the workload has
// ended.
func (r *running) wait(ctx context.Context, attached <-chan error) outcome {
	cause, cancel := withTimeout(ctx, r.options.Timeout)
	defer cancel()
	ended := make(chan outcome, 1)
	go func() { ended <- r.outcome(ctx, <-attached) }()

	var insist, giveUp <-chan time.Time
	done, cancelled := cause.Done(), false
	for {
		select {
		case out := <-ended:
			if cancelled {
				out.err = fmt.Errorf("container %s: %w", r.name, context.Cause(cause))
			}
			return out
		case s := <-r.options.Signals:
			r.signal(ctx, s)
		case <-done:
			done, cancelled = nil, true // only once
			r.signal(ctx, syscall.SIGTERM)
			insist = time.After(r.grace())
		case <-insist:
			r.signal(ctx, syscall.SIGKILL)
			giveUp = time.After(killLimit)
		case <-giveUp:
			return outcome{125, &api.EngineError{Op: "end container " + r.name, Code: 125, Err: context.Cause(cause)}}
		}
	}
}

// withTimeout returns a context that ends with ErrTimeout after limit. 0 means
// no limit.
func withTimeout(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	if limit <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, limit, fmt.Errorf("%w after %v", api.ErrTimeout, limit))
}

func (r *running) grace() time.Duration {
	if r.options.Grace > 0 {
		return r.options.Grace
	}
	return defaultGrace
}

// signal forwards a signal. If the container has already ended, the engine
// returns various errors, which are ignored.
func (r *running) signal(ctx context.Context, s os.Signal) {
	number, ok := s.(syscall.Signal)
	if !ok {
		return
	}
	c, done, err := r.engine.service.Afterwards(ctx)
	if err != nil {
		r.log.Warn("cannot pass signal on", "signal", s, "err", err)
		return
	}
	defer done()
	if err := containers.Kill(c, r.name, new(containers.KillOptions).WithSignal(strconv.Itoa(int(number)))); err != nil {
		r.log.Debug("signal refused", "signal", s, "err", err)
	}
}

// outcome asks podman for the exit status, because the streams also end when the
// service dies.
func (r *running) outcome(ctx context.Context, streamErr error) outcome {
	if streamErr != nil && !errors.Is(streamErr, define.ErrDetach) {
		r.log.Debug("output ended early", "err", streamErr)
	}
	if wantsTerminal(r.options) && connectionClosed(streamErr) {
		streamErr = nil
	}
	if errors.Is(streamErr, syscall.EPIPE) || errors.Is(streamErr, io.ErrClosedPipe) {
		r.signal(ctx, syscall.SIGKILL) // the reader is gone
	}
	defer r.stderr.flush()
	c, recovered := r.conn, false //nolint:contextcheck // the bindings keep the connection in a context
	for pause := pollFirst; ; pause = min(2*pause, pollMost) {
		data, err := containers.Inspect(c, r.name, nil)
		switch {
		case !recovered && (err != nil && code(err) == 0 || r.line.Closed()):
			recovered = true
			fresh, err := r.recover(ctx)
			if err != nil {
				return outcome{125, err}
			}
			defer podman.CloseIdle(fresh)
			c, streamErr = fresh, nil
		case err == nil && (data.State.Status == "exited" || data.State.Status == "stopped"):
			return r.ended(int(data.State.ExitCode), streamErr)
		case err == nil && r.lost != nil && data.State.StartedAt.IsZero():
			return outcome{125, r.refused(r.lost)}
		case err == nil:
			time.Sleep(pause)
		case code(err) == http.StatusNotFound:
			return outcome{125, &api.EngineError{Op: "run container " + r.name, Code: 125, Err: errors.New("somebody else removed it")}}
		default:
			return outcome{125, engineError("ask for the status of container "+r.name, err)}
		}
	}
}

func (r *running) ended(code int, streamErr error) outcome {
	switch {
	case streamErr != nil && !errors.Is(streamErr, define.ErrDetach):
		return outcome{code, &api.EngineError{Op: "pass on the output of container " + r.name, Code: 125, Err: streamErr}}
	case code == 1:
		if status, cause := r.initRefused(); status != 0 {
			return outcome{status, &api.EngineError{Op: "run image " + r.options.Image, Code: status, Err: cause, Hint: explain.Hint(cause)}}
		}
		fallthrough
	case code != 0:
		return outcome{code, &api.ExitError{Container: r.name, Code: code}}
	}
	return outcome{}
}

// initRefused returns the runtime's exit status for a command that cannot be
// run, or 0 for other reasons.
func (r *running) initRefused() (int, error) {
	cause := r.stderr.startupError()
	if cause == nil || r.out.n > 0 {
		return 0, nil
	}
	r.stderr.discard()
	command := "command"
	if len(r.options.Command) > 0 {
		command += fmt.Sprintf(" %q", r.options.Command[0])
	}
	reason := errors.New(command + ": " + strings.ToLower(cause.Error()))
	if cause.Error() == "No such file or directory" {
		return 127, reason
	}
	return 126, reason
}

// refused returns the error for a container that the engine did not start.
func (r *running) refused(err error) error {
	if code(err) == 0 {
		r.engine.service.NoteDeath()
	}
	return engineError("run image "+r.options.Image, err)
}

// remove stops and removes the container, even if the create request seemed to
// fail.
func (r *running) remove(ctx context.Context) {
	if r.record.Name == "" {
		return // it was not asked for
	}
	c, done, err := r.engine.service.Afterwards(ctx)
	if err != nil && r.engine.service.Reconnect(context.WithoutCancel(ctx)) == nil {
		c, done, err = r.engine.service.Afterwards(ctx)
	}
	if err != nil {
		r.log.Warn("container stays behind", "err", err)
		return
	}
	defer done()
	if err := r.engine.discard(c, r.record); err != nil {
		r.log.Warn("container stays behind", "err", err)
	}
}

// removeContainer removes a container and its anonymous volumes. A missing
// container is no error. podman refuses to remove a container that ends while it
// is being stopped, or does not end within five seconds because the machine is
// busy, and removes it the next time.
func removeContainer(c context.Context, name string) error {
	const tries = 10
	var err error
	for i := range tries {
		_, err = containers.Remove(c, name, new(containers.RemoveOptions).WithForce(true).WithVolumes(true).WithTimeout(0))
		if code(err) == http.StatusNotFound {
			return nil
		}
		if err == nil || !stillStopping(err) || c.Err() != nil {
			break
		}
		time.Sleep(time.Duration(i+1) * removePause)
	}
	return err
}

// stillStopping reports whether podman has not removed a container because it was
// still being stopped.
func stillStopping(err error) bool {
	return strings.Contains(err.Error(), "container state improper") || strings.Contains(err.Error(), "did not die within timeout")
}

func newCounter(w io.Writer) *counter {
	if w == nil {
		w = io.Discard
	}
	return &counter{to: w}
}

// A reader is a pointer type, which the bindings require.
type reader struct{ from io.Reader }

func (r *reader) Read(p []byte) (int, error) { return r.from.Read(p) }
