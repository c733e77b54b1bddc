// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
)

// A shellContainer is a first process on this machine, in which kill has no effect.
type shellContainer struct {
	*memoryContainer
	process *exec.Cmd
	ended   atomic.Bool
	signals []string
}

func (c *shellContainer) Exited(context.Context) (int, bool, error) {
	return 137, c.ended.Load(), nil
}

func (c *shellContainer) Exec(_ context.Context, o api.ExecOptions) (api.RunResult, error) {
	signal := o.Command[len(o.Command)-1]
	c.signals = append(c.signals, signal)
	name := signal // the script waits for this
	if signal == "9" {
		name = "killed"
	}
	return api.RunResult{}, os.WriteFile(filepath.Join(c.mounted, name), nil, 0o600)
}

func (c *shellContainer) Kill(context.Context) error { return c.process.Process.Kill() }

func firstShell(t *testing.T, script string) *shellContainer {
	t.Helper()
	return firstShellOf(t, script, "sh", "-c", firstProcess())
}

// firstShellOf returns a first process that is a child of a command, or replaces it.
func firstShellOf(t *testing.T, script string, command ...string) *shellContainer {
	t.Helper()
	dir := stateIn(t, "todo", "done", pipedOut, pipedErr)
	local := strings.NewReplacer(stateDir+"/", dir+"/").Replace
	for name, text := range map[string]string{"script": script, "kill": "", "packages": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(local(text)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i := range command {
		command[i] = local(command[i])
	}
	c := &shellContainer{memoryContainer: &memoryContainer{name: "c", mounted: dir}, process: exec.Command(command[0], command[1:]...)}
	c.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.process.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = c.process.Wait()
		c.ended.Store(true)
		close(ended)
	}()
	t.Cleanup(func() {
		_ = syscall.Kill(-c.process.Process.Pid, syscall.SIGKILL) // also what a script has left
		<-ended
	})
	return c
}

func (c *shellContainer) run(ctx context.Context, o api.ExecOptions) error {
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Minute
	}
	return runPiped(ctx, &Job{root: true}, c, "script", "running", o)
}

func TestPipedStage(t *testing.T) {
	for name, c := range map[string]struct {
		script   string
		code     int
		out, err string
	}{
		"streams":       {"echo one; echo two >&2; echo three", 0, "one\nthree\n", "two\n"},
		"status":        {"echo $_lcitool_status; exit 3", 3, "running\n", ""},
		"killed":        {"echo one; kill -9 $$", 137, "one\n", ""},
		"much":          {"head -c 3000000 /dev/zero | tr '\\0' x", 0, strings.Repeat("x", 3_000_000), ""},
		"in background": {"echo one; sleep 600 & echo two", 0, "one\ntwo\n", ""},
		"redirected":    {"exec > /dev/null 2>&1; exit 4", 4, "", ""},
		"descriptors":   {"for fd in 3 4 5; do ( : >&$fd ) || echo $fd; done 2> /dev/null", 0, "3\n4\n5\n", ""},
		"forged":        {"echo \"piped 0\n$_lcitool_id 0\" > /run/lcitool/done; exit 5", 5, "", ""},
		"by name":       {"echo x > /dev/stdout; echo y > /dev/stderr", 0, "x\n", "y\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, errs bytes.Buffer
			err := firstShell(t, c.script).run(t.Context(), api.ExecOptions{Stdout: &out, Stderr: &errs})
			if api.Status(err) != c.code || out.String() != c.out || errs.String() != c.err {
				t.Errorf("status %d (%v), %.100q, %.100q", api.Status(err), err, out.String(), errs.String())
			}
		})
	}
}

// TestPipedStages: the first process runs one stage after another.
func TestPipedStages(t *testing.T) {
	c := firstShell(t, "echo x >> /run/lcitool/times; cat /run/lcitool/times; exit 2")
	for n := 1; n < 4; n++ {
		var out bytes.Buffer
		if err := c.run(t.Context(), api.ExecOptions{Stdout: &out}); api.Status(err) != 2 || out.String() != strings.Repeat("x\n", n) {
			t.Errorf("stage %d: %v, %q", n, err, out.String())
		}
	}
}

// TestPipedStageIsEnded: a stage that is cancelled or takes too long gets signals.
func TestPipedStageIsEnded(t *testing.T) {
	const script = "echo ready; until [ -e /run/lcitool/killed ]; do sleep 0.1; done"
	reason := errors.New("enough")
	c := firstShell(t, script)
	ctx, cancel := context.WithCancelCause(t.Context())
	err := c.run(ctx, api.ExecOptions{Stdout: writes(func() error { cancel(reason); return nil }), Grace: time.Millisecond})
	if !errors.Is(err, reason) || strings.Join(c.signals, " ") != "15 9" {
		t.Errorf("cancelled: %v, signals %q", err, c.signals)
	}
	c = firstShell(t, script)
	err = c.run(t.Context(), api.ExecOptions{Timeout: time.Second, Grace: time.Millisecond})
	if !errors.Is(err, api.ErrTimeout) || strings.Join(c.signals, " ") != "15 9" {
		t.Errorf("too long: %v, signals %q", err, c.signals)
	}
	c = firstShell(t, script)
	err = c.run(t.Context(), api.ExecOptions{Stdout: writes(func() error { return syscall.EPIPE })})
	if !errors.Is(err, syscall.EPIPE) || api.Status(err) != 125 || strings.Join(c.signals, " ") != "9" {
		t.Errorf("output: %v, signals %q", err, c.signals)
	}
	if err := c.run(ctx, api.ExecOptions{}); !errors.Is(err, reason) {
		t.Errorf("before it began: %v", err)
	}
}

// TestTimeToCleanUp: a script that takes too long has longer to end than one that is cancelled.
func TestTimeToCleanUp(t *testing.T) {
	h := newHarness(t)
	h.Run(t.Context(), job("x", nil), scheduler.Streams{})
	if o := h.engine.last().exec; o.TimeoutGrace != 10*time.Second || o.Grace >= o.TimeoutGrace {
		t.Errorf("%v after a cancellation, %v after the limit", o.Grace, o.TimeoutGrace)
	}
	c := firstShell(t, "[ -e /run/lcitool/began ] || { : > /run/lcitool/began; exit 0; }; until [ -e /run/lcitool/15 ]; do sleep 0.1; done; sleep 1; [ -e /run/lcitool/killed ] || : > /run/lcitool/cleaned")
	if err := c.run(t.Context(), api.ExecOptions{}); err != nil { // the limit of the next one is not for the start of the shell
		t.Fatal(err)
	}
	if err := c.run(t.Context(), api.ExecOptions{Timeout: 3 * time.Second, Grace: time.Millisecond, TimeoutGrace: 10 * time.Minute}); !errors.Is(err, api.ErrTimeout) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(c.mounted + "/cleaned"); err != nil {
		t.Errorf("signals %q: %v", c.signals, err)
	}
}

type writes func() error

func (w writes) Write(p []byte) (int, error) { return len(p), w() }

// TestNotPiped: such stages need an exec session.
func TestNotPiped(t *testing.T) {
	c := firstShell(t, "exit 0")
	for name, j := range map[string]*Job{"user": {}, "entrypoint": {root: true, entrypoint: []string{"/entry"}}} {
		if err := runPiped(t.Context(), j, c, "script", "running", api.ExecOptions{}); !errors.Is(err, errNotPiped) {
			t.Errorf("%s: %v", name, err)
		}
	}
	missing := &shellContainer{memoryContainer: &memoryContainer{mounted: stateIn(t, "todo", "done", pipedOut)}}
	elsewhere := &shellContainer{memoryContainer: &memoryContainer{}}
	for _, c := range []*shellContainer{missing, elsewhere} {
		if err := c.run(t.Context(), api.ExecOptions{}); !errors.Is(err, errNotPiped) {
			t.Errorf("%q: %v", c.mounted, err)
		}
	}
	refused := firstShell(t, "exit 0")
	if err := os.Remove(filepath.Join(refused.mounted, "script")); err != nil {
		t.Fatal(err)
	}
	todo, done := refused.mounted+"/todo", refused.mounted+"/done"
	answers, err := os.OpenFile(done, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer answers.Close()
	if err := refused.process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	go func() { // a first process without permission
		line, _ := os.ReadFile(todo)
		id, _, _ := strings.Cut(string(line), " ")
		_, _ = io.WriteString(answers, id+" "+pipedRefused+"\n")
	}()
	if err := refused.run(t.Context(), api.ExecOptions{}); !errors.Is(err, errNotPiped) {
		t.Errorf("refused: %v", err)
	}
}

// TestGoneBeforeTheStage: a first process that has ended reads no request.
func TestGoneBeforeTheStage(t *testing.T) {
	c := firstShell(t, "exit 0")
	if err := c.process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := c.run(t.Context(), api.ExecOptions{}); api.Status(err) != 137 {
		t.Errorf("got %v", err)
	}
}

// TestPipedStageThatOutlivesItself: what a script leaves is not waited for, and a flood
// of wrong answers ends the stage.
func TestPipedStageThatOutlivesItself(t *testing.T) {
	var out bytes.Buffer
	c := firstShell(t, "while :; do echo x; sleep 0.1; done & exit 3")
	if err := c.run(t.Context(), api.ExecOptions{Stdout: &out}); api.Status(err) != 3 || !strings.HasPrefix(out.String(), "x\n") {
		t.Errorf("prints: %v, %.20q", err, out.String())
	}
	c = firstShell(t, "yes > /dev/stdout & sleep 0.1; exit 4")
	if err := c.run(t.Context(), api.ExecOptions{Stdout: io.Discard}); api.Status(err) != 4 {
		t.Errorf("floods: %v", err)
	}
	c = firstShell(t, "head -c 70000 /dev/zero > /run/lcitool/done & until [ -e /run/lcitool/killed ]; do sleep 0.1; done")
	if err := c.run(t.Context(), api.ExecOptions{}); api.Status(err) != 125 || strings.Join(c.signals, " ") != "9" {
		t.Errorf("wrong answers: %v, signals %q", err, c.signals)
	}
}

// TestOutputIsReadLate: what a stage has written is passed on even if this process had no time to
// read it before a deadline.
func TestOutputIsReadLate(t *testing.T) {
	root, err := os.OpenRoot(stateIn(t, pipedOut))
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	from, err := openFIFO(root, pipedOut, os.O_RDONLY)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	left, err := openFIFO(root, pipedOut, os.O_WRONLY) // by a process that outlives the stage
	if err != nil {
		t.Fatal(err)
	}
	defer left.Close()
	text := strings.Repeat("x", 60_000)
	late := func() {
		t.Helper()
		_, err := left.WriteString(text)
		if err = errors.Join(err, from.SetReadDeadline(time.Unix(1, 0))); err != nil {
			t.Fatal(err)
		}
	}
	late()
	p := &pipedStage{}
	time.AfterFunc(50*time.Millisecond, func() { p.ended.Store(true) })
	var out bytes.Buffer
	if err := p.copy(from, &out); err != nil || out.String() != text {
		t.Fatalf("%d bytes, %v", out.Len(), err)
	}
	late()
	b := make([]byte, 2*len(text))
	if n, err := readNow(from, b); n != len(text) || err != nil {
		t.Errorf("at once: %d bytes, %v", n, err)
	}
	if n, err := readNow(from, b); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("nothing is there: %d bytes, %v", n, err)
	}
}

// An endingContainer ends a stage when a step is taken.
type endingContainer struct {
	Container
	steps []string
	at    string
	ended chan struct{}
}

func (c *endingContainer) step(name string) error {
	if c.steps = append(c.steps, name); name == c.at {
		close(c.ended)
	}
	return nil
}

func (c *endingContainer) Exec(_ context.Context, o api.ExecOptions) (api.RunResult, error) {
	return api.RunResult{}, c.step(o.Command[len(o.Command)-1])
}

func (c *endingContainer) Kill(context.Context) error    { return c.step("end") }
func (c *endingContainer) Restart(context.Context) error { return c.step("again") }

// TestStepsToEndAStage: one step after another, the last ones whatever the script did to
// lcitool's files.
func TestStepsToEndAStage(t *testing.T) {
	for at, want := range map[string]string{"15": "15,9", "9": "15,9", "kill -9 -1": "15,9,kill -9 -1", "end": "15,9,kill -9 -1,end,again", "never": "15,9,kill -9 -1,end"} {
		synctest.Test(t, func(t *testing.T) {
			c := &endingContainer{at: at, ended: make(chan struct{})}
			p := &pipedStage{container: c}
			p.end(t.Context(), c.ended, time.Minute, time.Second)
			if got := strings.Join(c.steps, ","); got != want {
				t.Errorf("%s: %s, want %s", at, got, want)
			}
		})
	}
}

// TestInterruptInTheGrace: a script that has taken too long is not waited for any longer if the user
// interrupts lcitool.
func TestInterruptInTheGrace(t *testing.T) {
	for at, want := range map[string]time.Duration{"9": 5 * time.Second, "15": 0} {
		synctest.Test(t, func(t *testing.T) {
			c := &endingContainer{at: at, ended: make(chan struct{})}
			ctx, interrupt := context.WithTimeout(t.Context(), 3*time.Second)
			defer interrupt()
			began := time.Now()
			(&pipedStage{container: c}).end(ctx, c.ended, time.Hour, 2*time.Second)
			if took, got := time.Since(began), strings.Join(c.steps, ","); took != want || got != "15,9" {
				t.Errorf("%s: %s after %v", at, got, took)
			}
		})
	}
}

// TestTimeoutThatEndedTheContainer is no exit status of the job.
func TestTimeoutThatEndedTheContainer(t *testing.T) {
	c := &shellContainer{memoryContainer: &memoryContainer{}}
	c.ended.Store(true)
	err := error(&api.EngineError{Op: "x", Code: 125, Err: api.ErrTimeout})
	if !containerGone(t.Context(), c, &err) || !errors.Is(err, api.ErrTimeout) {
		t.Errorf("got %v", err)
	}
}
