// SPDX-License-Identifier: GPL-2.0-or-later

// Package wire frames libvirt's remote procedure calls.
//
// It exists because a daemon may lie: about the length of a packet, of a
// string or of a list, about types, about what it was asked. [Guard] stands
// between a client and a connection and lets only well-formed replies through.
package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Programs and the procedures that this project names by number.
const (
	ProgramRemote uint32 = 0x20008086
	ProgramQEMU   uint32 = 0x20008087

	ProcAllDomainStats uint32 = 344 // of ProgramRemote
	ProcMonitorCommand uint32 = 1   // of ProgramQEMU
)

// Kinds of packets.
const (
	TypeCall  uint32 = 0
	TypeReply uint32 = 1
)

// Status of a reply.
const (
	StatusOK    uint32 = 0
	StatusError uint32 = 1
)

const (
	lengthSize = 4
	headerSize = 28 // the length word and six more
	// MaxPacket is the longest packet libvirt allows, its length word included.
	MaxPacket = 32<<20 + lengthSize
)

// A Header is what precedes each payload.
type Header struct {
	Program   uint32
	Version   uint32
	Procedure uint32
	Type      uint32
	Serial    int32
	Status    uint32
}

// A Packet is one call, reply or message.
type Packet struct {
	Header  Header
	Payload []byte
}

// ReadPacket reads one packet. A length below 28 or above [MaxPacket] is an
// error; memory is taken as bytes arrive, not as the length claims.
func ReadPacket(r io.Reader) (Packet, error) {
	var head [headerSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return Packet{}, err
	}
	length := binary.BigEndian.Uint32(head[:])
	if length < headerSize || length > MaxPacket {
		return Packet{}, fmt.Errorf("packet claims a length of %d bytes", length)
	}
	var payload bytes.Buffer
	if _, err := io.CopyN(&payload, r, int64(length-headerSize)); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return Packet{}, fmt.Errorf("packet of %d bytes ends early: %w", length, err)
	}
	word := func(i int) uint32 { return binary.BigEndian.Uint32(head[4*i:]) }
	return Packet{
		Header: Header{Program: word(1), Version: word(2), Procedure: word(3), Type: word(4),
			Serial: int32(word(5)), Status: word(6)},
		Payload: payload.Bytes(),
	}, nil
}

// Bytes returns the packet as it goes over the wire.
func (p Packet) Bytes() []byte {
	h := p.Header
	out := make([]byte, 0, headerSize+len(p.Payload))
	for _, w := range []uint32{uint32(headerSize + len(p.Payload)), h.Program, h.Version, h.Procedure, h.Type, uint32(h.Serial), h.Status} {
		out = binary.BigEndian.AppendUint32(out, w)
	}
	return append(out, p.Payload...)
}
