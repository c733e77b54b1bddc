// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// A decoder converts values. It records invalid ones as problems and returns
// zero values for them.
type decoder struct {
	job      string // what problems are about; "" for the pipeline
	problems problems

	// known caches the rules of jobs by their list, because jobs share lists
	// through extends. Nil disables the cache.
	known map[*value][]rule
	flats map[flat][]string // as known, for lists of texts
}

// errorf records a problem for which GitLab refuses the pipeline.
func (d *decoder) errorf(pos diag.Position, format string, args ...any) {
	d.problems.add(pos, d.job, Refused, format, args...)
}

// incomplete records something that is not known here.
func (d *decoder) incomplete(pos diag.Position, format string, args ...any) {
	d.problems.add(pos, d.job, Incomplete, format, args...)
}

// keys requires a mapping without keys other than known. It reports whether v is
// a mapping.
func (d *decoder) keys(v *value, what string, known ...string) bool {
	return d.keysIn(v, what, known)
}

// keysIn is keys for lists of keys.
func (d *decoder) keysIn(v *value, what string, known ...[]string) bool {
	if v.kind != mapping {
		d.errorf(v.pos, "%s takes a mapping, got %s", what, v.describe())
		return false
	}
	for _, f := range v.fields {
		if !slices.ContainsFunc(known, func(keys []string) bool { return slices.Contains(keys, f.key) }) {
			d.errorf(f.pos, "%s has the unknown key %s", what, yamldoc.Quote(f.key))
		}
	}
	return true
}

// text returns a string, or "" for nil.
func (d *decoder) text(v *value, what string) string {
	if v == nil {
		return ""
	}
	if v.kind != text {
		d.errorf(v.pos, "%s takes a string, got %s", what, v.describe())
		return ""
	}
	return v.text
}

// choice requires one of words and returns the first one for nil.
func (d *decoder) choice(v *value, what string, words ...string) string {
	otherwise := words[0]
	if v == nil {
		return otherwise
	}
	if v.text == "" || !slices.Contains(words, v.text) || v.kind != text {
		if otherwise == "" {
			words = words[1:]
		}
		d.errorf(v.pos, "%s takes one of %s", what, strings.Join(words, ", "))
		return otherwise
	}
	return v.text
}

// truth returns a boolean, or false for nil.
func (d *decoder) truth(v *value, what string) bool {
	if v == nil {
		return false
	}
	if v.kind != boolean {
		d.errorf(v.pos, "%s takes true or false, got %s", what, v.describe())
		return false
	}
	return v.text == "true"
}

// integer requires a number from low to high and returns 0 for nil.
func (d *decoder) integer(v *value, what string, low, high int) int {
	if v == nil {
		return 0
	}
	n, err := strconv.Atoi(v.text)
	switch {
	case err == nil && v.kind == number && n >= low && n <= high:
		return n
	case low == math.MinInt:
		d.errorf(v.pos, "%s takes a whole number", what)
	default:
		d.errorf(v.pos, "%s takes a number from %d to %d", what, low, high)
	}
	return 0
}

// integers returns a number or a list of numbers from low to high.
func (d *decoder) integers(v *value, what string, low, high int) []int {
	if v == nil {
		return nil
	}
	items := []*value{v}
	if v.kind == list {
		items = v.items
	}
	var out []int
	for _, item := range items {
		out = append(out, d.integer(item, what, low, high))
	}
	return out
}

// GitLab's limit on nested lists, and a limit on the texts in them, which
// references can multiply.
const (
	maxNested = 10
	maxTexts  = 10_000
)

// A flat identifies a list whose texts are cached.
type flat struct {
	v     *value
	depth int
}

// texts returns a list of strings, or a single string as a list. It returns nil
// for nil and an empty slice for an empty list.
func (d *decoder) texts(v *value, what string) []string { return d.textsWithin(v, what, 1) }

// nested is texts with nested lists flattened.
func (d *decoder) nested(v *value, what string) []string { return d.textsWithin(v, what, maxNested) }

func (d *decoder) textsWithin(v *value, what string, depth int) []string {
	if v == nil {
		return nil
	}
	if v.kind == text {
		return []string{v.text}
	}
	if out, ok := d.flats[flat{v, depth}]; ok {
		return out
	}
	before := len(d.problems)
	out := []string{}
	for _, item := range d.flatWithin(v, what, depth) {
		if item.kind != text {
			d.errorf(item.pos, "%s takes strings, got %s", what, item.describe())
			continue
		}
		out = append(out, item.text)
	}
	if d.flats != nil && len(d.problems) == before {
		d.flats[flat{v, depth}] = out
	}
	return out
}

// listed returns a list of strings. A single string is a problem and is returned
// as a list.
func (d *decoder) listed(v *value, what string) []string {
	if v != nil && v.kind == text {
		d.errorf(v.pos, "%s takes a list of strings, got a string", what)
	}
	return d.texts(v, what)
}

// flat returns the items of a list, with nested lists flattened.
func (d *decoder) flat(v *value, what string) []*value { return d.flatWithin(v, what, maxNested+1) }

// flatWithin is flat with a limit on the nesting.
func (d *decoder) flatWithin(v *value, what string, depth int) []*value {
	if v.kind != list {
		d.errorf(v.pos, "%s takes a list, got %s", what, v.describe())
		return nil
	}
	var out []*value
	visited := 0
	var walk func(v *value, level int) bool
	walk = func(v *value, level int) bool {
		for _, item := range v.items {
			visited++
			switch {
			case item.kind == list && level == depth && depth == 1:
				d.errorf(item.pos, "%s takes no lists in its list", what)
				return false
			case item.kind == list && level == depth:
				d.errorf(item.pos, "%s has lists in lists over more than %d levels", what, depth)
				return false
			case visited > maxTexts: // empty lists count too
				d.errorf(v.pos, "%s has more than %d items", what, maxTexts)
				return false
			case item.kind == list:
				if !walk(item, level+1) {
					return false
				}
			default:
				out = append(out, item)
			}
		}
		return true
	}
	walk(v, 1)
	return out
}

// script returns the commands of a script, or nil if all are empty.
func (d *decoder) script(v *value, what string) []string {
	commands := d.nested(v, what)
	for _, s := range commands {
		if s != "" {
			return commands
		}
	}
	return nil
}

// settings returns the variables of a mapping. more names the keys of a variable
// that are allowed in addition to value and expand, such as description.
func (d *decoder) settings(v *value, what string, more ...string) settings {
	if v == nil {
		return nil
	}
	if v.kind != mapping {
		d.errorf(v.pos, "%s takes a mapping, got %s", what, v.describe())
		return nil
	}
	out := make(settings, len(v.fields))
	for _, f := range v.fields {
		d.named(f)
		s := setting{}
		at := f.value
		if at.kind == mapping {
			d.keys(at, "variable "+yamldoc.Quote(f.key), append(more, "value", "expand")...)
			if e := at.get("expand"); e != nil {
				s.raw = !d.truth(e, "expand")
			}
			options := d.listed(at.get("options"), "options")
			if at = at.get("value"); len(options) > 0 && (at == nil || at.kind != text || !slices.Contains(options, at.text)) {
				d.errorf(f.pos, "variable %s: its value is not one of the options", yamldoc.Quote(f.key))
			}
		}
		if at != nil {
			s.value = d.variable(f.key, at)
		}
		out[f.key] = s
	}
	return out
}

// named requires that a variable's name is a string or an integer.
func (d *decoder) named(f field) {
	if _, err := strconv.Atoi(f.key); f.odd != "" && err != nil {
		d.errorf(f.pos, "the name of variable %s is %s for GitLab: put it between quotes", yamldoc.Quote(f.key), f.odd)
	}
}

// plain returns the variables of a mapping in which GitLab accepts only scalar
// values.
func (d *decoder) plain(v *value, what string) settings {
	if v != nil && v.kind == mapping {
		for _, f := range v.fields {
			if f.value.kind == mapping {
				d.errorf(f.pos, "variable %s takes a single value, got a mapping", yamldoc.Quote(f.key))
			}
		}
	}
	return d.settings(v, what)
}

// variable returns the value of a variable as GitLab reads it.
func (d *decoder) variable(name string, v *value) string {
	if v.kind >= list {
		d.errorf(v.pos, "variable %s takes a single value, got %s", yamldoc.Quote(name), v.describe())
		return ""
	}
	return v.text
}
