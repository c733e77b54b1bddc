// SPDX-License-Identifier: GPL-2.0-or-later

package stdio

import "strings"

// A Beginning keeps the first bytes that are written to it, up to a limit.
type Beginning struct {
	text strings.Builder
	left int
}

// NewBeginning returns a Beginning that keeps at most limit bytes.
func NewBeginning(limit int) *Beginning { return &Beginning{left: limit} }

// Write returns no error.
func (b *Beginning) Write(p []byte) (int, error) {
	part := p[:min(len(p), b.left)]
	b.left -= len(part)
	b.text.Write(part)
	return len(p), nil
}

// Full reports whether the limit is reached.
func (b *Beginning) Full() bool { return b.left == 0 }

func (b *Beginning) String() string { return b.text.String() }
