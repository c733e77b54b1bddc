// SPDX-License-Identifier: GPL-2.0-or-later

package proxy

import (
	"encoding/binary"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/wire"
)

// Records is a rewrite of the records themselves. A reply that cannot be
// decoded passes as it is.
func Records(change func([]domstats.Record) []domstats.Record) Rewrite {
	return func(p wire.Packet) []byte {
		records, err := wire.DecodeRecords(p.Payload)
		if err != nil {
			return p.Bytes()
		}
		payload, err := wire.EncodeRecords(change(records))
		if err != nil {
			return p.Bytes()
		}
		p.Payload = payload
		return p.Bytes()
	}
}

// UnknownType claims a type of parameter that libvirt does not have.
func UnknownType(p wire.Packet) []byte {
	const one, kind = 1, 8
	b := binary.BigEndian.AppendUint32(nil, one)
	b = append(b, make([]byte, 4+16+4)...) // a domain without a name
	b = binary.BigEndian.AppendUint32(b, one)
	b = binary.BigEndian.AppendUint32(b, 4)
	b = append(b, "name"...)
	b = binary.BigEndian.AppendUint32(b, kind)
	p.Payload = binary.BigEndian.AppendUint64(b, 0)
	return p.Bytes()
}

// LongString claims a name that is longer than the packet.
func LongString(p wire.Packet) []byte {
	b := binary.BigEndian.AppendUint32(nil, 1)
	b = binary.BigEndian.AppendUint32(b, 1<<20)
	p.Payload = append(b, "short"...)
	return p.Bytes()
}

// LongList claims more records than any packet could hold.
func LongList(p wire.Packet) []byte {
	p.Payload = []byte{0xff, 0xff, 0xff, 0xff}
	return p.Bytes()
}

// ZeroLength claims that the packet has no length at all.
func ZeroLength(p wire.Packet) []byte {
	b := p.Bytes()
	copy(b, []byte{0, 0, 0, 0})
	return b
}

// Silence sends nothing.
func Silence(wire.Packet) []byte { return nil }
