// SPDX-License-Identifier: GPL-2.0-or-later

package crashcapsule

import (
	"bytes"
	"fmt"
	"sync"
)

// signals are those that dump core by default, on most architectures of Linux.
func signals() map[int]string {
	return map[int]string{
		3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE",
		11: "SIGSEGV", 24: "SIGXCPU", 25: "SIGXFSZ", 31: "SIGSYS",
	}
}

// SignalName returns the name of a signal of Linux.
func SignalName(number int) string {
	if name, ok := signals()[number]; ok {
		return name
	}
	return fmt.Sprintf("signal %d", number)
}

// Signalled returns the signal that a shell's exit status stands for, "" if it
// is none that dumps core.
func Signalled(status int) string { return signals()[status-128] }

// An Output looks for messages about crashed processes in output that is written
// to it. It is safe for concurrent use.
type Output struct {
	mu      sync.Mutex
	crashed bool
	tail    []byte // of what was written before
}

// Crashed reports whether there was a message.
func (o *Output) Crashed() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.crashed
}

// longestMessage is the length in bytes of the longest of messages.
const longestMessage = 32

// messages are those of shells, make, meson, pytest and ctest.
func messages() [][]byte {
	return [][]byte{
		[]byte("(core dumped)"), []byte("Segmentation fault"), []byte("Bus error"), []byte("Illegal instruction"),
		[]byte("Floating point exception"), []byte("Trace/breakpoint trap"), []byte("Bad system call"),
		[]byte("signal 11 SIGSEGV"), []byte("signal 6 SIGABRT"), []byte("***Exception:"),
	}
}

// Write never fails.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.crashed {
		return len(p), nil
	}
	border := append(o.tail, p[:min(len(p), longestMessage)]...)
	for _, m := range messages() {
		if bytes.Contains(p, m) || bytes.Contains(border, m) {
			o.crashed = true
			return len(p), nil
		}
	}
	all := border
	if len(p) > longestMessage {
		all = p
	}
	o.tail = append([]byte(nil), all[max(0, len(all)-longestMessage):]...)
	return len(p), nil
}
