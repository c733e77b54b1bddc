// SPDX-License-Identifier: GPL-2.0-or-later

package daemon

import (
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"sync"
)

// tail copies a log and keeps its last lines.
type tail struct {
	mu     sync.Mutex
	w      io.Writer // nil for nowhere
	lines  []string
	part   []byte
	errors []string // the last lines that report an error
	wrong  int      // how many lines did
}

// mostLines is how much of a log says why its daemon ended.
const mostLines = 15

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.part = append(t.part, b...)
	for {
		i := bytes.IndexByte(t.part, '\n')
		if i < 0 {
			break
		}
		t.note(string(t.part[:i]))
		t.part = t.part[i+1:]
	}
	if extra := len(t.lines) - mostLines; extra > 0 {
		t.lines = t.lines[extra:]
	}
	if t.w == nil {
		return len(b), nil
	}
	return t.w.Write(b)
}

// note keeps a line; the lock is held.
func (t *tail) note(line string) {
	t.lines = append(t.lines, line)
	if !strings.Contains(line, ": error : ") {
		return
	}
	const most = 100
	t.wrong++
	if t.errors = append(t.errors, line); len(t.errors) > most {
		t.errors = t.errors[1:]
	}
}

// since returns the last of the errors after the first n, and how many there were so far.
func (t *tail) since(n int) (lines []string, now int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fresh := min(max(t.wrong-n, 0), len(t.errors))
	return slices.Clone(t.errors[len(t.errors)-fresh:]), t.wrong
}

func (t *tail) last() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]string{}, t.lines...)
}

// A Death is an unexpected end of a daemon.
type Death struct {
	State string   // "exit status 1", "signal: segmentation fault"
	Log   []string // the last lines that it wrote
}

// String has the state and the log.
func (d Death) String() string {
	if len(d.Log) == 0 {
		return fmt.Sprintf("libvirtd ended by itself (%s) and wrote nothing", d.State)
	}
	return fmt.Sprintf("libvirtd ended by itself (%s); the last lines that it wrote: %s", d.State, strings.Join(d.Log, " | "))
}

// watch waits for the end of a process. If nobody has asked for it, it reports the
// end and starts the daemon again.
func (d *Daemon) watch(cmd *exec.Cmd, ended chan<- struct{}) {
	// How it ended is in its state.
	_ = cmd.Wait()
	// Who has asked for the end starts the next process as soon as ended is closed.
	d.mu.Lock()
	asked := d.stopping
	d.mu.Unlock()
	close(ended)
	if asked || d.o.Died == nil {
		return
	}
	death := Death{State: "unknown", Log: d.tail.last()}
	if cmd.ProcessState != nil {
		death.State = cmd.ProcessState.String()
	}
	d.o.Died(death)
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.stopping && d.cmd == cmd {
		// If this fails, the next attempt to connect reports it.
		_ = d.start()
	}
}
