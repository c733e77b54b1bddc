// SPDX-License-Identifier: GPL-2.0-or-later

package wire

import (
	"encoding/binary"
	"fmt"
)

// Limits of libvirt's protocol.
const (
	maxString  = 4 << 20
	maxDomains = 16384
	maxParams  = 262144
	maxName    = 80 // of a parameter, with the terminator
	maxAuth    = 20
)

// reader walks XDR bytes. After the first error everything reads as zero and
// err stays.
type reader struct {
	buf []byte
	err error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

func (r *reader) take(n int) []byte {
	if r.err != nil {
		return nil
	}
	if n > len(r.buf) {
		r.fail("%d bytes wanted where %d are left", n, len(r.buf))
		return nil
	}
	b := r.buf[:n]
	r.buf = r.buf[n:]
	return b
}

func (r *reader) u32() uint32 {
	if b := r.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *reader) u64() uint64 {
	if b := r.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (r *reader) str(limit uint32) string {
	n := r.u32()
	if n > limit {
		r.fail("string of %d bytes where %d are allowed", n, limit)
	}
	s := string(r.take(int(n)))
	r.take(-int(n) & 3)
	return s
}

// count reads the length of a list whose elements take at least size bytes,
// so that a lie is found before anything is allocated for it.
func (r *reader) count(limit uint32, size int) int {
	n := r.u32()
	if n > limit {
		r.fail("list of %d elements where %d are allowed", n, limit)
		return 0
	}
	if int(n)*size > len(r.buf) {
		r.fail("list of %d elements in %d bytes", n, len(r.buf))
		return 0
	}
	return int(n)
}

// done returns the first error, or one about bytes left over.
func (r *reader) done() error {
	if r.err == nil && len(r.buf) > 0 {
		r.fail("%d bytes left over", len(r.buf))
	}
	return r.err
}

func appendString(b []byte, s string) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
	b = append(b, s...)
	for range -len(s) & 3 {
		b = append(b, 0)
	}
	return b
}
