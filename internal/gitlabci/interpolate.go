// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// A block stands for a value in the text of a file: "$[[ inputs.a | truncate(0,8) ]]".
var block = lazyregexp.New(`\$\[\[\s*(\S.*?\S)\s*\]\]`)

// Bounds on what blocks may do; the number of functions is GitLab's.
const (
	maxFunctions    = 3
	maxInterpolated = maxFileSize
)

// interpolate gives the body of a file with all blocks replaced. A block that
// has no value stays as it is written, and is a problem.
func (s *source) interpolate(g *given) ([]byte, problems) {
	d := &decoder{}
	if s.header == nil {
		if len(g.inputs) > 0 {
			d.errorf(g.pos, "the file %s declares no inputs", yamldoc.Quote(s.path))
		}
		return s.body, d.problems
	}
	b := &blocks{given: g, inputs: s.inputs(g, d), decoder: d}
	size, at := 0, 0
	var out []byte
	for _, m := range block.FindAllSubmatchIndex(s.body, -1) {
		out = append(out, s.body[at:m[0]]...)
		at = m[1]
		line := s.skip + 1 + strings.Count(string(s.body[:m[0]]), "\n")
		value, ok := b.value(string(s.body[m[2]:m[3]]), diag.Position{File: s.path, Line: line})
		if size += len(value); !ok || size > maxInterpolated {
			value = string(s.body[m[0]:m[1]])
		}
		out = append(out, value...)
	}
	if size > maxInterpolated {
		d.errorf(g.pos, "the inputs make the file %s larger than %d bytes", yamldoc.Quote(s.path), maxInterpolated)
	}
	return append(out, s.body[at:]...), d.problems
}

// blocks gives the values of blocks.
type blocks struct {
	*given
	*decoder
	inputs map[string]*value
}

// value gives what a block stands for; ok is false for one that stays.
func (b *blocks) value(content string, pos diag.Position) (out string, ok bool) {
	parts := strings.Split(content, "|")
	access := strings.TrimSpace(parts[0])
	context, name, _ := strings.Cut(access, ".")
	var v *value
	switch context {
	case "matrix": // replaced where a job needs others
		return "", false
	case "inputs":
		if v = b.inputs[name]; v == nil && b.declared(name) {
			return "", false // what is wrong with it is said
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
		var err error
		if v, err = b.apply(strings.TrimSpace(f), v); err != nil {
			b.errorf(pos, "$[[ %s ]]: %v", yamldoc.OneLine(content), err)
			return "", false
		}
	}
	if v.kind == text {
		return v.text, true
	}
	return v.json(), true
}

// declared reports whether a problem has named the input.
func (b *blocks) declared(name string) bool {
	for _, p := range b.problems {
		if strings.HasPrefix(p.Message, "input "+yamldoc.Quote(name)) {
			return true
		}
	}
	return false
}

var (
	truncate = lazyregexp.New(`^truncate\(\s*([0-9]+)\s*,\s*([0-9]+)\s*\)$`)
	unsafe   = lazyregexp.New(`[^A-Za-z0-9_\-.,:+/@\n]`)
)

// apply gives what a function makes of a value.
func (b *blocks) apply(function string, v *value) (*value, error) {
	name, _, _ := strings.Cut(function, "(")
	m := truncate.FindStringSubmatch(function)
	switch {
	case m == nil && function != "expand_vars" && function != "posix_escape" && function != "posix_quote":
		return nil, fmt.Errorf("there is no function %s", yamldoc.Quote(function))
	case v.kind != text:
		return nil, fmt.Errorf("%s takes a string, got %s", name, v.describe())
	case m != nil:
		return &value{kind: text, text: cut(v.text, m[1], m[2])}, nil
	case function != "expand_vars":
		return &value{kind: text, text: shellEscape(v.text)}, nil
	case b.scope == nil:
		b.deferred = b.deferred || strings.Contains(v.text, "$")
		return v, nil
	}
	return &value{kind: text, text: b.scope.vars.existing(v.text)}, nil
}

// cut gives a part of a text, counted in characters.
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

// shellEscape writes a text as one word of a shell, as Ruby's Shellwords does.
func shellEscape(s string) string {
	if s == "" {
		return "''"
	}
	return strings.ReplaceAll(unsafe.ReplaceAllString(s, `\$0`), "\n", "'\n'")
}

// fromJSON gives what encoding/json has decoded, numbers as they are written.
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

// json writes a value as JSON.
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
