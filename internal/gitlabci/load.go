// SPDX-License-Identifier: GPL-2.0-or-later

// Package gitlabci resolves a project's .gitlab-ci.yml into jobs.
//
// Load reads the file with its local includes. Evaluate returns the pipeline
// that GitLab would create for an event: its jobs, when each runs, and its
// image, variables and commands. Files from elsewhere are fetched only through
// Options.Elsewhere. The package does not guess: it names the includes that are
// not available, and the jobs that need something from them. What GitLab refuses
// is a Problem and does not affect other jobs.
package gitlabci

import (
	"io/fs"
	"math"
	"slices"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// Options are the options of Load.
type Options struct {
	MaxIncludes int               // files that may be included, the same one counting each time; 0 means 150, as GitLab
	Inputs      map[string]string // values for the inputs of the main file; other types than string are written as JSON
	Elsewhere   *Elsewhere        // files that are not in the tree; nil for none
	Stop        <-chan struct{}   // ends evaluations when it is closed; nil for never

	// ChangedSince returns the files that the tree changes since its merge base with
	// a branch, tag or commit, nil if that is not known. It may be nil.
	ChangedSince func(revision string) []string
}

const defaultMaxIncludes = 150

// A Pipeline is a project's pipeline as written. It is not safe for concurrent
// use.
type Pipeline struct {
	fsys    fs.FS
	file    string
	limit   int
	options Options

	elsewhere map[string]fetchedFile // by their name in messages

	inputs  map[string]string      // inputs of the main file, as given by the user
	sources map[string]*source     // by path
	parsed  map[string]*parsedFile // by path and inputs
	fixed   *config                // nil if an include depends on the event
}

type parsedFile struct {
	doc      *value
	values   int // that doc has
	size     int // in bytes, of its text and of the inputs that its blocks process
	problems problems
}

// Load reads a pipeline. file is relative to the root of fsys. The error says
// that the file cannot be read or is not YAML; other problems are in an
// Evaluation.
func Load(fsys fs.FS, file string, o Options) (*Pipeline, error) {
	p := &Pipeline{
		fsys: fsys, file: file, limit: o.MaxIncludes, inputs: o.Inputs, options: o, elsewhere: map[string]fetchedFile{},
		sources: map[string]*source{}, parsed: map[string]*parsedFile{},
	}
	if p.limit == 0 {
		p.limit = defaultMaxIncludes
	}
	if _, err := p.parse(file, p.mainInputs(nil), math.MaxInt); err != nil {
		return nil, err
	}
	p.fixed = p.compose(nil)
	return p, nil
}

// parse parses a file of the project with its inputs. It caches the result for
// each set of inputs. The result has no doc if size is larger than limit.
func (p *Pipeline) parse(path string, g *given, limit int) (*parsedFile, error) {
	key := path + "\x00" + g.key()
	if f, ok := p.parsed[key]; ok {
		return f, nil
	}
	src, err := p.source(path)
	if err != nil {
		return nil, err
	}
	body, processed, found := src.interpolate(g)
	size := len(body) + processed
	if size > limit {
		return &parsedFile{size: size}, nil
	}
	n, err := yamldoc.Parse(path, body, src.skip)
	if err != nil {
		return nil, diag.Join(append(found.errors(), err)...)
	}
	r := &reader{left: maxValues, problems: append(slices.Clone(src.found), found...)}
	for _, f := range n.Duplicates() {
		r.problems.add(f.Position, "", Doubtful, duplicateKey, f.Message)
	}
	v := r.read(n, 0)
	if v.kind != mapping {
		if v.kind != null {
			r.errorf(v.pos, "expected a mapping of jobs, got %s", v.describe())
		}
		v = &value{kind: mapping, pos: v.pos}
	}
	f := &parsedFile{doc: v, values: maxValues - max(0, r.left), size: size, problems: r.problems}
	if !g.deferred {
		p.parsed[key] = f
	}
	return f, nil
}

// duplicateKey is the Kind of problems about duplicate keys in a mapping.
const duplicateKey = "%s"
