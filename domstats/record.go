// SPDX-License-Identifier: GPL-2.0-or-later

package domstats

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A UUID identifies a domain on every call.
type UUID [16]byte

// String returns the usual form, 36 characters in lower case.
func (u UUID) String() string {
	h := hex.EncodeToString(u[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// ParseUUID reads 32 hexadecimal digits with or without dashes.
func ParseUUID(s string) (UUID, error) {
	var u UUID
	b, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	if err != nil || len(b) != len(u) {
		return u, fmt.Errorf("cannot read %q as a UUID", s)
	}
	copy(u[:], b)
	return u, nil
}

// A Domain names a domain as the protocol does. The daemon finds it by UUID
// alone. ID is -1 while it does not run.
type Domain struct {
	Name string
	UUID UUID
	ID   int32
}

// A Record is what one domain answered. Params come in the daemon's order,
// which means nothing.
type Record struct {
	Domain Domain
	Params []Param
}

// Lookup returns the first parameter called name.
func (r Record) Lookup(name string) (Param, bool) {
	for _, p := range r.Params {
		if p.Name == name {
			return p, true
		}
	}
	return Param{}, false
}

// Uint returns the number called name; ok is false when it is absent or not
// a number that fits.
func (r Record) Uint(name string) (v uint64, ok bool) {
	p, ok := r.Lookup(name)
	if !ok {
		return 0, false
	}
	return p.Uint()
}

// Has reports whether a parameter called name is present.
func (r Record) Has(name string) bool {
	_, ok := r.Lookup(name)
	return ok
}

// Names returns the names under prefix, sorted by byte; doubles stay.
func (r Record) Names(prefix string) []string {
	var names []string
	for _, p := range r.Params {
		if strings.HasPrefix(p.Name, prefix) {
			names = append(names, p.Name)
		}
	}
	slices.Sort(names)
	return names
}

// Map returns the parameters by name. Of doubles the last one stays.
func (r Record) Map() map[string]Param {
	m := make(map[string]Param, len(r.Params))
	for _, p := range r.Params {
		m[p.Name] = p
	}
	return m
}

// Indices returns the distinct numbers that follow "prefix." in the names,
// in ascending order: for "vcpu" the vCPU numbers, for "iothread" the ids.
func (r Record) Indices(prefix string) []int {
	var out []int
	for _, p := range r.Params {
		rest, ok := strings.CutPrefix(p.Name, prefix+".")
		if !ok {
			continue
		}
		digits, _, ok := strings.Cut(rest, ".")
		if !ok {
			continue
		}
		if n, err := strconv.Atoi(digits); err == nil {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Named returns the prefix ("block.2.") of the entry whose "name" parameter is
// name, looking under group ("block" or "net"). Entries move when devices
// come, so they are found by name only. Of several with the same name it is
// the one with the lowest number.
func (r Record) Named(group, name string) (prefix string, ok bool) {
	for _, i := range r.Indices(group) {
		p := group + "." + strconv.Itoa(i) + "."
		if v, found := r.Lookup(p + "name"); found && v.Value == name {
			return p, true
		}
	}
	return "", false
}
