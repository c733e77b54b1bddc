// SPDX-License-Identifier: GPL-2.0-or-later

// Package yamldoc reads one YAML document into nodes that know their place.
package yamldoc

import (
	"bytes"
	"errors"
	"io"

	"gopkg.in/yaml.v3"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
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
	Pos   diag.Position // of the key
	Value Node
	Plain bool // the key stands there without quotes, and so may be no string
}

// Parse reads data as the only document of file. skip is the number of lines
// of the file that stand before data; positions count them. An empty document
// is a null node. The error has the line at which reading stopped.
func Parse(file string, data []byte, skip int) (Node, error) {
	if err := CheckText(file, data, skip); err != nil {
		return Node{}, err
	}
	var doc yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return Node{file: file, skip: skip}, nil
		}
		return Node{}, syntaxFault(file, data, skip, err)
	}
	var next yaml.Node
	switch err := dec.Decode(&next); {
	case err == nil:
		return Node{}, diag.Errorf(diag.Position{File: file, Line: next.Line + skip, Column: next.Column}, "a second document starts here, expected only one")
	case !errors.Is(err, io.EOF):
		return Node{}, syntaxFault(file, data, skip, err)
	}
	n := Node{node: &doc, file: file, skip: skip}
	if doc.Kind == yaml.DocumentNode && len(doc.Content) == 1 {
		n.node = doc.Content[0]
	}
	return n.resolved(), nil
}

// resolved follows an alias to what it names.
func (n Node) resolved() Node {
	if n.node != nil && n.node.Kind == yaml.AliasNode {
		n.node = n.node.Alias
	}
	return n
}

// Pos is the place of the value, that of an empty document its first line.
func (n Node) Pos() diag.Position {
	if n.node == nil {
		return diag.Position{File: n.file, Line: 1 + n.skip}
	}
	return diag.Position{File: n.file, Line: n.node.Line + n.skip, Column: n.node.Column}
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
	if _, ok := n.boolean(); ok {
		return "a boolean"
	}
	switch tag := n.scalarTag(); tag {
	case "!!int", "!!float":
		return "a number"
	case "!!timestamp":
		return "a date"
	case "!!str":
		return "a string"
	default:
		return "a value of type " + tag
	}
}

// yaml11Number matches what YAML 1.1 reads as a number among what YAML 1.2 does:
// a fraction has a dot, an exponent has a sign, and 08 is no octal number.
var yaml11Number = lazyregexp.New(`^(?:[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*|[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.(?:inf|Inf|INF))|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|\.(?:nan|NaN|NAN))$`)

// scalarTag returns the tag of a scalar in YAML 1.1. The parser reads "1e3" and
// "08" as numbers, which are strings there.
func (n Node) scalarTag() string {
	number := n.node.Tag == "!!int" || n.node.Tag == "!!float"
	if number && n.node.Style == 0 && !yaml11Number.MatchString(n.node.Value) {
		return "!!str"
	}
	return n.node.Tag
}

// Scalar returns the text of a scalar as written in the file, whatever its type.
func (n Node) Scalar() (string, bool) {
	if n.node == nil || n.node.Kind != yaml.ScalarNode {
		return "", false
	}
	return n.node.Value, true
}

// Text returns a string. A number, a date or one of YAML 1.1's words for true
// and false is refused with the advice to quote it.
func (n Node) Text() (string, error) {
	if n.node == nil || n.node.Kind != yaml.ScalarNode || n.IsNull() {
		return "", diag.Errorf(n.Pos(), "expected a string, got %s", n.Describe())
	}
	if _, ok := n.boolean(); ok || n.scalarTag() != "!!str" {
		return "", diag.Errorf(n.Pos(), "expected a string, got %s: quote it as %s", n.Describe(), Quote(n.node.Value))
	}
	return n.node.Value, nil
}

// Bool returns a boolean, in any of the spellings that YAML 1.1 has for it.
func (n Node) Bool() (bool, error) {
	if value, ok := n.boolean(); ok {
		return value, nil
	}
	return false, diag.Errorf(n.Pos(), "expected true or false, got %s", n.Describe())
}

// boolean reads an unquoted word for true or false. The parser leaves "yes",
// "no", "on" and "off" strings, which readers of YAML 1.1 do not.
func (n Node) boolean() (value, ok bool) {
	const quoted = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle | yaml.TaggedStyle
	if n.node == nil || n.node.Kind != yaml.ScalarNode || n.node.Style&quoted != 0 {
		return false, n.node != nil && n.node.Tag == "!!bool"
	}
	switch n.node.Value {
	case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON":
		return true, true
	case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF":
		return false, true
	}
	return false, false
}

// Sequence returns the items of a list.
func (n Node) Sequence() ([]Node, error) {
	if !n.IsSequence() {
		return nil, diag.Errorf(n.Pos(), "expected a list, got %s", n.Describe())
	}
	items := make([]Node, len(n.node.Content))
	for i, c := range n.node.Content {
		items[i] = Node{c, n.file, n.skip}.resolved()
	}
	return items, nil
}
