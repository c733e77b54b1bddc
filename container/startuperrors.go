// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// maxHeld limits the part of a stream that is held back, in bytes.
const maxHeld = 4096

// startupErrors are messages at the beginning of a stream if the command could
// not be started.
type startupErrors struct {
	begin string             // of the first line
	line  *lazyregexp.Regexp // each line, without its end
}

// Patterns of the lines.
var (
	initLine = lazyregexp.New(`^ERROR \(catatonit:\d+\): failed to exec pid1: (.+)$`)
	execLine = lazyregexp.New(
		`^Error: (.*(?:OCI runtime attempted to invoke a command that was not found|OCI permission denied)|read unixpacket .*: connection reset by peer)$`,
	)
)

// initErrors returns the message of the init process. Its exit status is always
// 1.
func initErrors() startupErrors { return startupErrors{"ERROR (catatonit:", initLine} }

// execErrors returns the messages of the runtime and of podman.
func execErrors() startupErrors { return startupErrors{"Error: ", execLine} }

// A startupErrorFilter copies a stream. It holds back the beginning while it may
// be a startup error.
type startupErrorFilter struct {
	to       io.Writer
	patterns startupErrors
	held     []byte
	open     bool // everything is passed on
}

func newStartupErrorFilter(to io.Writer, patterns startupErrors) *startupErrorFilter {
	if to == nil {
		to = io.Discard
	}
	return &startupErrorFilter{to: to, patterns: patterns}
}

func (w *startupErrorFilter) Write(p []byte) (int, error) {
	if w.open {
		return w.to.Write(p)
	}
	w.held = append(w.held, p...)
	if w.couldMatch() {
		return len(p), nil
	}
	return len(p), w.flush()
}

// couldMatch reports whether the data so far may be a startup error.
func (w *startupErrorFilter) couldMatch() bool {
	begin := []byte(w.patterns.begin)
	if len(w.held) < len(begin) {
		return bytes.HasPrefix(begin, w.held)
	}
	if len(w.held) > maxHeld || !bytes.HasPrefix(w.held, begin) {
		return false
	}
	for line := range strings.Lines(string(w.held)) {
		if whole, ended := strings.CutSuffix(line, "\n"); ended && !w.patterns.line.MatchString(strings.TrimSuffix(whole, "\r")) {
			return false
		}
	}
	return true
}

// startupError returns the reason why the command could not be started, or nil.
func (w *startupErrorFilter) startupError() error {
	first, rest, ended := strings.Cut(string(w.held), "\n")
	m := w.patterns.line.FindStringSubmatch(strings.TrimSuffix(first, "\r"))
	if w.open || !ended || m == nil || rest != "" && !strings.HasSuffix(rest, "\n") {
		return nil
	}
	return errors.New(m[1])
}

func (w *startupErrorFilter) discard() { w.held = nil }

// flush writes the data that was held back. Later data is written immediately.
func (w *startupErrorFilter) flush() error {
	w.open = true
	held := w.held
	w.held = nil
	if len(held) == 0 {
		return nil
	}
	_, err := w.to.Write(held)
	return err
}
