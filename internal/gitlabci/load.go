// SPDX-License-Identifier: GPL-2.0-or-later

// Package gitlabci resolves a project's .gitlab-ci.yml into jobs.
//
// Load reads the file with all it includes from the same tree, Evaluate then
// says what GitLab would make of it for one event: which jobs there are, when
// each runs, and with which image, variables and commands. Nothing is fetched but
// through Options.Elsewhere, and nothing is guessed: an include from elsewhere is
// named, and so is every job that needs something from it. What GitLab refuses is a Problem, and
// keeps no other job from being resolved.
package gitlabci

import (
	"io/fs"
	"slices"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// Options of Load.
type Options struct {
	MaxIncludes int               // files that may be included, the same one counting each time; 0 means 150, as GitLab
	Inputs      map[string]string // values for the inputs of the main file; other types than string are written as JSON
	Elsewhere   *Elsewhere        // files that are not in the tree; nil for none
}

const defaultMaxIncludes = 150

// A Pipeline is a project's pipeline as it is written. It is not safe for
// use by several goroutines at once.
type Pipeline struct {
	fsys    fs.FS
	file    string
	limit   int
	options Options

	elsewhere map[string]fetchedFile // by the name that messages have for them

	inputs  map[string]string      // of the main file, as they were given
	sources map[string]*source     // by path
	parsed  map[string]*parsedFile // by path and inputs
	fixed   *config                // nil if an include depends on the event
}

// A parsedFile is a file of the project as it is written.
type parsedFile struct {
	doc      *value
	problems problems
}

// Load reads the pipeline in a file of a project's tree, file being relative
// to its root. The error says that this file cannot be read, or is not YAML;
// what is wrong with what it says is in an Evaluation.
func Load(fsys fs.FS, file string, o Options) (*Pipeline, error) {
	p := &Pipeline{
		fsys: fsys, file: file, limit: o.MaxIncludes, inputs: o.Inputs, options: o, elsewhere: map[string]fetchedFile{},
		sources: map[string]*source{}, parsed: map[string]*parsedFile{},
	}
	if p.limit == 0 {
		p.limit = defaultMaxIncludes
	}
	if _, err := p.parse(file, p.mainInputs(nil)); err != nil {
		return nil, err
	}
	p.fixed = p.compose(nil)
	return p, nil
}

// parse reads one file of the project with values for its inputs. A file is
// parsed once for each set of values.
func (p *Pipeline) parse(path string, g *given) (*parsedFile, error) {
	key := path + "\x00" + g.key()
	if f, ok := p.parsed[key]; ok {
		return f, nil
	}
	src, err := p.source(path)
	if err != nil {
		return nil, err
	}
	body, found := src.interpolate(g)
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
	f := &parsedFile{v, r.problems}
	if !g.deferred {
		p.parsed[key] = f
	}
	return f, nil
}

// duplicateKey is the kind of problem that a key twice in a mapping is.
const duplicateKey = "%s"
