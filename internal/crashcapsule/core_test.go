// SPDX-License-Identifier: GPL-2.0-or-later

package crashcapsule

import (
	"bytes"
	"compress/gzip"
	"debug/elf"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// realCore is the start of a core that Linux 6 wrote for "./crash 'one two'", without unused
// memory.
func realCore(t testing.TB) []byte {
	t.Helper()
	f, err := os.Open("testdata/x86_64.core.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestRealCore(t *testing.T) {
	data := realCore(t)
	if !IsCore(data) {
		t.Error("no core")
	}
	want := Core{Signal: "SIGSEGV", Command: "./crash one two", Executable: "/tmp/example/crash", BuildID: "ad6ea602049f4f71cc7b09b665dac2b0c45504a4"}
	if got, err := ReadCore(bytes.NewReader(data)); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	want.BuildID = ""
	if got, err := ReadCore(bytes.NewReader(data[:0x2000])); err != nil || got != want { // its memory is missing
		t.Errorf("without memory: %+v, %v", got, err)
	}
}

// A maker creates ELF files of one class and byte order.
type maker struct {
	bits  int
	order binary.AppendByteOrder
}

func (m maker) words(out []byte, values ...uint64) []byte {
	for _, v := range values {
		if m.bits == 32 {
			out = m.order.AppendUint32(out, uint32(v))
		} else {
			out = m.order.AppendUint64(out, v)
		}
	}
	return out
}

func (m maker) note(owner string, kind uint32, data []byte) []byte {
	out := m.order.AppendUint32(nil, uint32(len(owner)+1))
	out = m.order.AppendUint32(out, uint32(len(data)))
	out = m.order.AppendUint32(out, kind)
	for _, part := range [][]byte{append([]byte(owner), 0), data} {
		out = append(out, part...)
		out = append(out, make([]byte, -len(out)&3)...)
	}
	return out
}

// A segment is a part of memory, or notes if address is 0.
type segment struct {
	address uint64
	data    []byte
}

func (m maker) file(kind elf.Type, segments ...segment) []byte {
	class, data, head, entry := elf.ELFCLASS64, elf.ELFDATA2LSB, 64, 56
	if m.bits == 32 {
		class, head, entry = elf.ELFCLASS32, 52, 32
	}
	if m.order == binary.AppendByteOrder(binary.BigEndian) {
		data = elf.ELFDATA2MSB
	}
	out := append([]byte(elf.ELFMAG), byte(class), byte(data), 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	out = m.order.AppendUint16(out, uint16(kind))
	out = m.order.AppendUint16(out, uint16(elf.EM_PPC))
	out = m.order.AppendUint32(out, 1)
	sections, count := uint64(1<<20), 5 // far away, as those of a mapped file are
	if kind == elf.ET_CORE {
		sections, count = 0, 0
	}
	out = m.words(out, 0, uint64(head), sections)
	out = m.order.AppendUint32(out, 0)
	for _, v := range []int{head, entry, len(segments), 40, count, 0} {
		out = m.order.AppendUint16(out, uint16(v))
	}
	at := uint64(head + entry*len(segments))
	for _, s := range segments {
		kind, size := elf.PT_LOAD, uint64(len(s.data))
		if s.address == 0 {
			kind = elf.PT_NOTE
		}
		out = m.order.AppendUint32(out, uint32(kind))
		if m.bits == 32 {
			out = m.words(out, at, s.address, 0, size, size, 0, 4)
		} else {
			out = m.order.AppendUint32(out, 0)
			out = m.words(out, at, s.address, 0, size, size, 4)
		}
		at += size
	}
	for _, s := range segments {
		out = append(out, s.data...)
	}
	return out
}

// core returns the core of /bin/a, whose second mapping has its headers.
func (m maker) core() []byte {
	process := append(make([]byte, 44), "a\x00ignored        "...)
	process = append(process[:60], append([]byte("./a -x\x00"), make([]byte, 73)...)...)
	files := m.words(nil, 3, 4096, 0x1000, 0x2000, 0, 0x8000, 0x9000, 0, 0x9000, 0xa000, 1)
	files = append(files, "/lib/l\x00/bin/a\x00/bin/a\x00"...)
	notes := slices.Concat(
		m.note("CORE", noteStatus, m.order.AppendUint32(nil, 7)), m.note("CORE", noteStatus, m.order.AppendUint32(nil, 9)),
		m.note("OTHER", noteFiles, []byte("x")), m.note("CORE", noteProcess, process),
		m.note("CORE", noteAuxv, m.words(nil, 6, 4096, auxvHeaders, 0x9040, 0, 0)), m.note("CORE", noteFiles, files))
	executable := m.file(elf.ET_EXEC, segment{0, m.note("GNU", noteBuildID, []byte{0xab, 0xcd, 1})})
	return m.file(elf.ET_CORE, segment{0, notes}, segment{0x1000, []byte("library")}, segment{0x8000, executable})
}

func TestCoreOfEachClass(t *testing.T) {
	want := Core{Signal: "SIGBUS", Command: "./a -x", Executable: "/bin/a", BuildID: "abcd01"}
	for _, m := range []maker{{64, binary.LittleEndian}, {64, binary.BigEndian}, {32, binary.LittleEndian}, {32, binary.BigEndian}} {
		data := m.core()
		if !IsCore(data) {
			t.Errorf("%v: no core", m)
		}
		if got, err := ReadCore(bytes.NewReader(data)); err != nil || got != want {
			t.Errorf("%v: %+v, %v", m, got, err)
		}
	}
}

func TestExecutable(t *testing.T) {
	m := maker{64, binary.LittleEndian}
	file := withoutSections(m.file(elf.ET_DYN, segment{0, m.note("GNU", 1, []byte("abi"))}, segment{0, m.note("GNU", noteBuildID, []byte{1, 2})}))
	if id, err := BuildID(bytes.NewReader(file)); err != nil || id != "0102" {
		t.Errorf("%q, %v", id, err)
	}
	none := withoutSections(m.file(elf.ET_DYN, segment{0, m.note("GNU", noteBuildID, make([]byte, 65))}))
	if id, err := BuildID(bytes.NewReader(none)); err != nil || id != "" {
		t.Errorf("too long: %q, %v", id, err)
	}
	if _, err := BuildID(strings.NewReader("#!/bin/sh\n")); err == nil {
		t.Error("a script is no error")
	}
	if IsCore(file) {
		t.Error("an executable is no core")
	}
	if _, err := ReadCore(bytes.NewReader(file)); !errors.Is(err, ErrNotCore) {
		t.Errorf("an executable: %v", err)
	}
}

// TestHostileCores changes each byte of a core's headers and notes and truncates it
// everywhere. Nothing may panic or use much memory.
func TestHostileCores(t *testing.T) {
	for _, core := range [][]byte{realCore(t), maker{32, binary.BigEndian}.core()} {
		for i := range min(len(core), 0x1300) {
			_, _ = ReadCore(bytes.NewReader(core[:i]))
			bad := slices.Clone(core)
			bad[i] ^= 0xff
			_, _ = ReadCore(bytes.NewReader(bad))
		}
	}
	m := maker{64, binary.LittleEndian}
	huge := m.file(elf.ET_CORE, segment{0, make([]byte, 16)})
	m.order.(binary.ByteOrder).PutUint64(huge[64+32:], 1<<40) // the size of its notes
	if _, err := ReadCore(bytes.NewReader(huge)); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("huge notes: %v", err)
	}
}

// TestNotes: segments may align notes to 8 bytes, and other owners use the same numbers.
func TestNotes(t *testing.T) {
	m := maker{64, binary.LittleEndian}
	aligned := append(m.note("GNU", 1, []byte{1, 2, 3, 4}), 0, 0, 0, 0)
	aligned = append(aligned, m.note("GNU", 2, []byte{5})...)
	var kinds []uint32
	visitNotes(aligned, binary.LittleEndian, 8, func(n note) { kinds = append(kinds, n.kind) })
	if !slices.Equal(kinds, []uint32{1, 2}) {
		t.Errorf("notes %v", kinds)
	}
	notes := append(m.note("Go", noteBuildID, []byte("go")), m.note("GNU", noteBuildID, []byte{0xab})...)
	id, err := BuildID(bytes.NewReader(withoutSections(m.file(elf.ET_EXEC, segment{0, notes}))))
	if id != "ab" || err != nil {
		t.Errorf("build id %q, %v", id, err)
	}
}

// TestManyNames: names beyond the mappings cost no memory.
func TestManyNames(t *testing.T) {
	w := words{binary.LittleEndian, 8}
	files := make([]byte, maxNotes)
	w.order.PutUint64(files, 1) // one mapping, then empty names
	w.order.PutUint64(files[24:], 4096)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if m := w.executable(files, 0); m == nil || m.end != 4096 {
		t.Errorf("got %+v", m)
	}
	if runtime.ReadMemStats(&after); after.TotalAlloc-before.TotalAlloc > maxNotes {
		t.Errorf("%d MiB were allocated", (after.TotalAlloc-before.TotalAlloc)>>20)
	}
}
