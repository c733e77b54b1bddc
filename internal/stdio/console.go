// SPDX-License-Identifier: GPL-2.0-or-later

package stdio

import (
	"io"

	"gitlab.com/lcitool/lcitool/internal/scheduler"
	"gitlab.com/lcitool/lcitool/internal/scheduler/progress"
)

// Console is where runs are shown.
func (s *Streams) Console() progress.Console {
	return progress.Console{
		Stdout: s.Stdout, Stderr: s.Stderr,
		Live: s.Terminal(), Color: s.Getenv("NO_COLOR") == "", Sections: s.Getenv("GITLAB_CI") != "",
		Program: ForProgram,
		Redirect: func(w io.Writer) (restore func()) {
			before := s.display.Swap(&w)
			return func() { s.display.Store(before) }
		},
	}
}

// Downloads shows how downloads get on, if stderr is a terminal that can.
func (s *Streams) Downloads() *progress.Downloads {
	if !s.Terminal() {
		return &progress.Downloads{}
	}
	return progress.NewDownloads(s.Stderr)
}

// Own are the program's streams for a command that has the terminal to itself,
// without one for builds.
func (s *Streams) Own() scheduler.Streams {
	return scheduler.Streams{Stdin: s.Stdin, Stdout: s.Stdout, Stderr: s.Stderr, TTY: true}
}

// Shared are the program's streams for a command that may have the terminal to
// itself. One that has not gets the terminal as ForProgram has it.
func (s *Streams) Shared() (own scheduler.Streams, done func()) {
	own = s.Own()
	if IsTerminal(s.Stdin) && IsTerminal(s.Stdout) {
		return own, func() {}
	}
	var outDone, errDone func()
	own.Stdout, outDone = ForProgram(s.Stdout)
	own.Stderr, errDone = ForProgram(s.Stderr)
	return own, func() { outDone(); errDone() }
}
