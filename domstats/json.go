// SPDX-License-Identifier: GPL-2.0-or-later

package domstats

import (
	"encoding/json"
	"fmt"
)

type jsonParam struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Value any    `json:"value"`
}

// MarshalJSON writes name, type and value; 64-bit numbers keep all their digits.
func (p Param) MarshalJSON() ([]byte, error) {
	return json.Marshal(jsonParam{p.Name, p.Type.String(), p.Value})
}

// UnmarshalJSON reads what MarshalJSON writes and refuses a value that does
// not fit its type.
func (p *Param) UnmarshalJSON(data []byte) error {
	var raw json.RawMessage
	in := jsonParam{Value: &raw}
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	t, ok := ParseType(in.Type)
	if !ok {
		return fmt.Errorf("parameter %q has unknown type %q", in.Name, in.Type)
	}
	v, err := decodeValue(t, raw)
	if err != nil {
		return fmt.Errorf("parameter %q: cannot read %s as %s: %w", in.Name, raw, t, err)
	}
	*p = Param{Name: in.Name, Type: t, Value: v}
	return nil
}

func decodeValue(t Type, raw []byte) (any, error) {
	switch t {
	case Int:
		return decodeAs[int32](raw)
	case UInt:
		return decodeAs[uint32](raw)
	case LLong:
		return decodeAs[int64](raw)
	case ULLong:
		return decodeAs[uint64](raw)
	case Double:
		return decodeAs[float64](raw)
	case Bool:
		return decodeAs[bool](raw)
	default:
		return decodeAs[string](raw)
	}
}

func decodeAs[T any](raw []byte) (T, error) {
	var v T
	err := json.Unmarshal(raw, &v)
	return v, err
}

type jsonRecord struct {
	Name   string  `json:"name"`
	UUID   string  `json:"uuid"`
	ID     int32   `json:"id"`
	Params []Param `json:"params"`
}

// MarshalJSON writes the domain's name, UUID and id beside the parameters.
func (r Record) MarshalJSON() ([]byte, error) {
	return json.Marshal(jsonRecord{r.Domain.Name, r.Domain.UUID.String(), r.Domain.ID, r.Params})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (r *Record) UnmarshalJSON(data []byte) error {
	var in jsonRecord
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	uuid, err := ParseUUID(in.UUID)
	if err != nil {
		return err
	}
	*r = Record{Domain: Domain{Name: in.Name, UUID: uuid, ID: in.ID}, Params: in.Params}
	return nil
}
