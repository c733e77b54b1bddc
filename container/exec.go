// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/containers/podman/v4/pkg/api/handlers"
	"github.com/containers/podman/v4/pkg/bindings"
	"github.com/containers/podman/v4/pkg/bindings/containers"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/internal/podman"
)

// markName is an environment variable that all processes of one Exec inherit. It
// identifies them even after they were reparented.
const markName = "LCITOOL_EXEC"

type execution struct {
	container *Container
	options   api.ExecOptions
	name, id  string // of the container, of the engine's record of the command
	mark      string
	log       *slog.Logger
	started   time.Time
	line      *podman.Watch
	out       *counter
	stderr    *startupErrorFilter // stderr of the command
}

// Exec runs a command in the container until it ends. A non-zero exit status
// gives *ExitError; a command that cannot be run gives *EngineError with status
// 126 or 127. When ctx ends or Timeout is exceeded, the command and all its
// descendants get SIGTERM and, after Grace, SIGKILL; the error wraps
// context.Cause(ctx) or ErrTimeout. Processes that a command leaves running
// continue until Remove. If the podman service dies, the output is lost and the
// command is killed; the error is an *EngineError.
func (c *Container) Exec(ctx context.Context, o api.ExecOptions) (api.RunResult, error) {
	x := &execution{container: c, options: o, name: c.Name(), mark: randomName(), started: time.Now()}
	x.out, x.stderr = newCounter(o.Stdout), newStartupErrorFilter(o.Stderr, execErrors())
	x.log = c.engine.log.With("container", x.name)
	result := api.RunResult{Container: x.name}
	if ctx.Err() != nil {
		return result, context.Cause(ctx)
	}
	own, err := c.engine.service.Conn(context.WithoutCancel(ctx)) // the stream takes over the connection
	if err != nil {
		return result, err
	}
	own, cut := context.WithCancel(own)
	defer cut()
	x.line = c.engine.service.Watch(ctx)
	defer x.line.Close()
	x.id, err = containers.ExecCreate(own, x.name, x.config())
	if err != nil {
		return result, x.refused(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- x.attach(own) }()
	out := x.wait(ctx, ended)
	result.Code, result.Duration = out.code, time.Since(x.started)
	return result, out.err
}

func (x *execution) terminal() bool {
	return wantsTerminal(api.RunOptions{TTY: x.options.TTY, Stdin: x.options.Stdin, Stdout: x.options.Stdout})
}

func (x *execution) config() *handlers.ExecCreateConfig {
	config := &handlers.ExecCreateConfig{}
	config.Cmd = x.options.Command
	config.User, config.WorkingDir = x.options.User, x.options.WorkDir
	config.Env = append([]string{markName + "=" + x.mark}, x.options.Env...)
	config.Tty, config.DetachKeys = x.terminal(), noDetach
	config.AttachStdin, config.AttachStdout, config.AttachStderr = x.options.Stdin != nil, true, true
	return config
}

// attach starts the command and copies its streams until they end.
func (x *execution) attach(own context.Context) error {
	if !x.terminal() {
		return x.stream(own)
	}
	o := new(containers.ExecStartAndAttachOptions).WithOutputStream(x.out).WithErrorStream(x.stderr).
		WithAttachOutput(true).WithAttachError(true).WithAttachInput(true).WithInputStream(*bufio.NewReader(x.options.Stdin))
	return containers.ExecStartAndAttach(own, x.id, o)
}

// stream is attach without a terminal. The bindings lose output that arrives
// together with the header of the response, and read each frame in two pieces
// into new memory. Truncated streams are handled as in the bindings.
func (x *execution) stream(own context.Context) error {
	client, err := bindings.GetClient(own)
	if err != nil {
		return err
	}
	header := http.Header{"Connection": {"Upgrade"}, "Upgrade": {"tcp"}}
	body := strings.NewReader(`{"Detach":false,"Tty":false}`)
	response, err := client.DoRequest(own, body, http.MethodPost, "/exec/%s/start", nil, header, x.id)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if !response.IsSuccess() && !response.IsInformational() {
		return response.Process(nil)
	}
	defer context.AfterFunc(own, func() { _ = response.Body.Close() })()
	if x.options.Stdin != nil {
		go x.feed(response.Body)
	}
	err = demux(x.out, x.stderr, response.Body)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// feed copies stdin to the command until its end, or until the command has ended.
func (x *execution) feed(body io.Reader) {
	stream, ok := body.(interface {
		io.Writer
		CloseWrite() error
	})
	if !ok {
		x.log.Debug("the service does not take stdin")
		return
	}
	_, _ = io.Copy(stream, x.options.Stdin) // a command need not read its input
	if err := stream.CloseWrite(); err != nil {
		x.log.Debug("cannot end stdin", "err", err)
	}
}

// wait handles cancellation and the time limit until the command has ended.
func (x *execution) wait(ctx context.Context, attached <-chan error) outcome {
	cause, cancel := withTimeout(ctx, x.options.Timeout)
	defer cancel()
	ended := make(chan outcome, 1)
	go func() { ended <- x.outcome(ctx, <-attached) }()
	select {
	case out := <-ended:
		return out
	case <-cause.Done():
	}
	return x.end(ctx, context.Cause(cause), ended)
}

// outcome asks podman for the exit status, because the streams can end earlier.
func (x *execution) outcome(ctx context.Context, streamErr error) outcome {
	defer x.stderr.flush()
	if x.terminal() && connectionClosed(streamErr) {
		streamErr = nil
	}
	if streamErr != nil {
		if code(streamErr) != 0 { // it was never started
			return outcome{125, x.refused(streamErr)}
		}
		x.log.Debug("output ended early", "err", streamErr)
		x.kill(ctx, syscall.SIGKILL) // the reader is gone
	}
	conn, done, err := x.container.engine.service.Afterwards(ctx)
	if err != nil {
		return x.serviceDied(ctx, err)
	}
	defer func() { done() }()
	for pause := pollFirst; ; pause = min(2*pause, pollMost) {
		data, err := containers.ExecInspect(conn, x.id, nil)
		switch {
		case x.line.Closed(), err != nil && code(err) == 0 && conn.Err() == nil:
			return x.serviceDied(ctx, err)
		case err == nil && !data.Running:
			return x.ended(data.ExitCode, streamErr)
		case err == nil:
			time.Sleep(pause)
		case conn.Err() != nil: // a connection lasts one minute, the command may take longer
			done()
			if conn, done, err = x.container.engine.service.Afterwards(ctx); err != nil {
				return x.serviceDied(ctx, err)
			}
		case code(err) == http.StatusNotFound:
			return outcome{125, &api.EngineError{Op: "run a command in container " + x.name, Code: 125, Err: errGone}}
		default:
			return outcome{125, engineError("ask for the status of a command in container "+x.name, err)}
		}
	}
}

func (x *execution) ended(code int, streamErr error) outcome {
	switch {
	case streamErr != nil:
		return outcome{code, &api.EngineError{Op: "pass on the output of a command in container " + x.name, Code: 125, Err: streamErr}}
	case code == 126 || code == 127:
		if cause := x.stderr.startupError(); cause != nil && x.out.n == 0 {
			x.stderr.discard()
			op := "run a command in container " + x.name
			if text := cause.Error(); strings.Contains(text, "OCI ") && refusal(text) == 125 {
				return outcome{125, engineError(op, cause)}
			}
			return outcome{code, &api.EngineError{Op: op, Code: code, Err: cause}}
		}
		fallthrough
	case code != 0:
		return outcome{code, &api.ExitError{Container: x.name, Code: code}}
	}
	return outcome{}
}

// serviceDied kills the command, whose output can no longer be read.
func (x *execution) serviceDied(ctx context.Context, cause error) outcome {
	if cause == nil {
		cause = errors.New("it was restarted meanwhile")
	}
	fail := &api.EngineError{
		Op: "follow a command in container " + x.name, Code: 125, Err: fmt.Errorf("the podman service died: %w", cause),
		Hint: "the command was killed, since its output was lost",
	}
	if err := x.container.engine.service.Reconnect(context.WithoutCancel(ctx)); err != nil {
		fail.Hint = "the command may still run"
		return outcome{125, fail}
	}
	x.kill(ctx, syscall.SIGKILL)
	return outcome{125, fail}
}

// refused returns the error for a command that the engine did not run.
func (x *execution) refused(err error) error {
	return engineError("run a command in container "+x.name, err)
}
