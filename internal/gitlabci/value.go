// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"math"
	"regexp"
	"strconv"
	"strings"

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
	reference // !reference [a, b], its path in items
)

// A value is a node of a pipeline once aliases are gone. It is shared between
// all that extend or refer to it, and so never changed after it was made.
type value struct {
	kind   kind
	text   string // of a scalar, as GitLab's reader writes it
	quote  bool   // a plain scalar that readers of YAML take for different things
	items  []*value
	fields []field
	pos    yamldoc.Position
}

type field struct {
	key   string
	pos   yamldoc.Position
	value *value
}

// Bounds on what a pipeline may grow to. Each file's size and the depth are
// GitLab's own; the number of values keeps aliases from standing for billions.
const (
	maxFileSize = 2 << 20
	maxDepth    = 100
	maxValues   = 500_000
)

// A reader turns documents into values.
type reader struct {
	left     int // values that may still be made
	problems problems
}

func (r *reader) fault(pos yamldoc.Position, format string, args ...any) {
	r.problems.add(pos, "", Refused, format, args...)
}

func (r *reader) read(n yamldoc.Node, depth int) *value {
	v := &value{pos: n.Pos()}
	r.left--
	switch {
	case r.left < 0 || depth > maxDepth:
		if r.left > math.MinInt32 {
			r.fault(v.pos, "the file holds too much: more than %d values, or more than %d levels", maxValues, maxDepth)
			r.left = math.MinInt32 // said once
		}
	case n.IsNull():
	case n.IsMapping():
		v.kind = mapping
		fields, err := n.MappingInOrder()
		r.problems.addError(err)
		v.fields = make([]field, 0, len(fields))
		for _, f := range fields {
			v.fields = append(v.fields, field{f.Key, f.Pos, r.read(f.Value, depth+1)})
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

func (r *reader) checkReference(v *value) {
	for _, item := range v.items {
		if item.kind != text && item.kind != number {
			r.fault(item.pos, "!reference takes a list of names, got %s", item.describe())
			v.kind, v.items = null, nil
			return
		}
	}
	if len(v.items) == 0 {
		r.fault(v.pos, "!reference names nothing")
		v.kind = null
	}
}

// sexagesimal is what readers of YAML 1.1 take for a number to base 60.
var sexagesimal = regexp.MustCompile(`^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9]*)?$`)

func (r *reader) scalar(v *value, n yamldoc.Node) {
	v.text, _ = n.Scalar()
	v.kind = text
	switch n.Tag() {
	case "!!str":
		if n.IsQuoted() {
			return
		}
		if len(v.text) <= len("false") {
			if on, err := n.Bool(); err == nil {
				v.kind, v.text = boolean, strconv.FormatBool(on)
				return
			}
		}
		v.quote = strings.Contains(v.text, ":") && sexagesimal.MatchString(v.text)
	case "!!bool":
		on, _ := n.Bool()
		v.kind, v.text = boolean, strconv.FormatBool(on)
	case "!!int":
		v.kind = number
		v.text, v.quote = integerText(v.text)
	case "!!float":
		v.kind = number
		v.text, v.quote = floatText(v.text)
	case "!!timestamp":
		v.quote = true
	default:
		r.fault(v.pos, "tag %s means nothing in a pipeline", yamldoc.Quote(n.Tag()))
	}
}

// integerText writes a number as GitLab does once it was read: 0x10 is 16, and
// 010 is 8.
func integerText(s string) (out string, doubtful bool) {
	n, err := strconv.ParseInt(s, 0, 64)
	if err != nil {
		return s, true
	}
	return strconv.FormatInt(n, 10), false
}

// floatText does the same for a fraction: 3.10 is 3.1, and 2.0 stays 2.0.
func floatText(s string) (out string, doubtful bool) {
	f, err := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64)
	if size := math.Abs(f); err != nil || math.IsNaN(f) || f != 0 && (size >= 1e16 || size < 1e-4) {
		return s, true
	}
	out = strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(out, ".") {
		out += ".0"
	}
	return out, false
}

// get gives the value of a key, nil when it is absent or null: GitLab takes
// a null for a key that is not there.
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
	return [...]string{"nothing", "a string", "a number", "a boolean", "a list", "a mapping", "a reference"}[v.kind]
}

// merged lays over on base: mappings key by key, everything else as a whole.
func merged(base, over *value) *value {
	if base == nil || base.kind != mapping || over.kind != mapping {
		return over
	}
	out := &value{kind: mapping, pos: over.pos, fields: make([]field, len(base.fields), len(base.fields)+len(over.fields))}
	copy(out.fields, base.fields)
	at := make(map[string]int, len(base.fields))
	for i, f := range base.fields {
		at[f.key] = i
	}
	for _, f := range over.fields {
		if i, ok := at[f.key]; ok {
			out.fields[i] = field{f.key, f.pos, merged(out.fields[i].value, f.value)}
			continue
		}
		at[f.key] = len(out.fields)
		out.fields = append(out.fields, f)
	}
	return out
}

// without leaves a key out.
func (v *value) without(key string) *value {
	out := &value{kind: v.kind, pos: v.pos, fields: make([]field, 0, len(v.fields))}
	for _, f := range v.fields {
		if f.key != key {
			out.fields = append(out.fields, f)
		}
	}
	return out
}
