// SPDX-License-Identifier: GPL-2.0-or-later

package domstats

import (
	"fmt"
	"strconv"
)

// A Type is the wire type of a typed parameter; its number is the one libvirt
// sends.
type Type uint32

// The wire types. There is no zero type: 0 means that nothing is known.
const (
	Int    Type = 1 // int32
	UInt   Type = 2 // uint32
	LLong  Type = 3 // int64
	ULLong Type = 4 // uint64
	Double Type = 5 // float64
	Bool   Type = 6 // bool
	String Type = 7 // string
)

// String returns libvirt's own word for the type.
func (t Type) String() string {
	names := [...]string{Int: "int", UInt: "uint", LLong: "llong", ULLong: "ullong",
		Double: "double", Bool: "boolean", String: "string"}
	if t < 1 || int(t) >= len(names) {
		return fmt.Sprintf("type(%d)", uint32(t))
	}
	return names[t]
}

// ParseType is the inverse of [Type.String]. An unknown word gives 0, false.
func ParseType(s string) (Type, bool) {
	for t := Int; t <= String; t++ {
		if t.String() == s {
			return t, true
		}
	}
	return 0, false
}

// A Param is one statistic of one domain. Value holds the Go type that stands
// beside the constant of its Type.
type Param struct {
	Name  string
	Type  Type
	Value any
}

// NewParam makes a parameter whose wire type follows from the Go type of v:
// int32, uint32, int64, uint64, float64, bool or string. Another Go type gives
// a parameter of type 0.
func NewParam(name string, v any) Param {
	p := Param{Name: name, Value: v}
	switch v.(type) {
	case int32:
		p.Type = Int
	case uint32:
		p.Type = UInt
	case int64:
		p.Type = LLong
	case uint64:
		p.Type = ULLong
	case float64:
		p.Type = Double
	case bool:
		p.Type = Bool
	case string:
		p.Type = String
	}
	return p
}

// Uint returns a number as uint64, a boolean as 0 or 1. ok is false for
// strings, fractions and negative numbers.
func (p Param) Uint() (v uint64, ok bool) {
	switch v := p.Value.(type) {
	case int32:
		return uint64(v), v >= 0
	case uint32:
		return uint64(v), true
	case int64:
		return uint64(v), v >= 0
	case uint64:
		return v, true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}

// Text is the value as virsh prints it: numbers in decimal, booleans as "yes"
// or "no", strings as they are.
func (p Param) Text() string {
	switch v := p.Value.(type) {
	case string:
		return v
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case float64:
		return strconv.FormatFloat(v, 'f', 6, 64)
	default:
		return fmt.Sprint(v)
	}
}
