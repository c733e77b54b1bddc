// SPDX-License-Identifier: GPL-2.0-or-later

package crashcapsule

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"runtime"
	"testing"
)

// bomb returns an ELF file whose names of sections have a size when they are
// decompressed.
func bomb(t *testing.T, kind uint16, size uint64) []byte {
	t.Helper()
	var packed bytes.Buffer
	w := zlib.NewWriter(&packed)
	for range size >> 20 {
		if _, err := w.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	const header, section, compression = 64, 64, 24
	file := make([]byte, header+2*section+compression)
	copy(file, "\x7fELF\x02\x01\x01")
	order := binary.LittleEndian
	order.PutUint16(file[16:], kind)
	order.PutUint16(file[18:], 62) // x86-64
	order.PutUint32(file[20:], 1)
	order.PutUint64(file[40:], header) // e_shoff
	order.PutUint16(file[52:], header)
	order.PutUint16(file[54:], 56)
	order.PutUint16(file[58:], section)
	order.PutUint16(file[60:], 2) // e_shnum
	order.PutUint16(file[62:], 1) // e_shstrndx
	names := file[header+section:]
	order.PutUint32(names[4:], 3)     // SHT_STRTAB
	order.PutUint64(names[8:], 0x800) // SHF_COMPRESSED
	order.PutUint64(names[24:], header+2*section)
	order.PutUint64(names[32:], uint64(compression+packed.Len()))
	order.PutUint32(names[section:], 1) // zlib
	order.PutUint64(names[section+8:], size)
	return append(file, packed.Bytes()...)
}

// TestCompressedSections: a small file of a job cannot fill the memory.
func TestCompressedSections(t *testing.T) {
	const size = 64 << 20
	for name, read := range map[string]func(*bytes.Reader) error{
		"core":       func(r *bytes.Reader) error { _, err := ReadCore(r); return err },
		"executable": func(r *bytes.Reader) error { _, err := BuildID(r); return err },
	} {
		kind := uint16(2)
		if name == "core" {
			kind = 4
		}
		file := bytes.NewReader(bomb(t, kind, size))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := read(file); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if runtime.ReadMemStats(&after); after.TotalAlloc-before.TotalAlloc > size/4 {
			t.Errorf("%s of %d bytes: %d MiB were allocated", name, file.Size(), (after.TotalAlloc-before.TotalAlloc)>>20)
		}
	}
}
