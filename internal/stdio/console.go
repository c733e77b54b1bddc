// SPDX-License-Identifier: GPL-2.0-or-later

package stdio

import (
	"io"

	"gitlab.com/lcitool/lcitool/internal/scheduler"
	"gitlab.com/lcitool/lcitool/internal/scheduler/progress"
)

// Console returns where runs are shown. What is written to its Stdout never fails
// there, because the run goes on; Lost returns the error.
func (s *Streams) Console() progress.Console {
	stdout := s.Stdout
	if !IsTerminal(stdout) {
		s.output = &ErrorKeeper{To: stdout}
		stdout = s.output
	}
	return progress.Console{
		Stdout: stdout, Stderr: s.Stderr,
		Live: s.Terminal(), Color: s.Getenv("NO_COLOR") == "", Sections: s.Getenv("GITLAB_CI") != "",
		Program: ForProgram,
		Redirect: func(w io.Writer) (restore func()) {
			before := s.display.Swap(&w)
			return func() { s.display.Store(before) }
		},
	}
}

// Lost returns the error with which output of a run was lost on stdout, or nil.
func (s *Streams) Lost() error {
	if s.output == nil {
		return nil
	}
	return s.output.Failed()
}

// Downloads returns progress bars, which show nothing unless stderr is a
// terminal.
func (s *Streams) Downloads() *progress.Downloads {
	if !s.Terminal() {
		return &progress.Downloads{}
	}
	return progress.NewDownloads(s.Stderr)
}

// Own returns the program's streams for a command that uses the terminal alone,
// without a stream for builds.
func (s *Streams) Own() scheduler.Streams {
	return scheduler.Streams{Stdin: s.Stdin, Stdout: s.Stdout, Stderr: s.Stderr, TTY: true}
}

// Shared returns the program's streams for a command. It gets the terminal
// itself if stdin and stdout are terminals, and otherwise the writers of
// ForProgram. The caller must call done.
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
