// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// maxErrorFrame bounds the message that a service puts into its own stream.
const maxErrorFrame = 64 << 10

// demux copies a stream of frames, as the service sends logs, to stdout and
// stderr until its end. A frame is a channel number, three zero bytes, a
// length in four bytes and that many bytes; the length is a claim that nothing
// is allocated for. A stream cut inside a frame is io.ErrUnexpectedEOF.
func demux(stdout, stderr io.Writer, stream io.Reader) error {
	var header [8]byte
	for {
		switch _, err := io.ReadFull(stream, header[:]); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		length := int64(binary.BigEndian.Uint32(header[4:]))
		var to io.Writer
		switch header[0] {
		case 0, 1: // 0 is what was sent to the container's stdin, which logs do not have
			to = stdout
		case 2:
			to = stderr
		case 3:
			text, err := io.ReadAll(io.LimitReader(stream, min(length, maxErrorFrame)))
			if err != nil {
				return err
			}
			return fmt.Errorf("service says in the stream: %s", text)
		default:
			return fmt.Errorf("unknown channel %d in the stream", header[0])
		}
		switch _, err := io.CopyN(to, stream, length); {
		case errors.Is(err, io.EOF):
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		}
	}
}

// A skipper drops the first bytes of what is written to it.
type skipper struct {
	to   io.Writer
	drop int64
}

func (s *skipper) Write(p []byte) (int, error) {
	if n := int64(len(p)); s.drop >= n {
		s.drop -= n
		return len(p), nil
	}
	head := int(s.drop)
	s.drop = 0
	n, err := s.to.Write(p[head:])
	return head + n, err
}

// A counter counts what goes through it. Its methods have pointer receivers
// because the bindings panic on a writer that is a plain struct.
type counter struct {
	to io.Writer
	n  int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.n += int64(n)
	return n, err
}
