// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"syscall"
)

// maxErrorFrame limits an error message in a stream of frames, in bytes.
const maxErrorFrame = 64 << 10

// demuxBuffer is the size of a read; a frame has at most 8 KiB.
const demuxBuffer = 64 << 10

// demux copies the frames of podman's log stream to stdout and stderr. A frame
// consists of a stream number, three zero bytes, a 4-byte big-endian length, and
// the data. The length is not trusted for allocations. A truncated frame gives
// io.ErrUnexpectedEOF.
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
		case 0, 1: // 0 is stdin, which does not occur in logs
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

func pass(to io.Writer, in *bufio.Reader, length int64) error {
	for length > 0 {
		if _, err := in.Peek(1); errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		} else if err != nil {
			return err
		}
		part, _ := in.Peek(int(min(length, int64(in.Buffered())))) // does not fail: these bytes are buffered
		if _, err := to.Write(part); err != nil {
			return err
		}
		_, _ = in.Discard(len(part))
		length -= int64(len(part))
	}
	return nil
}

// connectionClosed reports whether copying to and from a terminal failed because
// the engine closed the connection. It does when the command ends, and a key that
// is pressed then cannot be sent. Terminals do not return these errors.
func connectionClosed(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF) // EOF from ssh
}

// A skipper drops the first bytes written to it.
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

// A counter counts the bytes written through it. It is used as a pointer,
// because the bindings panic on a writer that is a struct.
type counter struct {
	to io.Writer
	n  int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.n += int64(n)
	return n, err
}
