// SPDX-License-Identifier: GPL-2.0-or-later

package domstats

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"slices"
	"testing"
)

// kvmFile encodes entries as the kernel does, with names of 16 bytes.
func kvmFile(t *testing.T, entries []kvmEntry, names []string, data []uint64) []byte {
	t.Helper()
	const headerSize, nameSize, idSize = 24, 16, 16
	entrySize := binary.Size(kvmEntry{}) + nameSize
	var b bytes.Buffer
	add := func(v any) {
		if err := binary.Write(&b, binary.NativeEndian, v); err != nil {
			t.Fatal(err)
		}
	}
	add(kvmHeader{NameSize: nameSize, Entries: uint32(len(entries)), IDOffset: headerSize, EntryOffset: headerSize + idSize,
		DataOffset: uint32(headerSize + idSize + len(entries)*entrySize)})
	add([idSize]byte{'k', 'v', 'm'})
	for i, e := range entries {
		var name [nameSize]byte
		copy(name[:], names[i])
		add(e)
		add(name)
	}
	add(data)
	return b.Bytes()
}

func kvmExample(t *testing.T) []byte {
	return kvmFile(t, []kvmEntry{
		{Flags: 0, Size: 1},
		{Flags: 0x41, Size: 1, Offset: 8},
		{Flags: 0x24, Exponent: -9, Size: 3, Offset: 16},
		{Flags: 0x113, Exponent: 10, Size: 1, Offset: 40, BucketSize: 64},
		{Flags: 0x9f, Size: 1, Offset: 48},
	}, []string{"exits", "guest_mode", "halt_wait_hist", "sizes", "new"}, []uint64{7, 1, 2, 3, 4, 1 << 40, 9})
}

func TestReadKVMStats(t *testing.T) {
	got, err := ReadKVMStats(bytes.NewReader(kvmExample(t)))
	if err != nil {
		t.Fatal(err)
	}
	want := KVMStats{
		Stats: []SchemaStat{
			{Name: "exits", Type: "cumulative"},
			{Name: "guest_mode", Type: "instant", Unit: "boolean"},
			{Name: "halt_wait_hist", Type: "log2-histogram", Unit: "seconds", Base: 10, Exponent: -9},
			{Name: "sizes", Type: "linear-histogram", Unit: "bytes", Base: 2, Exponent: 10, BucketSize: 64},
			{Name: "new", Type: "number 15", Unit: "number 9"},
		},
		Values: map[string][]uint64{"exits": {7}, "guest_mode": {1}, "halt_wait_hist": {2, 3, 4}, "sizes": {1 << 40}, "new": {9}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestReadKVMStatsRefuses(t *testing.T) {
	whole := kvmExample(t)
	for n := range len(whole) {
		if got, err := ReadKVMStats(bytes.NewReader(whole[:n])); err == nil {
			t.Fatalf("%d of %d bytes: %+v", n, len(whole), got)
		}
	}
	for at, what := range map[int]string{4: "names", 8: "entries", 46: "values", 48: "an offset"} {
		b := slices.Clone(whole)
		b[at], b[at+1] = 0xff, 0xff
		if got, err := ReadKVMStats(bytes.NewReader(b)); err == nil {
			t.Errorf("many %s: %+v", what, got)
		}
	}
}
