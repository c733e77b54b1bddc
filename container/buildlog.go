// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"bytes"
	"io"
	"strconv"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// maxLogLine limits the part of a line that is kept to parse it, in bytes.
const maxLogLine = 4096

var (
	stepLine   = lazyregexp.New(`^(?:\[\d+/\d+\] )?STEP (\d+)/(\d+): (.*)$`)
	idLine     = lazyregexp.New(`^[0-9a-f]{64}$`)
	statusText = lazyregexp.New(`: exit status (\d{1,3})\b`)
	notStarted = lazyregexp.New(`^(?:error )?running container: (?:error )?from \S+ creating container for \[`)
	runcReason = lazyregexp.New(`(?:^|\s)level=error msg=("(?:[^"\\]|\\.)*")`)
)

// A buildLog copies a build's output and records its progress.
type buildLog struct {
	to          io.Writer
	line        []byte // the unfinished one, cut at maxLogLine
	step, steps int
	instruction string
	id          string // last line that consists of an ID
	refusal     string // the builder's last words, if the runtime refused to start the step's command
}

func newBuildLog(to io.Writer) *buildLog {
	if to == nil {
		to = io.Discard
	}
	return &buildLog{to: to}
}

// Write ignores errors of the destination, because they must not fail a build.
func (b *buildLog) Write(p []byte) (int, error) {
	_, _ = b.to.Write(p)
	for rest := p; len(rest) > 0; {
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		b.line = append(b.line, line[:min(len(line), maxLogLine-len(b.line))]...)
		if whole {
			b.flush()
		}
		rest = after
	}
	return len(p), nil
}

// flush handles the unfinished line as if it had ended.
func (b *buildLog) flush() {
	line := strings.TrimRight(string(b.line), "\r")
	b.line = b.line[:0]
	if m := stepLine.FindStringSubmatch(line); m != nil {
		step, err1 := strconv.Atoi(m[1])
		steps, err2 := strconv.Atoi(m[2])
		if err1 == nil && err2 == nil {
			b.step, b.steps, b.instruction, b.refusal = step, steps, m[3], ""
		}
	}
	if idLine.MatchString(line) {
		b.id = line
	}
	if notStarted.MatchString(line) {
		b.refusal = line
	} else if b.refusal != "" && len(b.refusal) < maxLogLine { // the command may have several lines
		b.refusal += "\n" + line
	}
}

// refused returns the runtime's reason if it did not start the command of the
// last step, else "".
func (b *buildLog) refused() string {
	if m := runcReason.FindStringSubmatch(b.refusal); m != nil {
		if reason, err := strconv.Unquote(m[1]); err == nil {
			return reason
		}
	}
	text := b.refusal
	if i := strings.LastIndex(text, ": exit status "); i >= 0 { // of the runtime
		text = text[:i]
	}
	if i := strings.LastIndex(text, "]: "); i >= 0 { // after the command
		text = text[i+len("]: "):]
	}
	return strings.TrimSpace(text)
}

// exitStatus returns the exit status of the command that failed a build, or 0.
// It is only in the error text; the last match is that of the command.
func exitStatus(text string) int {
	if !strings.Contains(text, "while running runtime") && !strings.Contains(text, "building at STEP") {
		return 0
	}
	all := statusText.FindAllStringSubmatch(text, -1)
	if len(all) == 0 {
		return 0
	}
	status, err := strconv.Atoi(all[len(all)-1][1])
	if err != nil || status > 255 {
		return 0
	}
	return status
}

// baseMissing reports whether a build failed because its base image neither
// exists locally nor can be pulled.
func baseMissing(text string) bool {
	for _, words := range []string{"initializing source docker://", "pinging container registry", "image not known", "no such image", "short-name"} {
		if strings.Contains(text, words) {
			return true
		}
	}
	return false
}
