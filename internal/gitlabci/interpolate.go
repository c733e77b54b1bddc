// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// A block is an interpolation in a file: "$[[ inputs.a | truncate(0,8) ]]".
var block = lazyregexp.New(`\$\[\[\s*(\S.*?\S)\s*\]\]`)

// Limits of blocks. The number of functions is GitLab's limit.
const (
	maxFunctions    = 3
	maxInterpolated = maxFileSize
	maxProcessed    = 64 << 20 // bytes of values that the blocks of a file process
)

// interpolate returns the body of a file with blocks replaced, the number of
// bytes of values that the blocks processed, and problems. A block without a
// value is a problem and stays in the text.
func (s *source) interpolate(g *given) (body []byte, processed int, found problems) {
	d := &decoder{}
	if s.header == nil {
		if len(g.inputs) > 0 {
			d.errorf(g.pos, "the file %s declares no inputs", yamldoc.Quote(s.path))
		}
		return s.body, 0, d.problems
	}
	b := &blocks{given: g, inputs: s.inputs(g, d), decoder: d}
	b.invalid = invalidInputs(d.problems)
	size, at, line := 0, 0, s.skip+1
	var out []byte
	for _, m := range block.FindAllSubmatchIndex(s.body, -1) {
		out = append(out, s.body[at:m[0]]...)
		line += bytes.Count(s.body[at:m[0]], []byte("\n"))
		value, ok := "", false
		if size <= maxInterpolated && b.processed <= maxProcessed {
			value, ok = b.value(string(s.body[m[2]:m[3]]), diag.Position{File: s.path, Line: line})
			size += len(value)
		}
		if !ok || size > maxInterpolated {
			value = string(s.body[m[0]:m[1]])
		}
		out = append(out, value...)
		line += bytes.Count(s.body[m[0]:m[1]], []byte("\n"))
		at = m[1]
	}
	switch {
	case size > maxInterpolated:
		d.errorf(g.pos, "the inputs make the file %s larger than %d bytes", yamldoc.Quote(s.path), maxInterpolated)
	case b.processed > maxProcessed:
		d.errorf(g.pos, "the file %s processes more than %d bytes of inputs", yamldoc.Quote(s.path), maxProcessed)
	}
	return append(out, s.body[at:]...), b.processed, d.problems
}

type blocks struct {
	*given
	*decoder
	inputs    map[string]*value
	invalid   map[string]bool // inputs with problems, by their quoted name
	processed int             // bytes of values
}

// value returns the value of a block. ok is false if the block stays in the
// text.
func (b *blocks) value(content string, pos diag.Position) (out string, ok bool) {
	parts := strings.Split(content, "|")
	access := strings.TrimSpace(parts[0])
	context, name, _ := strings.Cut(access, ".")
	var v *value
	switch context {
	case "matrix": // replaced in needs
		return "", false
	case "inputs":
		if v = b.inputs[name]; v == nil {
			v = b.element(name)
		}
		if base, _, _ := strings.Cut(name, "["); v == nil && b.invalid[yamldoc.Quote(base)] {
			return "", false // its problem was recorded
		}
	case "component":
		if s, ok := b.component[name]; ok {
			v = &value{kind: text, text: s}
		}
	}
	if v == nil {
		b.errorf(pos, "$[[ %s ]]: there is no such value", yamldoc.OneLine(content))
		return "", false
	}
	if len(parts) > maxFunctions+1 {
		b.errorf(pos, "$[[ %s ]]: there are more than %d functions", yamldoc.OneLine(content), maxFunctions)
		return "", false
	}
	for _, f := range parts[1:] {
		b.processed += len(v.text)
		var err error
		if v, err = b.apply(strings.TrimSpace(f), v); err != nil {
			b.errorf(pos, "$[[ %s ]]: %v", yamldoc.OneLine(content), err)
			return "", false
		}
	}
	out = v.text
	if v.kind != text {
		out = v.json()
	}
	b.processed += len(out)
	return out, true
}

// indexed matches a part of the path to an element of an input.
var indexed = lazyregexp.New(`^([\w-]+)((?:\[[0-9]+\])*)$`)

// element returns an element of an input, such as hosts[0].name, or nil.
func (b *blocks) element(path string) *value {
	var v *value
	for i, part := range strings.Split(path, ".") {
		m := indexed.FindStringSubmatch(part)
		if m == nil {
			return nil
		}
		if i == 0 {
			v = b.inputs[m[1]]
		} else {
			v = v.get(m[1])
		}
		for _, index := range strings.Split(strings.Trim(m[2], "[]"), "][") {
			at, err := strconv.Atoi(index)
			switch {
			case m[2] == "":
			case err != nil || v == nil || v.kind != list || at >= len(v.items):
				return nil
			default:
				v = v.items[at]
			}
		}
	}
	return v
}

// invalidInputs returns the quoted names of the inputs that problems are about.
func invalidInputs(found problems) map[string]bool {
	out := map[string]bool{}
	for _, p := range found {
		if rest, ok := strings.CutPrefix(p.Message, "input "); ok {
			name, _ := strconv.QuotedPrefix(rest)
			out[name] = true
		}
	}
	return out
}

var (
	truncate = lazyregexp.New(`^truncate\(\s*([0-9]+)\s*,\s*([0-9]+)\s*\)$`)
	split    = lazyregexp.New(`^split\('([^']*)'\)$`)
	unsafe   = lazyregexp.New(`[^A-Za-z0-9_\-.,:+/@\n]`)
)

func (b *blocks) apply(function string, v *value) (*value, error) {
	name, _, _ := strings.Cut(function, "(")
	m, separator := truncate.FindStringSubmatch(function), split.FindStringSubmatch(function)
	switch {
	case m == nil && separator == nil && function != "expand_vars" && function != "posix_escape" && function != "posix_quote":
		return nil, fmt.Errorf("there is no function %s", yamldoc.Quote(function))
	case v.kind != text:
		return nil, fmt.Errorf("%s takes a string, got %s", name, v.describe())
	case m != nil:
		return &value{kind: text, text: cut(v.text, m[1], m[2])}, nil
	case separator != nil && separator[1] == "":
		return nil, errors.New("split takes a separator")
	case separator != nil:
		return splitAt(v.text, separator[1]), nil
	case function != "expand_vars":
		return &value{kind: text, text: shellEscape(v.text)}, nil
	case b.scope == nil:
		b.deferred = b.deferred || strings.Contains(v.text, "$")
		return v, nil
	}
	return &value{kind: text, text: b.scope.vars.existing(v.text)}, nil
}

// splitAt returns the parts of a text without blanks around them and without
// empty ones.
func splitAt(s, separator string) *value {
	out := &value{kind: list}
	for part := range strings.SplitSeq(s, separator) {
		if part = strings.TrimSpace(part); part != "" {
			out.items = append(out.items, &value{kind: text, text: part})
		}
	}
	return out
}

// cut returns a substring. Offset and length count characters.
func cut(s, offset, length string) string {
	runes := []rune(s)
	from, err := strconv.Atoi(offset)
	if err != nil || from > len(runes) {
		return ""
	}
	n, err := strconv.Atoi(length)
	if err != nil || n > len(runes)-from {
		n = len(runes) - from
	}
	return string(runes[from : from+n])
}

// shellEscape quotes a text as one word of a shell, like Ruby's
// Shellwords.escape.
func shellEscape(s string) string {
	if s == "" {
		return "''"
	}
	return strings.ReplaceAll(unsafe.ReplaceAllString(s, `\$0`), "\n", "'\n'")
}

// fromJSON converts a value decoded by encoding/json. Numbers keep their text.
func fromJSON(in any) *value {
	switch in := in.(type) {
	case string:
		return &value{kind: text, text: in}
	case json.Number:
		if strings.ContainsAny(in.String(), ".eE") {
			return &value{kind: number, text: rubyFloatText(in.String())}
		}
		return &value{kind: number, text: in.String()}
	case bool:
		return &value{kind: boolean, text: strconv.FormatBool(in)}
	case []any:
		out := &value{kind: list}
		for _, item := range in {
			out.items = append(out.items, fromJSON(item))
		}
		return out
	case map[string]any:
		out := &value{kind: mapping}
		for _, key := range slices.Sorted(maps.Keys(in)) {
			out.fields = append(out.fields, field{key: key, value: fromJSON(in[key])})
		}
		return out
	}
	return &value{}
}

func (v *value) json() string {
	switch v.kind {
	case null:
		return "null"
	case text:
		out, _ := json.Marshal(v.text)
		return string(out)
	case number, boolean:
		return v.text
	case mapping:
		parts := make([]string, len(v.fields))
		for i, f := range v.fields {
			name, _ := json.Marshal(f.key)
			parts[i] = string(name) + ":" + f.value.json()
		}
		return "{" + strings.Join(parts, ",") + "}"
	}
	parts := make([]string, len(v.items))
	for i, item := range v.items {
		parts[i] = item.json()
	}
	return "[" + strings.Join(parts, ",") + "]"
}
