// SPDX-License-Identifier: GPL-2.0-or-later

package board

import (
	"bytes"
	"io"

	"github.com/vbauerster/cupwriter"
)

// A console is a terminal whose frames have as many lines as they have: mpb
// takes the block of lines under the first one for a single line.
type console struct {
	*cupwriter.Writer
	lines int // of the frame that is being drawn
}

func newConsole(out io.Writer) *console {
	return &console{Writer: cupwriter.New(out, false)}
}

// ReadFrom takes a part of a frame; what goes above it comes through Write.
func (c *console) ReadFrom(r io.Reader) (int64, error) {
	before := c.Len()
	n, err := c.Writer.ReadFrom(r)
	c.lines += bytes.Count(c.Bytes()[before:], []byte{'\n'})
	return n, err
}

// Flush draws the frame and has the next one drawn over it.
func (c *console) Flush(int) error {
	lines := c.lines
	c.lines = 0
	return c.Writer.Flush(lines)
}
