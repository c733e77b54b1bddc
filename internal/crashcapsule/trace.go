// SPDX-License-Identifier: GPL-2.0-or-later

package crashcapsule

import (
	"context"
	"strings"
)

const (
	maxFrames = 8
	maxFrame  = 300 // bytes
)

// debugger returns the command that opens a core of a container.
func (c *Crash) debugger(options ...string) []string {
	command := append([]string{"gdb"}, options...)
	if c.Core.Executable != "" {
		return append(command, c.Core.Executable, c.File)
	}
	return append(command, "-c", c.File)
}

// backtrace returns the backtraces of all threads and sets the frames of the one
// that crashed. It does not read initialization files of the tree or the user.
func (c *Crash) backtrace(ctx context.Context, o Options) string {
	text, err := run(ctx, o.Container, traceTime, c.debugger("-nx", "-batch",
		"-ex", "set pagination off", "-ex", "set width 0", "-ex", "bt 100", "-ex", "thread apply all bt full 100")...)
	if c.Frames = frames(o.Mask(text)); err != nil {
		c.note("gdb: %v", err)
	}
	return text
}

// frames returns the first frames of the first backtrace in gdb's output. Before
// it, gdb prints the innermost frame alone.
func frames(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			if len(all) > 0 {
				break
			}
			continue
		}
		if len(all) == maxFrames {
			break
		}
		if strings.HasPrefix(line, "#0 ") {
			all = nil
		}
		line = strings.TrimRight(line, "\n")
		all = append(all, strings.ToValidUTF8(line[:min(len(line), maxFrame)], ""))
	}
	return all
}
