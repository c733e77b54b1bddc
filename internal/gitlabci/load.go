// SPDX-License-Identifier: GPL-2.0-or-later

// Package gitlabci resolves a project's .gitlab-ci.yml into jobs.
//
// Load reads the file with all it includes from the same tree, Evaluate then
// says what GitLab would make of it for one event: which jobs there are, when
// each runs, and with which image, variables and commands. Nothing is fetched
// and nothing is guessed: an include from elsewhere is named, and so is every
// job that needs something from it. What GitLab refuses is a Problem, and
// keeps no other job from being resolved.
package gitlabci

import (
	"fmt"
	"io"
	"io/fs"
	"regexp"

	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// Options of Load.
type Options struct {
	MaxIncludes int // files that may be included, the same one counting each time; 0 means 150, as GitLab
}

const defaultMaxIncludes = 150

// A Pipeline is a project's pipeline as it is written. It is not safe for
// use by several goroutines at once.
type Pipeline struct {
	fsys  fs.FS
	file  string
	limit int

	parsed map[string]*parsedFile // by path
	fixed  *config                // nil if an include depends on the event
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
	p := &Pipeline{fsys: fsys, file: file, limit: o.MaxIncludes, parsed: map[string]*parsedFile{}}
	if p.limit == 0 {
		p.limit = defaultMaxIncludes
	}
	if _, err := p.parse(file); err != nil {
		return nil, err
	}
	p.fixed = p.compose(nil)
	return p, nil
}

var specHeader = regexp.MustCompile(`(?m)^spec\s*:`)

// parse reads one file of the project. A file is read once.
func (p *Pipeline) parse(path string) (*parsedFile, error) {
	if f, ok := p.parsed[path]; ok {
		return f, nil
	}
	data, err := readFile(p.fsys, path)
	if err != nil {
		return nil, err
	}
	n, err := yamldoc.Parse(path, data, 0)
	if err != nil {
		if at := specHeader.FindIndex(data); at != nil {
			return nil, yamldoc.Faultf(yamldoc.Position{File: path, Line: 1}, "a file with spec: and inputs is not supported")
		}
		return nil, err
	}
	r := &reader{left: maxValues}
	for _, f := range n.Duplicates() {
		r.problems.add(f.Position, "", Doubtful, duplicateKey, f.Message)
	}
	v := r.read(n, 0)
	if v.kind != mapping {
		if v.kind != null {
			r.fault(v.pos, "expected a mapping of jobs, got %s", v.describe())
		}
		v = &value{kind: mapping, pos: v.pos}
	}
	f := &parsedFile{v, r.problems}
	p.parsed[path] = f
	return f, nil
}

// duplicateKey is the kind of problem that a key twice in a mapping is.
const duplicateKey = "%s"

func readFile(fsys fs.FS, path string) ([]byte, error) {
	f, err := fsys.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", yamldoc.OneLine(path), err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", yamldoc.OneLine(path), err)
	}
	if len(data) > maxFileSize {
		return nil, yamldoc.Faultf(yamldoc.Position{File: path}, "the file is larger than %d bytes", maxFileSize)
	}
	return data, nil
}
