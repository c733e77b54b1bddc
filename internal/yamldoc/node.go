// SPDX-License-Identifier: GPL-2.0-or-later

// Package yamldoc reads one YAML document into nodes that know their place.
package yamldoc

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// mergeDepth bounds "<<" inside "<<", mergeFields what one mapping can grow to.
const (
	mergeDepth  = 16
	mergeFields = 10_000
)

// A Node is a value of a document. The zero Node is a null without a place.
type Node struct {
	node *yaml.Node
	file string
	skip int // lines that stand before the parsed text in its file
}

// A Field is one key of a mapping with its value.
type Field struct {
	Key   string
	Pos   Position // of the key
	Value Node
}

// Parse reads data as the only document of file. skip is the number of lines
// of the file that stand before data; positions count them. An empty document
// is a null node. The error is a fault with the line at which reading stopped.
func Parse(file string, data []byte, skip int) (Node, error) {
	if err := checkText(file, data, skip); err != nil {
		return Node{}, err
	}
	var doc yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return Node{file: file, skip: skip}, nil
		}
		return Node{}, syntaxFault(file, skip, err)
	}
	var next yaml.Node
	switch err := dec.Decode(&next); {
	case err == nil:
		return Node{}, Faultf(Position{file, next.Line + skip, next.Column}, "a second document starts here, expected only one")
	case !errors.Is(err, io.EOF):
		return Node{}, syntaxFault(file, skip, err)
	}
	n := Node{node: &doc, file: file, skip: skip}
	if doc.Kind == yaml.DocumentNode && len(doc.Content) == 1 {
		n.node = doc.Content[0]
	}
	return n.resolved(), nil
}

// checkText refuses what no YAML reader agrees on, with the line it is on.
func checkText(file string, data []byte, skip int) error {
	bad, what := bytes.IndexByte(data, 0), "a NUL byte"
	if bad < 0 && !utf8.Valid(data) {
		what = "a byte that is not UTF-8"
		for i := 0; i < len(data); {
			r, size := utf8.DecodeRune(data[i:])
			if r == utf8.RuneError && size == 1 {
				bad = i
				break
			}
			i += size
		}
	}
	if bad < 0 {
		return nil
	}
	line := 1 + bytes.Count(data[:bad], []byte("\n"))
	return Faultf(Position{File: file, Line: line + skip}, "%s, expected text in UTF-8", what)
}

var syntaxLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

func syntaxFault(file string, skip int, err error) error {
	text := strings.ReplaceAll(err.Error(), "\n", " ")
	pos := Position{File: file, Line: skip + 1}
	if m := syntaxLine.FindStringSubmatch(text); m != nil {
		text = m[2]
		if line, err := strconv.Atoi(m[1]); err == nil {
			pos.Line = line + skip
		}
	}
	return Faultf(pos, "invalid YAML: %s", text)
}

// resolved follows an alias to what it names.
func (n Node) resolved() Node {
	if n.node != nil && n.node.Kind == yaml.AliasNode {
		n.node = n.node.Alias
	}
	return n
}

// Pos is the place of the value.
func (n Node) Pos() Position {
	if n.node == nil {
		return Position{File: n.file}
	}
	return Position{n.file, n.node.Line + n.skip, n.node.Column}
}

// IsNull reports whether the value is null or left out.
func (n Node) IsNull() bool {
	return n.node == nil || n.node.Kind == 0 || n.node.Kind == yaml.ScalarNode && n.node.Tag == "!!null"
}

// IsMapping reports whether the value is a mapping.
func (n Node) IsMapping() bool { return n.node != nil && n.node.Kind == yaml.MappingNode }

// IsSequence reports whether the value is a list.
func (n Node) IsSequence() bool { return n.node != nil && n.node.Kind == yaml.SequenceNode }

// Describe names the kind of value in words for an error: "a list", "a number".
func (n Node) Describe() string {
	switch {
	case n.IsNull():
		return "nothing"
	case n.IsMapping():
		return "a mapping"
	case n.IsSequence():
		return "a list"
	}
	switch n.node.Tag {
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "a boolean"
	case "!!timestamp":
		return "a date"
	case "!!str":
		return "a string"
	}
	return "a value of type " + n.node.Tag
}

// Scalar gives the text of a scalar as written in the file, whatever its type.
func (n Node) Scalar() (string, bool) {
	if n.node == nil || n.node.Kind != yaml.ScalarNode {
		return "", false
	}
	return n.node.Value, true
}

// Text gives a string. A number, a boolean or a date is refused with the
// advice to quote it.
func (n Node) Text() (string, error) {
	if n.node == nil || n.node.Kind != yaml.ScalarNode || n.IsNull() {
		return "", Faultf(n.Pos(), "expected a string, got %s", n.Describe())
	}
	if n.node.Tag != "!!str" {
		return "", Faultf(n.Pos(), "expected a string, got %s: quote it as %q", n.Describe(), n.node.Value)
	}
	return n.node.Value, nil
}

// Bool gives a boolean, in any of the spellings that YAML 1.1 has for it.
func (n Node) Bool() (bool, error) {
	if n.node != nil && n.node.Kind == yaml.ScalarNode && n.node.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) == 0 {
		switch strings.ToLower(n.node.Value) {
		case "true", "yes", "on":
			return true, nil
		case "false", "no", "off":
			return false, nil
		}
	}
	return false, Faultf(n.Pos(), "expected true or false, got %s", n.Describe())
}

// Sequence gives the items of a list.
func (n Node) Sequence() ([]Node, error) {
	if !n.IsSequence() {
		return nil, Faultf(n.Pos(), "expected a list, got %s", n.Describe())
	}
	items := make([]Node, len(n.node.Content))
	for i, c := range n.node.Content {
		items[i] = Node{c, n.file, n.skip}.resolved()
	}
	return items, nil
}

// Mapping gives the fields of a mapping in the order of the file, with what
// "<<" brings in behind them. A key that appears twice is a fault, as is a
// key that is not a scalar; the other fields are given all the same.
func (n Node) Mapping() ([]Field, error) {
	if !n.IsMapping() {
		return nil, Faultf(n.Pos(), "expected a mapping, got %s", n.Describe())
	}
	m := merger{seen: map[string]Position{}}
	m.add(n, 0)
	return m.fields, Join(m.errs...)
}

type merger struct {
	fields []Field
	seen   map[string]Position
	errs   []error
}

func (m *merger) add(n Node, depth int) {
	if depth > mergeDepth || len(m.fields) > mergeFields {
		m.errs = append(m.errs, Faultf(n.Pos(), "merge keys nest too deeply"))
		return
	}
	own := map[string]bool{}
	var merges []Node
	for i := 0; i+1 < len(n.node.Content); i += 2 {
		key := Node{n.node.Content[i], n.file, n.skip}.resolved()
		value := Node{n.node.Content[i+1], n.file, n.skip}.resolved()
		name, ok := key.Scalar()
		switch {
		case !ok:
			m.errs = append(m.errs, Faultf(key.Pos(), "expected a key, got %s", key.Describe()))
		case key.node.Tag == "!!merge":
			merges = append(merges, value)
		case own[name]:
			m.errs = append(m.errs, Faultf(key.Pos(), "key %q appears twice, first in line %d", name, m.seen[name].Line))
		default:
			own[name] = true
			if _, overridden := m.seen[name]; !overridden {
				m.seen[name] = key.Pos()
				m.fields = append(m.fields, Field{Key: name, Pos: key.Pos(), Value: value})
			}
		}
	}
	for _, v := range merges {
		m.merge(v, depth+1)
	}
}

func (m *merger) merge(v Node, depth int) {
	sources := []Node{v}
	if v.IsSequence() {
		sources, _ = v.Sequence()
	}
	for _, s := range sources {
		if !s.IsMapping() {
			m.errs = append(m.errs, Faultf(s.Pos(), "expected a mapping to merge, got %s", s.Describe()))
			continue
		}
		m.add(s, depth)
	}
}
