// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"bytes"
	"fmt"
	"io"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
	"gitlab.com/lcitool/lcitool/internal/safefs"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// A source is a file of the project. A header that declares inputs is a YAML
// document before the body.
type source struct {
	p      *Pipeline
	path   string
	header *value // nil for none
	body   []byte
	skip   int // number of lines before the body
	found  problems
}

// divider matches a document separator anywhere, as in GitLab.
var divider = lazyregexp.New(`(?m)^---(?:[ \t\r]*\n|[ \t]|\z)`)

// A document is the part of a file between separators.
type document struct {
	text []byte
	skip int // lines before it
}

// source reads a file of the project and caches it.
func (p *Pipeline) source(path string) (*source, error) {
	if s, ok := p.sources[path]; ok {
		return s, nil
	}
	data, err := p.readFile(path)
	if err != nil {
		return nil, err
	}
	s := &source{p: p, path: path}
	docs := documents(data)
	if len(docs) > 1 {
		if header := s.readHeader(docs[0]); header != nil {
			s.header, docs = header, docs[1:]
		}
	} else if header := s.readHeader(docs[0]); header != nil && len(header.fields) == 1 {
		s.header, docs = header, []document{{skip: docs[0].skip}}
	}
	if len(docs) > 1 {
		at := diag.Position{File: path, Line: docs[1].skip + 1}
		s.found.add(at, "", Refused, "GitLab reads one document behind a header, this is one more")
	}
	s.body, s.skip = docs[0].text, docs[0].skip
	p.sources[path] = s
	return s, nil
}

// headerKey finds the key of a header, or the end of a longer word. It begins with
// a literal text, which the search for it makes several times as fast.
var headerKey = lazyregexp.New(`spec\b`)

// readHeader returns a document if it is a header, and nil otherwise.
func (s *source) readHeader(d document) *value {
	if !headerKey.Match(d.text) {
		return nil // parsing takes longer
	}
	n, err := yamldoc.Parse(s.path, d.text, d.skip)
	if err != nil {
		return nil // the error is reported when it is read as a body
	}
	r := &reader{left: maxValues}
	v := r.read(n, 0)
	if v.kind != mapping || v.get("spec") == nil && !hasField(v, "spec") {
		return nil
	}
	s.found = append(s.found, r.problems...)
	return v
}

func hasField(v *value, key string) bool {
	for _, f := range v.fields {
		if f.key == key {
			return true
		}
	}
	return false
}

// documents splits a file into documents without empty ones. It returns at least
// one.
func documents(data []byte) []document {
	var out []document
	start := 0
	add := func(end int) {
		if text := data[start:end]; !isBlank(text) {
			out = append(out, document{text, bytes.Count(data[:start], []byte("\n"))})
		}
	}
	if bytes.Contains(data, []byte("---")) { // the expression takes longer
		for _, at := range divider.FindAllIndex(data, -1) {
			add(at[0])
			start = at[1]
		}
	}
	add(len(data))
	if out == nil {
		return []document{{text: nil}}
	}
	return out
}

// isBlank reports whether a document has only blank lines, comments, a directive
// and its end.
func isBlank(text []byte) bool {
	for line := range bytes.Lines(text) {
		start := bytes.TrimLeft(line, " \t\r\f")
		ignored := bytes.HasPrefix(start, []byte("#")) || bytes.HasPrefix(start, []byte("%YAML")) || bytes.HasPrefix(start, []byte("..."))
		if !ignored && len(bytes.TrimSpace(line)) > 0 {
			return false
		}
	}
	return true
}

func (p *Pipeline) readFile(path string) ([]byte, error) {
	if f, ok := p.elsewhere[path]; ok {
		return f.data, f.err
	}
	f, err := p.fsys.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", yamldoc.OneLine(path), err)
	}
	defer f.Close()
	var text bytes.Buffer
	if info, err := f.Stat(); err == nil {
		if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("cannot read %s: %w", yamldoc.OneLine(path), safefs.ErrNotRegular)
		}
		text.Grow(int(min(info.Size(), maxFileSize)) + bytes.MinRead)
	}
	if _, err := text.ReadFrom(io.LimitReader(f, maxFileSize+1)); err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", yamldoc.OneLine(path), err)
	}
	data := text.Bytes()
	if len(data) > maxFileSize {
		return nil, diag.Errorf(diag.Position{File: path}, "the file is larger than %d bytes", maxFileSize)
	}
	return data, yamldoc.CheckText(path, data, 0)
}
