// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// Values are written so that all YAML readers, of version 1.1 like GitLab's or
// of 1.2, read the same string: plain if it is unambiguous, otherwise in double
// quotes.

var plainWord = lazyregexp.New(`^[A-Za-z_/$.][A-Za-z0-9_/$.@%+=~-]*( [A-Za-z0-9_/$.@%+=~-]+)*$`)

// notStrings are words that some YAML readers do not read as strings.
//
//nolint:gochecknoglobals // a table
var notStrings = map[string]bool{
	"true": true, "false": true, "yes": true, "no": true, "on": true, "off": true, "y": true, "n": true,
	"null": true, ".inf": true, ".nan": true, "___": true,
}

func scalar(s string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s, Style: yaml.DoubleQuotedStyle}
	if plainWord.MatchString(s) && !notStrings[strings.ToLower(s)] && !strings.HasPrefix(s, "...") && !numberLike(s) {
		n.Style = 0
	}
	return n
}

// numberLike reports whether s begins like a fraction: ".5", "._1".
func numberLike(s string) bool {
	return strings.HasPrefix(s, ".") && strings.Trim(s, "._+-eE0123456789") == ""
}

// plain returns a plain scalar that need not be a string.
func plain(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: s} }

func boolean(b bool) *yaml.Node { return plain(strconv.FormatBool(b)) }

type field struct {
	key   string
	value *yaml.Node
}

func mapping(fields ...field) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, f := range fields {
		n.Content = append(n.Content, scalar(f.key), f.value)
	}
	return n
}

func sequence(items []string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode}
	for _, s := range items {
		n.Content = append(n.Content, scalar(s))
	}
	return n
}

// value converts a value that the manifest passes through.
func value(v any) *yaml.Node {
	switch v := v.(type) {
	case nil:
		return plain("null")
	case bool:
		return boolean(v)
	case int64:
		return plain(strconv.FormatInt(v, 10))
	case []any:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for _, item := range v {
			n.Content = append(n.Content, value(item))
		}
		return n
	case map[string]any:
		n := &yaml.Node{Kind: yaml.MappingNode}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			n.Content = append(n.Content, scalar(key), value(v[key]))
		}
		return n
	}
	return scalar(fmt.Sprint(v))
}

// An encoder encodes nodes as YAML documents. It is for many nodes: making one
// takes as long as encoding a job.
type encoder struct {
	b    bytes.Buffer
	yaml *yaml.Encoder
}

func newEncoder() *encoder {
	e := &encoder{}
	e.yaml = yaml.NewEncoder(&e.b)
	e.yaml.SetIndent(2)
	return e
}

// encode returns a document, which is valid until the next call.
func (e *encoder) encode(n *yaml.Node) ([]byte, error) {
	e.b.Reset()
	err := e.yaml.Encode(n)
	return bytes.TrimPrefix(e.b.Bytes(), []byte("---\n")), err
}
