// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"
)

// maxWithheld bounds what is kept back of a stream's beginning.
const maxWithheld = 4096

// refusals are what the first lines of a stream may be when there was nothing
// to run: words of the engine, which come instead of the command's own.
type refusals struct {
	begin string         // of the first line
	line  *regexp.Regexp // each line, without its end
}

// The lines, as patterns.
var (
	initLine = regexp.MustCompile(`^ERROR \(catatonit:\d+\): failed to exec pid1: (.+)$`)
	execLine = regexp.MustCompile(
		`^Error: (.*(?:OCI runtime attempted to invoke a command that was not found|OCI permission denied)|read unixpacket .*: connection reset by peer)$`,
	)
)

// initRefusals are the one line of an init process. Its status is 1, whatever
// the reason.
func initRefusals() refusals { return refusals{"ERROR (catatonit:", initLine} }

// execRefusals are those of the runtime and of podman after it.
func execRefusals() refusals { return refusals{"Error: ", execLine} }

// withheld passes a stream on, but keeps its beginning back for as long as it
// may be a refusal.
type withheld struct {
	to   io.Writer
	says refusals
	held []byte
	open bool // everything is passed on
}

func newWithheld(to io.Writer, says refusals) *withheld {
	if to == nil {
		to = io.Discard
	}
	return &withheld{to: to, says: says}
}

func (w *withheld) Write(p []byte) (int, error) {
	if w.open {
		return w.to.Write(p)
	}
	w.held = append(w.held, p...)
	if w.maybe() {
		return len(p), nil
	}
	return len(p), w.release()
}

// maybe reports whether what came so far may be a refusal.
func (w *withheld) maybe() bool {
	begin := []byte(w.says.begin)
	if len(w.held) < len(begin) {
		return bytes.HasPrefix(begin, w.held)
	}
	if len(w.held) > maxWithheld || !bytes.HasPrefix(w.held, begin) {
		return false
	}
	for line := range strings.Lines(string(w.held)) {
		if whole, ended := strings.CutSuffix(line, "\n"); ended && !w.says.line.MatchString(strings.TrimSuffix(whole, "\r")) {
			return false
		}
	}
	return true
}

// refusal returns why there was nothing to run, nil if that is not what the
// stream says.
func (w *withheld) refusal() error {
	first, rest, ended := strings.Cut(string(w.held), "\n")
	m := w.says.line.FindStringSubmatch(strings.TrimSuffix(first, "\r"))
	if w.open || !ended || m == nil || rest != "" && !strings.HasSuffix(rest, "\n") {
		return nil
	}
	return errors.New(m[1])
}

// drop forgets what was kept back, for words of our own to come instead.
func (w *withheld) drop() { w.held = nil }

// release passes on what was kept back, and from now on everything.
func (w *withheld) release() error {
	w.open = true
	held := w.held
	w.held = nil
	if len(held) == 0 {
		return nil
	}
	_, err := w.to.Write(held)
	return err
}
