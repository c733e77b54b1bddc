// SPDX-License-Identifier: GPL-2.0-or-later

// Package buildrisk finds instructions in an untrusted Dockerfile that must not
// reach a builder.
//
// It reads the same instructions as podman's builder, or none: the tests compare
// it with the builder's parser. That parser is not a part of the program, because
// it links protobuf, which looks for methods by name: the linker then keeps the
// exported methods of all types, a quarter of the program.
//
// Builders differ in what is a here-document, whose lines are no instructions: see
// dialect. The instructions of each interpretation are checked.
package buildrisk

import (
	"errors"
	"fmt"
	"slices"
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
	plain, plainErr := read(text, documents)
	old, oldErr := read(text, noDocuments)
	spaced, spacedErr := read(text, spacedDocuments)
	switch {
	case errors.Is(plainErr, errLong):
		return nil, plainErr
	case errors.Is(spacedErr, errLong), errors.Is(spacedErr, errCut):
		return nil, spacedErr
	case plainErr != nil && oldErr != nil:
		return nil, plainErr
	}
	f := &File{}
	for d, reading := range [][]instruction{documents: plain, noDocuments: old, spacedDocuments: spaced} {
		j := newJudge(args, bases, dialect(d), reading)
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
