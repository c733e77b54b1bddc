// SPDX-License-Identifier: GPL-2.0-or-later

package statsrun

import (
	"fmt"
	"io"
	"sync"

	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// An Output is shared by targets that run in parallel: the text of one call stays
// together.
type Output struct {
	W io.Writer

	mu sync.Mutex
}

// WriteAll writes a text in one piece.
func (o *Output) WriteAll(text string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, err := io.WriteString(o.W, text)
	return err
}

// Lines returns a writer whose lines have the target before them.
func (o *Output) Lines(to io.Writer, target string) *Lines {
	return &Lines{out: o, to: to, prefix: target + " | "}
}

// Lines passes whole lines of one target on.
type Lines struct {
	out    *Output
	to     io.Writer
	prefix string
	line   []byte
}

// longestLine is where a line without an end is broken, in bytes.
const longestLine = 16 << 10

func (t *Lines) Write(p []byte) (int, error) {
	for _, c := range p {
		if c != '\n' {
			t.line = append(t.line, c)
		}
		if c == '\n' || len(t.line) == longestLine {
			t.flush()
		}
	}
	return len(p), nil
}

func (t *Lines) flush() {
	t.out.mu.Lock()
	defer t.out.mu.Unlock()
	fmt.Fprintln(t.to, t.prefix+termtext.LogLine(string(t.line)))
	t.line = t.line[:0]
}

// Close passes on what is left.
func (t *Lines) Close() {
	if len(t.line) > 0 {
		t.flush()
	}
}
