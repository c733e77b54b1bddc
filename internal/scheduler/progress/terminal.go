// SPDX-License-Identifier: GPL-2.0-or-later

package progress

import (
	"bytes"
	"io"

	"github.com/vbauerster/cupwriter"
)

// A terminal is a terminal whose frames have as many lines as they have: mpb
// takes the block of lines under the first one for a single line.
type terminal struct {
	*cupwriter.Writer
	lines int // of the frame that is being drawn
}

func newTerminal(out io.Writer) *terminal {
	return &terminal{Writer: cupwriter.New(out, false)}
}

// ReadFrom takes a part of a frame; what goes above it comes through Write.
func (c *terminal) ReadFrom(r io.Reader) (int64, error) {
	before := c.Len()
	n, err := c.Writer.ReadFrom(r)
	c.lines += bytes.Count(c.Bytes()[before:], []byte{'\n'})
	return n, err
}

// Flush draws the frame and has the next one drawn over it.
func (c *terminal) Flush(int) error {
	lines := c.lines
	c.lines = 0
	return c.Writer.Flush(lines)
}
