// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"math"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

type kind uint8

const (
	null kind = iota
	text
	number
	boolean
	list
	mapping
	reference // !reference [a, b], with its path in items
	date      // only while a scalar is read
)

// A value is a YAML node with aliases resolved. Values are shared by all jobs
// that extend or refer to them, so they must not be modified.
type value struct {
	kind   kind
	text   string // of a scalar, as GitLab's reader writes it
	items  []*value
	fields []field
	pos    diag.Position
}

type field struct {
	key   string
	pos   diag.Position
	value *value
	odd   string // type that GitLab reads the key as, "" for a string
}

// Limits on the size of a pipeline. File size and depth are GitLab's limits; the
// number of values limits what aliases can multiply.
const (
	maxFileSize = 2 << 20
	maxDepth    = 100
	maxValues   = 500_000
	maxIncluded = 4 * maxValues // of all files of a pipeline
	// maxIncludedSize limits the text of all included files together. GitLab's
	// default, 300 MiB, cannot be reached with 150 files.
	maxIncludedSize = 32 << 20
)

// A reader converts YAML documents to values.
type reader struct {
	left     int // values that may still be made or merged
	problems problems
}

func (r *reader) errorf(pos diag.Position, format string, args ...any) {
	r.problems.add(pos, "", Refused, format, args...)
}

func (r *reader) read(n yamldoc.Node, depth int) *value {
	v := &value{pos: n.Pos()}
	r.left--
	switch {
	case r.left < 0 || depth > maxDepth:
		if r.left > math.MinInt32 {
			r.errorf(v.pos, "the file holds too much: more than %d values, or more than %d levels", maxValues, maxDepth)
			r.left = math.MinInt32 // report it once
		}
	case n.IsNull():
	case n.IsMapping():
		r.checkTag(v, n)
		v.kind = mapping
		fields, merged, err := n.MappingInOrder()
		r.problems.addError(err)
		r.left -= merged
		v.fields = make([]field, 0, len(fields))
		for _, f := range fields {
			v.fields = append(v.fields, field{f.Key, f.Pos, r.read(f.Value, depth+1), r.oddKey(f)})
		}
	case n.IsSequence():
		v.kind = list
		if n.Tag() == "!reference" {
			v.kind = reference
		}
		items, _ := n.Sequence()
		v.items = make([]*value, 0, len(items))
		for _, item := range items {
			v.items = append(v.items, r.read(item, depth+1))
		}
		if v.kind == reference {
			r.checkReference(v)
		}
	default:
		r.scalar(v, n)
	}
	return v
}

// oddKey returns the type that GitLab reads a key as, or "" for a string.
func (r *reader) oddKey(f yamldoc.Field) string {
	if !f.Plain {
		return ""
	}
	switch kind, _ := rubyScalar(f.Key); kind {
	case text:
		return ""
	case date:
		r.errorf(f.Pos, "the key %s is a date, which GitLab does not read: put it between quotes", yamldoc.OneLine(f.Key))
		return ""
	default:
		return (&value{kind: kind}).describe()
	}
}

// checkTag refuses a !reference that is not a list.
func (r *reader) checkTag(v *value, n yamldoc.Node) {
	if n.Tag() == "!reference" {
		r.errorf(v.pos, "!reference takes a list of names")
	}
}

func (r *reader) checkReference(v *value) {
	for _, item := range v.items {
		if item.kind != text {
			r.errorf(item.pos, "!reference takes a list of names, got %s", item.describe())
			v.kind, v.items = null, nil
			return
		}
	}
	if len(v.items) == 0 {
		r.errorf(v.pos, "!reference names nothing")
		v.kind = null
	}
}

func (r *reader) scalar(v *value, n yamldoc.Node) {
	v.text, _ = n.Scalar()
	v.kind = text
	tag := n.Tag()
	switch {
	case n.IsQuoted():
		return
	case tag == "!reference":
		r.checkTag(v, n)
	case !strings.HasPrefix(tag, "!!"):
		r.problems.add(v.pos, "", Doubtful, "tag %s means nothing in a pipeline", yamldoc.Quote(tag))
	}
	v.kind, v.text = rubyScalar(v.text)
	if v.kind == date {
		r.errorf(v.pos, "%s is a date, which GitLab does not read: put it between quotes", yamldoc.OneLine(v.text))
		v.kind = text
	}
}

// get returns the value of a key. It returns nil if the key is missing or null,
// which GitLab treats alike.
func (v *value) get(key string) *value {
	if v == nil {
		return nil
	}
	for i := range v.fields {
		if v.fields[i].key == key {
			if v.fields[i].value.kind == null {
				return nil
			}
			return v.fields[i].value
		}
	}
	return nil
}

func (v *value) describe() string {
	return [...]string{"nothing", "a string", "a number", "a boolean", "a list", "a mapping", "a reference", "a date"}[v.kind]
}

// merged returns over merged into base: mappings key by key, other values as a
// whole.
func merged(base, over *value) *value {
	if base == nil || base.kind != mapping || len(base.fields) == 0 || over.kind != mapping {
		return over
	}
	out := &value{kind: mapping, pos: over.pos, fields: make([]field, len(base.fields), len(base.fields)+len(over.fields))}
	copy(out.fields, base.fields)
	find := finder(base.fields)
	for _, f := range over.fields { // whose keys differ
		if i := find(f.key); i >= 0 {
			out.fields[i] = field{f.key, f.pos, merged(out.fields[i].value, f.value), f.odd}
			continue
		}
		out.fields = append(out.fields, f)
	}
	return out
}

// finder returns a function that returns the index of a key in fields, or -1.
func finder(fields []field) func(key string) int {
	if len(fields) <= 16 { // a map would take longer
		return func(key string) int { return slices.IndexFunc(fields, func(f field) bool { return f.key == key }) }
	}
	at := make(map[string]int, len(fields))
	for i, f := range fields {
		at[f.key] = i
	}
	return func(key string) int {
		if i, ok := at[key]; ok {
			return i
		}
		return -1
	}
}

func (v *value) without(key string) *value {
	out := &value{kind: v.kind, pos: v.pos, fields: make([]field, 0, len(v.fields))}
	for _, f := range v.fields {
		if f.key != key {
			out.fields = append(out.fields, f)
		}
	}
	return out
}
