// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/term"

	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/pipelinerun"
	"gitlab.com/lcitool/lcitool/internal/scheduler/progress"
)

// runs is where what runs of jobs came to is kept.
func (a *app) runs() (*jobrecord.Store, error) {
	store, err := a.store("runs")
	if err == nil {
		store.Latest = filepath.Join(filepath.Dir(store.Dir), "latest")
	}
	return store, err
}

// store is where runs of one kind are kept.
func (a *app) store(kind string) (*jobrecord.Store, error) {
	state := a.stateDir()
	if state == "" {
		return nil, errors.New("cannot keep logs: neither XDG_STATE_HOME nor HOME says where")
	}
	return &jobrecord.Store{Dir: filepath.Join(state, kind)}, nil
}

// console is where runs are shown.
func (a *app) console() progress.Console {
	return progress.Console{
		Stdout: a.stdout, Stderr: a.stderr,
		Live: a.terminal(), Color: a.getenv("NO_COLOR") == "", Sections: a.getenv("GITLAB_CI") != "",
		Program: forProgram,
		Redirect: func(w io.Writer) (restore func()) {
			before := a.display.Swap(&w)
			return func() { a.display.Store(before) }
		},
	}
}

// A messageWriter writes messages to stderr, above the lines of a display while
// there is one.
type messageWriter struct{ app *app }

func (m messageWriter) Write(p []byte) (int, error) {
	if display := m.app.display.Load(); display != nil {
		return (*display).Write(p)
	}
	return m.app.stderr.Write(p)
}

// messages are those of runs of jobs.
func (a *app) messages() pipelinerun.Messages {
	return pipelinerun.Messages{Infof: a.infof, Warnf: a.warnf, Warn: a.warn}
}

// terminal reports whether stderr is a terminal that lines can be drawn on.
func (a *app) terminal() bool {
	return isTerminal(a.stderr) && a.getenv("TERM") != "dumb" && a.getenv("CI") == ""
}

// downloads shows how downloads get on, if stderr is a terminal that can.
func (a *app) downloads() *progress.Downloads {
	if !a.terminal() {
		return &progress.Downloads{}
	}
	return progress.NewDownloads(a.stderr)
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
