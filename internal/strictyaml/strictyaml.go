// SPDX-License-Identifier: GPL-2.0-or-later

// Package strictyaml reads YAML as its strictest readers do, for tests of what
// this program writes. It shares no code with the reader and writer of the
// program.
package strictyaml

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Unmarshal decodes data into value, which may be nil. It refuses what any
// reader might: several documents, keys and anchors that appear twice, aliases
// of nothing, tabs, carriage returns, and a last line without an end.
func Unmarshal(data []byte, value any) error {
	switch text := string(data); {
	case strings.ContainsAny(text, "\t\r"):
		return fmt.Errorf("a tab or carriage return in %q", text)
	case !strings.HasSuffix(text, "\n"):
		return errors.New("the last line has no end")
	}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return err
	}
	if len(file.Docs) != 1 {
		return fmt.Errorf("%d documents", len(file.Docs))
	}
	v := &anchors{lines: map[string]int{}}
	ast.Walk(v, file.Docs[0].Body)
	if v.err != nil {
		return v.err
	}
	var whole any
	if value == nil {
		value = &whole
	}
	return yaml.Unmarshal(data, value)
}

// anchors finds anchors that appear twice and aliases without one.
type anchors struct {
	lines map[string]int
	err   error
}

func (v *anchors) Visit(n ast.Node) ast.Visitor {
	switch n := n.(type) {
	case *ast.AnchorNode:
		name, line := n.Name.String(), n.GetToken().Position.Line
		if first, twice := v.lines[name]; twice && v.err == nil {
			v.err = fmt.Errorf("line %d: anchor %q appears twice, first in line %d", line, name, first)
		}
		v.lines[name] = line
	case *ast.AliasNode:
		if name := n.Value.String(); v.lines[name] == 0 && v.err == nil {
			v.err = fmt.Errorf("line %d: alias %q has no anchor", n.GetToken().Position.Line, name)
		}
	}
	return v
}
