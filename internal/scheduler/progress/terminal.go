// SPDX-License-Identifier: GPL-2.0-or-later

package progress

import (
	"bytes"
	"io"

	"github.com/vbauerster/cupwriter"
)

// A terminal counts the lines of each frame. Without it, mpb counts the block of
// lines below the first one as a single line.
type terminal struct {
	*cupwriter.Writer
	lines int // of the frame that is being drawn
}

func newTerminal(out io.Writer) *terminal {
	return &terminal{Writer: cupwriter.New(out, false)}
}

// ReadFrom receives a part of a frame. Text above the frame goes through Write.
func (c *terminal) ReadFrom(r io.Reader) (int64, error) {
	before := c.Len()
	n, err := c.Writer.ReadFrom(r)
	c.lines += bytes.Count(c.Bytes()[before:], []byte{'\n'})
	return n, err
}

// Flush draws the frame. The next frame overwrites it.
func (c *terminal) Flush(int) error {
	lines := c.lines
	c.lines = 0
	return c.Writer.Flush(lines)
}
