// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"bufio"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
)

const (
	// pipedPrefix begins the name of a request for a stage whose output goes to
	// the FIFOs pipedOut and pipedErr. It is followed by a random word.
	pipedPrefix = "piped"

	pipedOut = "out"
	pipedErr = "err"

	// pipedRefused is the answer if the FIFOs do not belong to the container's
	// root, because the engine maps users.
	pipedRefused = "refused"
)

var errNotPiped = errors.New("the stage needs an exec session")

const (
	// killTime is how long a stage may take to end after SIGKILL, and a command
	// that sends a signal.
	killTime = 20 * time.Second
	// drainTime is how long to wait for the output of a process that outlives a
	// stage, and drainSize how much of it is taken, in bytes: what a pipe can hold.
	drainTime = 2 * time.Second
	drainSize = 1 << 20
	// requestTime is how long the first process may need until it reads requests.
	// If the runtime has its own kernel, FIFOs do not connect it with this machine.
	requestTime = 20 * time.Second
)

// A pipedStage is a stage that runs without an exec session of podman, which
// takes a tenth of a second: it is requested, and its output is read, through
// FIFOs of the state directory.
type pipedStage struct {
	container Container
	root      *os.Root // the state directory
	id        string
	done      *os.File
	output    [2]*os.File // read ends of the streams
	input     [2]*os.File // their write ends, so that they do not end before the stage has begun
	ended     atomic.Bool
}

// runPiped runs a stage until it ends. Its results are those of Container.Exec, or
// errNotPiped: the state directory is not one of this machine, the container has
// an entrypoint, which replaces or restarts the first process, or the job's user
// is not root. The FIFOs belong to root, as the streams of an exec session of root.
func runPiped(ctx context.Context, j *Job, c Container, name, status string, o api.ExecOptions) error {
	if !j.root || j.entrypoint != nil {
		return errNotPiped
	}
	root, err := c.Mounted(stateDir)
	if err != nil {
		return errNotPiped
	}
	p := &pipedStage{container: c, root: root, id: pipedPrefix + rand.Text()}
	defer p.close()
	if p.open() != nil {
		return errNotPiped
	}
	return p.run(ctx, name, status, o)
}

func (p *pipedStage) open() (err error) {
	if p.done, err = openFIFO(p.root, "done", os.O_RDONLY); err != nil {
		return err
	}
	for i, name := range []string{pipedOut, pipedErr} {
		if p.output[i], err = openFIFO(p.root, name, os.O_RDONLY); err != nil {
			return err
		}
		if p.input[i], err = openFIFO(p.root, name, os.O_WRONLY); err != nil {
			return err
		}
	}
	return nil
}

func (p *pipedStage) close() {
	for _, f := range []*os.File{p.done, p.output[0], p.output[1], p.input[0], p.input[1]} {
		if f != nil {
			_ = f.Close()
		}
	}
	_ = p.root.Close()
}

func (p *pipedStage) run(ctx context.Context, name, status string, o api.ExecOptions) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	limited, cancel := context.WithTimeoutCause(ctx, o.Timeout, fmt.Errorf("%w after %v", api.ErrTimeout, o.Timeout))
	defer cancel()
	var err error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		err = p.follow(limited, name, status, o)
	}()
	select {
	case <-ended:
		if err == nil || limited.Err() == nil {
			return err
		}
	case <-limited.Done():
		grace := o.Grace
		if ctx.Err() == nil {
			grace = cmp.Or(o.TimeoutGrace, grace)
		}
		p.end(ctx, ended, grace, o.Grace)
	}
	return fmt.Errorf("container %s: %w", p.container.Name(), context.Cause(limited))
}

// end ends the stage step by step: SIGTERM, SIGKILL, SIGKILL to all processes of the
// container whatever the script did to lcitool's files, and finally a restart of the
// container. SIGKILL follows after grace, and if ctx ends, after short.
func (p *pipedStage) end(ctx context.Context, ended <-chan struct{}, grace, short time.Duration) {
	p.kill(ctx, syscall.SIGTERM)
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(short, cancel) })()
	ctx = context.WithoutCancel(ctx)
	select {
	case <-ended: // descendants may still run
		p.kill(ctx, syscall.SIGKILL)
		return
	case <-patience.Done():
	}
	for i, step := range []func(){
		func() { p.kill(ctx, syscall.SIGKILL) },
		func() { p.exec(ctx, "/bin/sh", "-c", "kill -9 -1") },
		func() { _ = p.container.Kill(ctx) },
	} {
		step()
		select {
		case <-ended:
			if i == 2 {
				_ = p.container.Restart(ctx) // for after_script
			}
			return
		case <-time.After(killTime):
		}
	}
}

// kill sends a signal to all processes of the stage. Its errors are ignored,
// because the caller waits for the stage to end.
func (p *pipedStage) kill(ctx context.Context, s syscall.Signal) {
	p.exec(ctx, append(killStage(), strconv.Itoa(int(s)))...)
}

func (p *pipedStage) exec(ctx context.Context, command ...string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), killTime)
	defer cancel()
	_, _ = p.container.Exec(ctx, api.ExecOptions{Command: command, User: "0", WorkDir: "/"})
}

// follow requests the stage and passes its output on until it has ended.
func (p *pipedStage) follow(ctx context.Context, name, status string, o api.ExecOptions) error {
	if err := p.request(ctx, name, status); err != nil {
		return err
	}
	type result struct {
		code int
		err  error
	}
	ended, copied := make(chan result, 1), make(chan error, 2)
	go func() {
		code, err := p.status()
		ended <- result{code, err}
	}()
	for i, to := range []io.Writer{o.Stdout, o.Stderr} {
		go func() { copied <- p.copy(p.output[i], orDiscard(to)) }()
	}
	var fault error
	open := 2
	for {
		select {
		case err := <-copied: // before the end only if the output cannot be written
			open--
			if fault = errors.Join(fault, err); err != nil {
				p.kill(ctx, syscall.SIGKILL)
			}
		case r := <-ended:
			if r.err != nil && !errors.Is(r.err, io.EOF) && !errors.Is(r.err, errNotPiped) {
				p.kill(ctx, syscall.SIGKILL)
			}
			p.drain()
			for ; open > 0; open-- {
				fault = errors.Join(fault, <-copied)
			}
			return p.result(ctx, r.code, r.err, fault)
		}
	}
}

// request asks the first process to run the stage, when it waits for one.
func (p *pipedStage) request(ctx context.Context, name, status string) error {
	began := time.Now()
	pause, asked := time.Millisecond, began
	for {
		todo, err := openFIFO(p.root, "todo", os.O_WRONLY)
		if err == nil {
			defer todo.Close()
			if err = todo.SetWriteDeadline(time.Now().Add(killTime)); err == nil { // a script can fill the FIFO
				_, err = fmt.Fprintf(todo, "%s %s %s\n", p.id, name, status)
			}
		}
		if err == nil {
			return nil
		}
		if !errors.Is(err, syscall.ENXIO) {
			return p.fail("run a script", err)
		}
		if time.Since(asked) > time.Second { // it takes milliseconds to start
			if _, gone, err := p.container.Exited(ctx); gone || err != nil {
				return p.gone(ctx)
			}
			if time.Since(began) > requestTime {
				return errNotPiped
			}
			pause, asked = 50*time.Millisecond, time.Now()
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

// status returns the exit status of the stage. The error is io.EOF if the first
// process has ended, which has the FIFO open.
func (p *pipedStage) status() (int, error) {
	lines := bufio.NewScanner(p.done)
	for lines.Scan() {
		if id, code, _ := strings.Cut(lines.Text(), " "); id == p.id { // others are of stages that nobody waited for
			if code == pipedRefused {
				return 0, errNotPiped
			}
			return strconv.Atoi(code)
		}
	}
	if err := lines.Err(); err != nil {
		return 0, err
	}
	return 0, io.EOF
}

// copy passes on a stream until it ends. After the end of the stage it waits no
// longer than drainTime in all, and then takes what is there.
func (p *pipedStage) copy(from *os.File, to io.Writer) error {
	buffer := make([]byte, 32<<10)
	for left, size := drainTime, drainSize; size > 0; {
		began, ended := time.Now(), p.ended.Load()
		read := from.Read
		switch {
		case ended && left > 0:
			_ = from.SetReadDeadline(began.Add(left))
		case ended:
			read = func(b []byte) (int, error) { return readNow(from, b) }
		}
		n, err := read(buffer)
		if ended {
			left, size = left-time.Since(began), size-n
		}
		if _, writeErr := to.Write(buffer[:n]); writeErr != nil {
			return writeErr
		}
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) { // this process may have had no time to read what is there
			return nil
		}
	}
	return nil
}

// readNow reads from a FIFO without waiting. The error is io.EOF if there is
// nothing.
func readNow(from *os.File, b []byte) (n int, err error) {
	_ = from.SetReadDeadline(time.Time{})
	conn, err := from.SyscallConn()
	if err != nil {
		return 0, err
	}
	var read error
	err = conn.Read(func(fd uintptr) bool {
		n, read = syscall.Read(int(fd), b)
		return true
	})
	if err = errors.Join(err, read); err != nil || n <= 0 {
		return 0, io.EOF
	}
	return n, nil
}

// drain makes the streams end when the last process closes them, or soon.
func (p *pipedStage) drain() {
	p.ended.Store(true)
	for i := range p.input {
		_ = p.input[i].Close()
		_ = p.output[i].SetReadDeadline(time.Now().Add(drainTime))
	}
}

func (p *pipedStage) result(ctx context.Context, code int, err, fault error) error {
	switch {
	case errors.Is(err, io.EOF):
		return p.gone(ctx)
	case errors.Is(err, errNotPiped):
		return err
	case err != nil:
		return p.fail("follow a script", err)
	case fault != nil:
		return p.fail("pass on the output of a script", fault)
	case code != 0:
		return &api.ExitError{Container: p.container.Name(), Code: code}
	}
	return nil
}

// gone returns the error for a first process that has ended, when podman knows
// that.
func (p *pipedStage) gone(ctx context.Context) error {
	for limit := time.Now().Add(killTime); time.Now().Before(limit); time.Sleep(exitPoll) {
		code, exited, err := p.container.Exited(ctx)
		if err != nil {
			return err
		}
		if exited {
			return &api.ExitError{Container: p.container.Name(), Code: code}
		}
	}
	return p.fail("follow a script", errors.New("the first process has ended"))
}

func (p *pipedStage) fail(op string, err error) error {
	return &api.EngineError{Op: op + " in container " + p.container.Name(), Code: 125, Err: err}
}
