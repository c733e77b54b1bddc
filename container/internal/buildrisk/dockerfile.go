// SPDX-License-Identifier: GPL-2.0-or-later

// Package buildrisk says what of an untrusted Dockerfile must not reach a
// builder.
//
// It reads text with the parser that podman's builder uses, so that both see
// the same instructions. Builders before buildah 1.33 know no here-documents
// and take their lines for instructions: both readings are judged.
package buildrisk

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/openshift/imagebuilder/dockerfile/parser"
)

// maxSize is far above what anybody writes, in bytes.
const maxSize = 1 << 20

// An instruction is one line of a Dockerfile, continuations included. What an
// ONBUILD holds is an instruction of its own.
type instruction struct {
	line  int
	name  string // upper case
	flags []string
	args  []string // as written, quotes included
}

// A File is a Dockerfile with what is wrong with it.
type File struct {
	froms   []From
	refused []Problem
	risks   []risk
}

// A Problem is one thing that must not be built.
type Problem struct {
	Line int
	What string
}

func (p Problem) String() string { return fmt.Sprintf("%d: %s", p.Line, p.What) }

// Parse reads a Dockerfile. args are the values of build arguments, bases the
// images of Froms by name, as far as they are known.
func Parse(text []byte, args map[string]string, bases map[string]Base) (*File, error) {
	if len(text) > maxSize {
		return nil, fmt.Errorf("larger than %d bytes", maxSize)
	}
	plain, plainErr := read(text)
	old, oldErr := read(bytes.ReplaceAll(text, []byte("<<"), []byte("< "))) // without here-documents
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

// add takes what one reading found and the other did not.
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

// read returns the instructions of a text.
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

// flatten adds the instruction of a node and those inside it.
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
