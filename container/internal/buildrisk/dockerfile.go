// SPDX-License-Identifier: GPL-2.0-or-later

// Package buildrisk finds instructions in an untrusted Dockerfile that must not
// reach a builder.
//
// It uses the parser of podman's builder, so that both see the same
// instructions. Before version 1.33, buildah does not support here-documents and
// reads their lines as instructions, so both interpretations are checked.
package buildrisk

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/openshift/imagebuilder/dockerfile/parser"
)

// maxSize limits a Dockerfile, in bytes. Real ones are far smaller.
const maxSize = 1 << 20

// An instruction is an instruction of a Dockerfile, including continuation
// lines. The instruction in an ONBUILD is a separate one.
type instruction struct {
	line  int
	name  string // upper case
	flags []string
	args  []string // as written, quotes included
}

// A File is a Dockerfile with its problems.
type File struct {
	froms   []From
	refused []Problem
	risks   []risk
}

// A Problem is an instruction that must not be built.
type Problem struct {
	Line int
	What string
}

func (p Problem) String() string { return fmt.Sprintf("%d: %s", p.Line, p.What) }

// Parse parses and checks a Dockerfile. args are build arguments; bases are the
// images of Froms by name, as far as known.
func Parse(text []byte, args map[string]string, bases map[string]Base) (*File, error) {
	if len(text) > maxSize {
		return nil, fmt.Errorf("larger than %d bytes", maxSize)
	}
	plain, plainErr := read(text)
	old, oldErr := read(bytes.ReplaceAll(text, []byte("<<"), []byte("< "))) // as builders without here-documents read it
	if plainErr != nil && oldErr != nil {
		return nil, plainErr
	}
	f := &File{}
	for n, reading := range [][]instruction{plain, old} {
		j := newJudge(args, bases, n == 1, reading)
		for _, i := range reading {
			j.judge(i)
		}
		f.add(j)
	}
	return f, nil
}

// add adds the problems of j that f does not have yet.
func (f *File) add(j *judge) {
	seen := map[string]bool{}
	for _, p := range f.refused {
		seen[p.String()] = true
	}
	for _, r := range f.risks {
		seen[r.String()] = true
	}
	for _, from := range j.froms {
		if !slices.Contains(f.froms, from) {
			f.froms = append(f.froms, from)
		}
	}
	for _, p := range j.refused {
		if !seen[p.String()] {
			f.refused = append(f.refused, p)
		}
	}
	for _, r := range j.risks {
		if !seen[r.String()] {
			f.risks = append(f.risks, r)
		}
	}
}

func read(text []byte) ([]instruction, error) {
	result, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	var all []instruction
	for _, node := range result.AST.Children {
		all = flatten(all, node, node.StartLine)
	}
	if len(all) == 0 {
		return nil, errors.New("no instructions")
	}
	return all, nil
}

// flatten appends the instruction of a node and those nested in it.
func flatten(all []instruction, node *parser.Node, line int) []instruction {
	i := instruction{line: line, name: strings.ToUpper(node.Value), flags: node.Flags}
	var inside []*parser.Node
	for n := node.Next; n != nil; n = n.Next {
		i.args = append(i.args, n.Value)
		inside = append(inside, n.Children...)
	}
	all = append(all, i)
	for _, n := range inside {
		all = flatten(all, n, line)
	}
	return all
}
