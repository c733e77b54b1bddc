// SPDX-License-Identifier: GPL-2.0-or-later

package buildsteps

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

const (
	unfinished = ".part"        // ends the name of a log that is written
	abandoned  = 24 * time.Hour // after which its writer was killed
	maxLine    = 16 << 10       // bytes at which a line without an end is broken
)

// A Log keeps what the builds of one image print, and shows their steps. It is
// not safe for use by several goroutines. Close ends it.
type Log struct {
	to    io.Writer // shown
	steps Steps
	line  []byte
	path  string   // of the log when it is complete
	file  *os.File // nil until something was written
	err   error    // of the file: from then on all is shown
	cut   bool     // the file has more than what was shown
}

// NewLog returns a Log that shows steps on a writer. The whole output is in
// DIR/NAME.log when the log is closed, in place of that of an earlier build.
func NewLog(to io.Writer, live bool, dir, name string) *Log {
	return &Log{to: to, steps: Steps{Live: live}, path: filepath.Join(dir, termtext.FileName(name)+".log")}
}

// Write never fails: a log that cannot be kept is no reason to fail a build.
func (l *Log) Write(p []byte) (int, error) {
	if l.file == nil && l.err == nil && len(p) > 0 {
		l.file, l.err = create(l.path)
	}
	if l.file != nil && l.err == nil {
		_, l.err = l.file.Write(p)
	}
	if l.err != nil {
		l.show(string(p))
		return len(p), nil
	}
	for rest := p; len(rest) > 0; {
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		room := maxLine - len(l.line)
		l.cut = l.cut || len(line) > room
		l.line = append(l.line, line[:min(len(line), room)]...)
		if whole {
			line := strings.TrimRight(string(l.line), "\r")
			text := l.steps.Line(line, time.Now())
			l.cut = l.cut || text != line+"\n"
			l.show(text)
			l.line = l.line[:0]
		}
		rest = after
	}
	return len(p), nil
}

// show ignores errors: the reader may have gone.
func (l *Log) show(text string) {
	if text != "" {
		_, _ = io.WriteString(l.to, text)
	}
}

// Close ends the log and gives its file, "" if nothing was built. The state is
// that of Steps.End. If the build failed, all of the log is shown, unless that already was.
func (l *Log) Close(state outcome.State) (path string, err error) {
	if l.file == nil {
		return "", l.err
	}
	l.show(l.steps.End(state, time.Now()))
	if state == outcome.NoImage && l.err == nil && (l.cut || len(l.line) > 0) {
		l.err = l.showAll()
	}
	err = errors.Join(l.err, l.file.Close(), os.Rename(l.file.Name(), l.path))
	l.file = nil
	return l.path, err
}

func (l *Log) showAll() error {
	if _, err := l.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := io.Copy(l.to, l.file)
	return err
}

// create makes the file of a log, and removes those that killed programs left.
func create(path string) (*os.File, error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, file := range left {
		info, err := file.Info()
		if err == nil && strings.HasSuffix(file.Name(), unfinished) && time.Since(info.ModTime()) > abandoned {
			_ = os.Remove(filepath.Join(dir, file.Name()))
		}
	}
	return os.CreateTemp(dir, strings.TrimSuffix(filepath.Base(path), ".log")+".*"+unfinished)
}
