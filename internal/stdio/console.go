// SPDX-License-Identifier: GPL-2.0-or-later

package stdio

import (
	"io"

	"gitlab.com/lcitool/lcitool/internal/scheduler"
	"gitlab.com/lcitool/lcitool/internal/scheduler/progress"
)

// Console returns where runs are shown.
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
