// SPDX-License-Identifier: GPL-2.0-or-later

package repodata

import (
	"bufio"
	"compress/bzip2"
	"fmt"
	"io"
	"path"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/therootcompany/xz"
)

// maxDictionary limits the memory for unpacking one file. Indexes use
// dictionaries of at most 8 MiB.
const maxDictionary = 64 << 20

// unpack returns a reader of the file's content, at most limit bytes, by the
// ending of its name. The caller calls the function when done.
func unpack(name string, r io.Reader, limit int64) (io.Reader, func(), error) {
	r = bufio.NewReaderSize(r, 64<<10)
	plain, done := r, func() {}
	var err error
	switch ext := path.Ext(name); ext {
	case ".gz":
		plain, err = gzip.NewReader(r)
	case ".xz":
		plain, err = xz.NewReader(r, maxDictionary)
	case ".bz2":
		plain = bzip2.NewReader(r)
	case ".zst":
		var z *zstd.Decoder
		z, err = zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxDictionary))
		if err == nil {
			plain, done = z, z.Close
		}
	case "", ".xml":
	default:
		err = fmt.Errorf("compression %q is not known", ext)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("cannot unpack: %w", err)
	}
	return &limitReader{r: plain, left: limit, limit: limit}, done, nil
}

// A limitReader fails, where io.LimitReader would end, after limit bytes.
type limitReader struct {
	r           io.Reader
	left, limit int64
}

func (l *limitReader) Read(p []byte) (int, error) {
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.r.Read(p)
	l.left -= int64(n)
	if l.left < 0 {
		return 0, fmt.Errorf("more than %d bytes unpacked", l.limit)
	}
	return n, err
}
