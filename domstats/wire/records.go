// SPDX-License-Identifier: GPL-2.0-or-later

package wire

import (
	"encoding/binary"
	"fmt"
	"math"

	"gitlab.com/lcitool/lcitool/domstats"
)

const (
	domainSize = 24 // empty name, UUID, id
	paramSize  = 12 // empty name, type, smallest value
)

// DecodeRecords reads the payload of a reply to [ProcAllDomainStats].
func DecodeRecords(payload []byte) ([]domstats.Record, error) {
	r := &reader{buf: payload}
	records := r.records()
	if err := r.done(); err != nil {
		return nil, fmt.Errorf("cannot decode statistics: %w", err)
	}
	return records, nil
}

func (r *reader) records() []domstats.Record {
	n := r.count(maxDomains, domainSize+4)
	records := make([]domstats.Record, 0, n)
	for range n {
		rec := domstats.Record{Domain: r.domain()}
		m := r.count(maxParams, paramSize)
		rec.Params = make([]domstats.Param, 0, m)
		for range m {
			rec.Params = append(rec.Params, r.param())
		}
		if r.err != nil {
			return nil
		}
		records = append(records, rec)
	}
	return records
}

func (r *reader) domain() domstats.Domain {
	d := domstats.Domain{Name: r.str(maxString)}
	copy(d.UUID[:], r.take(len(d.UUID)))
	d.ID = int32(r.u32())
	return d
}

func (r *reader) param() domstats.Param {
	p := domstats.Param{Name: r.str(maxName), Type: domstats.Type(r.u32())}
	switch p.Type {
	case domstats.Int:
		p.Value = int32(r.u32())
	case domstats.UInt:
		p.Value = r.u32()
	case domstats.LLong:
		p.Value = int64(r.u64())
	case domstats.ULLong:
		p.Value = r.u64()
	case domstats.Double:
		p.Value = math.Float64frombits(r.u64())
	case domstats.Bool:
		p.Value = r.u32() != 0
	case domstats.String:
		p.Value = r.str(maxString)
	default:
		r.fail("parameter %q has type %d", p.Name, uint32(p.Type))
	}
	return p
}

// EncodeRecords is the inverse of [DecodeRecords]. A parameter whose value
// does not fit its type is an error.
func EncodeRecords(records []domstats.Record) ([]byte, error) {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(records)))
	for _, rec := range records {
		b = appendDomain(b, rec.Domain)
		b = binary.BigEndian.AppendUint32(b, uint32(len(rec.Params)))
		for _, p := range rec.Params {
			if domstats.NewParam(p.Name, p.Value).Type != p.Type {
				return nil, fmt.Errorf("cannot encode %q: a %T is not a %s", p.Name, p.Value, p.Type)
			}
			b = appendParam(b, p)
		}
	}
	return b, nil
}

func appendDomain(b []byte, d domstats.Domain) []byte {
	b = appendString(b, d.Name)
	b = append(b, d.UUID[:]...)
	return binary.BigEndian.AppendUint32(b, uint32(d.ID))
}

func appendParam(b []byte, p domstats.Param) []byte {
	b = appendString(b, p.Name)
	b = binary.BigEndian.AppendUint32(b, uint32(p.Type))
	switch v := p.Value.(type) {
	case int32:
		return binary.BigEndian.AppendUint32(b, uint32(v))
	case uint32:
		return binary.BigEndian.AppendUint32(b, v)
	case int64:
		return binary.BigEndian.AppendUint64(b, uint64(v))
	case uint64:
		return binary.BigEndian.AppendUint64(b, v)
	case float64:
		return binary.BigEndian.AppendUint64(b, math.Float64bits(v))
	case bool:
		if v {
			return binary.BigEndian.AppendUint32(b, 1)
		}
		return binary.BigEndian.AppendUint32(b, 0)
	default:
		return appendString(b, fmt.Sprint(v))
	}
}
