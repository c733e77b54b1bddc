// SPDX-License-Identifier: GPL-2.0-or-later

// Package crashcapsule finds what crashed processes left in a job's container.
//
// Everything that it reads was written by a job and is untrusted: sizes are
// limited, and invalid files give errors.
package crashcapsule

import (
	"bytes"
	"cmp"
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Limits of what is read from ELF files, in bytes.
const (
	maxNotes   = 16 << 20 // the kernel's own limit for a core is 4 MiB
	maxHeaders = 64 << 10
	maxBuildID = 64
)

// Types of notes.
const (
	noteStatus  = 1 // NT_PRSTATUS, one for each thread
	noteProcess = 3 // NT_PRPSINFO
	noteAuxv    = 6 // NT_AUXV
	noteFiles   = 0x46494c45
	noteBuildID = 3 // NT_GNU_BUILD_ID, of the owner "GNU"
)

// auxvHeaders is the type of the entry with the address of the program headers.
const auxvHeaders = 3 // AT_PHDR

// A Core describes a process as its core has it. Fields are empty if the core
// does not say them.
type Core struct {
	Signal     string // that ended the process, for example "SIGSEGV"
	Command    string // with its arguments, at most 79 bytes
	Executable string // absolute path in the container
	BuildID    string // of the executable, in hex
}

// ErrNotCore reports a file that is no core.
var ErrNotCore = errors.New("not a core file")

// HeaderSize is the number of bytes for which IsCore needs the start of a file.
const HeaderSize = 20

// IsCore reports whether a file that starts with header may be a core.
func IsCore(header []byte) bool {
	if len(header) < HeaderSize || string(header[:4]) != elf.ELFMAG {
		return false
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if elf.Data(header[elf.EI_DATA]) == elf.ELFDATA2MSB {
		order = binary.BigEndian
	}
	return elf.Type(order.Uint16(header[16:])) == elf.ET_CORE
}

// ReadCore reads a core. The start of the file is enough.
func ReadCore(r io.ReaderAt) (Core, error) {
	f, err := elf.NewFile(programs(r))
	if err != nil || f.Type != elf.ET_CORE {
		return Core{}, ErrNotCore
	}
	var c Core
	var auxv, files []byte
	err = eachNote(f, func(n note) {
		if n.owner != "CORE" {
			return
		}
		switch {
		case n.kind == noteStatus && c.Signal == "" && len(n.data) >= 4: // the first is that of the thread that crashed
			c.Signal = SignalName(int(f.ByteOrder.Uint32(n.data)))
		case n.kind == noteProcess:
			c.Command = command(n.data)
		case n.kind == noteAuxv:
			auxv = n.data
		case n.kind == noteFiles:
			files = n.data
		}
	})
	if err != nil {
		return c, err
	}
	w := words{f.ByteOrder, 8}
	if f.Class == elf.ELFCLASS32 {
		w.size = 4
	}
	if m := w.executable(files, w.auxv(auxv, auxvHeaders)); m != nil {
		c.Executable, c.BuildID = m.name, dumpedBuildID(f, m)
	}
	return c, nil
}

// command returns the arguments in a note of the kernel. They end its 80 bytes
// on every architecture, and are separated by spaces.
func command(process []byte) string {
	const size = 80
	if len(process) < size {
		return ""
	}
	text, _, _ := bytes.Cut(process[len(process)-size:], []byte{0})
	return strings.TrimSpace(string(text))
}

// BuildID returns the build id of an executable or library in hex, "" if it has
// none.
func BuildID(r io.ReaderAt) (string, error) {
	f, err := elf.NewFile(programs(r))
	if err != nil {
		return "", fmt.Errorf("not an ELF file: %w", err)
	}
	return buildID(f), nil
}

func buildID(f *elf.File) string {
	var id string
	_ = eachNote(f, func(n note) { // what was read before an error counts
		if n.owner == "GNU" && n.kind == noteBuildID && id == "" && len(n.data) <= maxBuildID {
			id = hex.EncodeToString(n.data)
		}
	})
	return id
}

// dumpedBuildID returns the build id of a mapped file from its first pages, which
// the kernel usually dumps.
func dumpedBuildID(core *elf.File, m *mapping) string {
	for _, p := range core.Progs {
		if p.Type != elf.PT_LOAD || m.start < p.Vaddr || m.start-p.Vaddr >= p.Filesz {
			continue
		}
		at := m.start - p.Vaddr
		page := make([]byte, min(maxHeaders, p.Filesz-at, m.end-m.start))
		n, _ := p.ReadAt(page, int64(at)) // a truncated core has less
		f, err := elf.NewFile(bytes.NewReader(withoutSections(page[:n])))
		if err != nil {
			return ""
		}
		return buildID(f)
	}
	return ""
}

// withoutSections clears the fields for sections in the header of an ELF file.
// The sections are at the file's end, which is not dumped.
func withoutSections(file []byte) []byte {
	type field struct{ at, size int }
	fields := []field{{40, 8}, {58, 6}}
	if len(file) > elf.EI_CLASS && elf.Class(file[elf.EI_CLASS]) == elf.ELFCLASS32 {
		fields = []field{{32, 4}, {46, 6}}
	}
	for _, f := range fields {
		if len(file) >= f.at+f.size {
			clear(file[f.at : f.at+f.size])
		}
	}
	return file
}

// programs returns an ELF file without its sections. debug/elf would read their
// names, which may be compressed and have any size.
func programs(r io.ReaderAt) io.ReaderAt {
	const size = 64 // of the header
	start := make([]byte, size)
	n, _ := r.ReadAt(start, 0) // a file that has less is no ELF file
	return &sectionless{r, withoutSections(start[:n])}
}

type sectionless struct {
	io.ReaderAt
	start []byte // of the file
}

func (s *sectionless) ReadAt(p []byte, offset int64) (int, error) {
	n, err := s.ReaderAt.ReadAt(p, offset)
	if offset >= 0 && offset < int64(len(s.start)) {
		copy(p[:n], s.start[offset:])
	}
	return n, err
}

// A note is an entry of a PT_NOTE segment.
type note struct {
	owner string
	kind  uint32
	data  []byte
}

// eachNote calls visit for each note of a file.
func eachNote(f *elf.File, visit func(note)) error {
	left := uint64(maxNotes)
	for _, p := range f.Progs {
		if p.Type != elf.PT_NOTE || p.Filesz == 0 {
			continue
		}
		if p.Filesz > left {
			return fmt.Errorf("its notes are larger than %d bytes", maxNotes)
		}
		left -= p.Filesz
		data := make([]byte, p.Filesz)
		n, err := p.ReadAt(data, 0)
		visitNotes(data[:n], f.ByteOrder, max(4, p.Align), visit)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
	}
	return nil
}

// visitNotes calls visit for the notes in a segment. It stops at the first that
// is not whole.
func visitNotes(data []byte, order binary.ByteOrder, align uint64, visit func(note)) {
	if align != 8 {
		align = 4
	}
	for len(data) >= 12 {
		name, size := uint64(order.Uint32(data)), uint64(order.Uint32(data[4:]))
		n := note{kind: order.Uint32(data[8:])}
		begin := padded(12+name, align)
		if begin+size > uint64(len(data)) {
			return
		}
		n.owner = strings.TrimRight(string(data[12:12+name]), "\x00")
		n.data = data[begin : begin+size]
		visit(n)
		data = data[min(padded(begin+size, align), uint64(len(data))):]
	}
}

func padded(n, align uint64) uint64 { return (n + align - 1) / align * align }

// words reads the machine words of a core.
type words struct {
	order binary.ByteOrder
	size  uint64
}

func (w words) at(data []byte, i uint64) (uint64, bool) {
	if i > maxNotes || (i+1)*w.size > uint64(len(data)) {
		return 0, false
	}
	if w.size == 4 {
		return uint64(w.order.Uint32(data[i*4:])), true
	}
	return w.order.Uint64(data[i*8:]), true
}

// auxv returns the value of a type in the auxiliary vector, 0 if it has none.
func (w words) auxv(data []byte, kind uint64) uint64 {
	for i := uint64(0); ; i += 2 {
		k, _ := w.at(data, i)
		v, ok := w.at(data, i+1)
		if !ok || k == kind {
			return v
		}
	}
}

// A mapping is a file that is mapped at an address.
type mapping struct {
	start, end uint64
	name       string
}

// executable returns the mapping of the start of the file whose headers are at
// an address. files is a note with a count, the size of a page, that many
// entries (start, end, offset in pages), and then their names.
func (w words) executable(files []byte, headers uint64) *mapping {
	count, _ := w.at(files, 0)
	if count > maxNotes/(3*w.size) || (2+3*count)*w.size > uint64(len(files)) {
		return nil
	}
	names := bytes.SplitN(files[(2+3*count)*w.size:], []byte{0}, int(count)+1) // a job chooses how many there are
	first := map[string]*mapping{}
	for i := range min(count, uint64(len(names))) {
		start, _ := w.at(files, 2+3*i)
		end, _ := w.at(files, 3+3*i)
		offset, _ := w.at(files, 4+3*i)
		m := &mapping{start, end, string(names[i])}
		if offset == 0 && end > start {
			first[m.name] = cmp.Or(first[m.name], m)
		}
		if headers >= start && headers < end {
			return first[m.name]
		}
	}
	return nil
}
