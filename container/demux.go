// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// maxErrorFrame bounds the message that a service puts into its own stream.
const maxErrorFrame = 64 << 10

// demuxBuffer is how much is read at once: some frames, which have 8 KiB.
const demuxBuffer = 64 << 10

// demux copies a stream of frames, as the service sends logs, to stdout and
// stderr until its end. A frame is a channel number, three zero bytes, a
// length in four bytes and that many bytes; the length is a claim that nothing
// is allocated for. A stream cut inside a frame is io.ErrUnexpectedEOF.
func demux(stdout, stderr io.Writer, stream io.Reader) error {
	header, in := make([]byte, 8), bufio.NewReaderSize(stream, demuxBuffer)
	for {
		switch _, err := io.ReadFull(in, header); {
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
			text, err := io.ReadAll(io.LimitReader(in, min(length, maxErrorFrame)))
			if err != nil {
				return err
			}
			return fmt.Errorf("service says in the stream: %s", text)
		default:
			return fmt.Errorf("unknown channel %d in the stream", header[0])
		}
		if err := pass(to, in, length); err != nil {
			return err
		}
	}
}

// pass writes the next length bytes to to, from where they are in the buffer.
func pass(to io.Writer, in *bufio.Reader, length int64) error {
	for length > 0 {
		if _, err := in.Peek(1); errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		} else if err != nil {
			return err
		}
		part, _ := in.Peek(int(min(length, int64(in.Buffered())))) // it is there
		if _, err := to.Write(part); err != nil {
			return err
		}
		_, _ = in.Discard(len(part))
		length -= int64(len(part))
	}
	return nil
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
