// SPDX-License-Identifier: GPL-2.0-or-later

package domstats

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// KVMStats is what a binary statistics descriptor of KVM holds, as the kernel's
// documentation of KVM_GET_STATS_FD lays it out.
type KVMStats struct {
	Stats  []SchemaStat
	Values map[string][]uint64 // one, or the buckets of a histogram
}

// kvmHeader and kvmEntry are struct kvm_stats_header and struct kvm_stats_desc.
type kvmHeader struct{ Flags, NameSize, Entries, IDOffset, EntryOffset, DataOffset uint32 }

type kvmEntry struct {
	Flags      uint32
	Exponent   int16
	Size       uint16
	Offset     uint32
	BucketSize uint32
}

// ReadKVMStats reads a whole descriptor.
func ReadKVMStats(r io.ReaderAt) (KVMStats, error) {
	fail := func(err error) (KVMStats, error) {
		return KVMStats{}, fmt.Errorf("cannot read KVM's statistics: %w", err)
	}
	var h kvmHeader
	if err := readAt(r, 0, &h); err != nil {
		return fail(err)
	}
	const mostEntries, mostName, mostBuckets = 4096, 256, 1024
	if h.Entries > mostEntries || h.NameSize > mostName {
		return fail(fmt.Errorf("%d entries with names of %d bytes", h.Entries, h.NameSize))
	}
	s := KVMStats{Values: map[string][]uint64{}}
	var e kvmEntry
	size := int64(binary.Size(e)) + int64(h.NameSize)
	for i := range int64(h.Entries) {
		at := int64(h.EntryOffset) + i*size
		if err := readAt(r, at, &e); err != nil {
			return fail(err)
		}
		name := make([]byte, h.NameSize)
		if err := readAt(r, at+size-int64(h.NameSize), name); err != nil {
			return fail(err)
		}
		name, _, _ = bytes.Cut(name, []byte{0})
		if e.Size > mostBuckets {
			return fail(fmt.Errorf("%s has %d values", name, e.Size))
		}
		values := make([]uint64, e.Size)
		if err := readAt(r, int64(h.DataOffset)+int64(e.Offset), values); err != nil {
			return fail(err)
		}
		s.Stats = append(s.Stats, e.stat(string(name)))
		s.Values[string(name)] = values
	}
	return s, nil
}

func readAt(r io.ReaderAt, offset int64, out any) error {
	b := make([]byte, binary.Size(out))
	if n, err := r.ReadAt(b, offset); n < len(b) {
		return fmt.Errorf("%d of %d bytes at %d: %w", n, len(b), offset, err)
	}
	_, err := binary.Decode(b, binary.NativeEndian, out)
	return err
}

// stat converts an entry to QEMU's form.
func (e kvmEntry) stat(name string) SchemaStat {
	word := func(words []string, n uint32) string {
		if int(n) < len(words) {
			return words[n]
		}
		return fmt.Sprintf("number %d", n)
	}
	const nibble = 0xf
	s := SchemaStat{
		Name: name,
		Type: word([]string{"cumulative", "instant", "peak", "linear-histogram", "log2-histogram"}, e.Flags&nibble),
		Unit: word([]string{"", "bytes", "seconds", "cycles", "boolean"}, e.Flags>>4&nibble),
	}
	if e.Exponent != 0 {
		s.Exponent, s.Base = int(e.Exponent), 10
		if e.Flags>>8&nibble == 1 {
			s.Base = 2
		}
	}
	if s.Type == "linear-histogram" {
		s.BucketSize = uint(e.BucketSize)
	}
	return s
}
