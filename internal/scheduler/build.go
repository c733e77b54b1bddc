// SPDX-License-Identifier: GPL-2.0-or-later

package scheduler

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"time"

	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// show prints lcitool's own text in place of a build's output.
func (l *lines) show(text string) {
	if l.sink.raw {
		_, _ = l.to.Write(l.stamped([]byte(text), time.Now()))
		return
	}
	for line := range bytes.Lines([]byte(text)) {
		l.add(string(bytes.TrimSuffix(line, []byte("\n"))))
	}
}

// endBuild ends the build's output. The log so far is the builder's output; if
// the build failed and only steps were shown, it is printed.
func (o *output) endBuild(state outcome.State) {
	o.mu.Lock()
	defer o.mu.Unlock()
	l := o.build
	if l.steps == nil || l.to == nil {
		return
	}
	_ = l.hidden.Flush() // hidden writes to memory
	if len(l.line) > 0 {
		l.finish()
	}
	l.show(l.steps.End(state, time.Now()))
	l.flush()
	if state == outcome.NoImage {
		l.showLog()
	}
}

// showLog prints the log from where the last call ended.
func (l *lines) showLog() {
	log, err := os.Open(l.output.path)
	if err != nil {
		l.sink.warn(l.prefix, "warning: cannot show the log: "+err.Error())
		return
	}
	defer log.Close()
	if _, err := log.Seek(l.output.shown, io.SeekStart); err != nil {
		return
	}
	defer func() { l.output.shown, _ = log.Seek(0, io.SeekCurrent) }()
	if l.sink.raw {
		_, _ = io.Copy(l.to, log)
		return
	}
	for from := bufio.NewReaderSize(log, maxLine); ; {
		line, err := from.ReadSlice('\n')
		if len(line) > 0 {
			l.add(termtext.LogLine(string(bytes.TrimSuffix(line, []byte("\n")))))
		}
		if len(l.whole) >= maxWhole || errors.Is(err, io.EOF) {
			l.flush()
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}
