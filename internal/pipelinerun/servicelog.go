// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"gitlab.com/lcitool/lcitool/internal/redact"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// maxServiceLog limits the size of a service's log, in bytes.
const maxServiceLog = 64 << 20

// serviceLogs returns a function that opens the log of a service in a run's
// directory.
func serviceLogs(dir string, secrets *redact.Redactor) func(job, alias string) (io.WriteCloser, error) {
	return func(job, alias string) (io.WriteCloser, error) {
		base := filepath.Join(dir, termtext.FileName(job)+"-service-"+termtext.FileName(alias))
		name := base + ".log"
		for n := 2; ; n++ { // it may be the log of a job, or of an earlier attempt
			file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
			if errors.Is(err, fs.ErrExist) {
				name = base + "-" + strconv.Itoa(n) + ".log"
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("cannot keep the log of service %q: %w", alias, err)
			}
			l := &serviceLog{file: file, left: maxServiceLog}
			l.hidden = secrets.Writer(limited{l})
			return l, nil
		}
	}
}

// A serviceLog is a log file with secrets masked.
type serviceLog struct {
	hidden *redact.Writer
	file   *os.File
	left   int // bytes that it still takes
}

func (l *serviceLog) Write(p []byte) (int, error) { return l.hidden.Write(p) }

func (l *serviceLog) Close() error { return errors.Join(l.hidden.Flush(), l.file.Close()) }

// limited writes masked text to the file, up to the size limit.
type limited struct{ *serviceLog }

func (l limited) Write(p []byte) (int, error) {
	part := p[:min(len(p), l.left)]
	l.left -= len(part)
	if _, err := l.file.Write(part); err != nil {
		return 0, err
	}
	return len(p), nil
}
