// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
)

// readFile returns the text of a file in a container. It fails if the file is
// larger than most bytes.
func readFile(ctx context.Context, c Container, name string, most int64) (string, error) {
	var archive bytes.Buffer
	if err := c.Get(ctx, name, &limited{&archive, most + 4096}); err != nil {
		return "", err
	}
	t := tar.NewReader(&archive)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return "", fs.ErrNotExist
		}
		if err != nil {
			return "", err
		}
		if h.Typeflag == tar.TypeReg {
			data, err := io.ReadAll(io.LimitReader(t, most))
			return string(data), err
		}
	}
}

// limited is a writer that fails after left bytes.
type limited struct {
	to   io.Writer
	left int64
}

var errTooLarge = errors.New("too large")

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= int64(len(p)); l.left < 0 {
		return 0, errTooLarge
	}
	return l.to.Write(p)
}
