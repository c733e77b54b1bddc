// SPDX-License-Identifier: GPL-2.0-or-later

package yamldoc

import (
	"slices"

	"gopkg.in/yaml.v3"

	"gitlab.com/lcitool/lcitool/internal/diag"
)

// What "<<" may bring in: mappings inside mappings, and keys looked at in all.
// Without the second a few lines of aliases stand for billions of keys.
const (
	mergeDepth = 16
	mergeKeys  = 10_000
)

// Mapping returns the fields of a mapping in the order of the file, with what
// "<<" brings in behind them: the mapping's own keys win, then those of the
// last "<<". The last of several equal keys counts, in the place of the first;
// Duplicates reports them. A key that is not a scalar is an error; the other
// fields are given all the same.
func (n Node) Mapping() ([]Field, error) {
	fields, _, err := n.fields(false)
	return fields, err
}

// MappingInOrder returns the fields of a mapping as Ruby's reader does, which is
// GitLab's: what "<<" brings in replaces the keys that stand before it. merged
// is the number of keys that were looked at for it.
func (n Node) MappingInOrder() (fields []Field, merged int, err error) { return n.fields(true) }

func (n Node) fields(inOrder bool) (fields []Field, merged int, err error) {
	if !n.IsMapping() {
		return nil, 0, diag.Errorf(n.Pos(), "expected a mapping, got %s", n.Describe())
	}
	m := merger{list: make([]Field, 0, len(n.node.Content)/2), inOrder: inOrder, budget: mergeKeys}
	m.add(n, 0)
	return m.list, mergeKeys - m.budget, diag.Join(m.errs...)
}

type merger struct {
	list    []Field
	at      map[string]int // in list, by key; nil for a list of at most searchable fields
	inOrder bool
	budget  int // keys that merging may still look at
	spent   bool
	errs    []error
}

// searchable is the number of fields up to which a map takes longer than a search.
const searchable = 16

// index returns the index of a key in list, or -1.
func (m *merger) index(key string) int {
	if m.at == nil {
		return slices.IndexFunc(m.list, func(f Field) bool { return f.Key == key })
	}
	if i, ok := m.at[key]; ok {
		return i
	}
	return -1
}

// set takes over a field. A key that is there already keeps its place.
func (m *merger) set(f Field, replace bool) {
	switch i := m.index(f.Key); {
	case i < 0:
		m.list = append(m.list, f)
		m.note(len(m.list) - 1)
	case replace:
		m.list[i] = f
	}
}

// note adds the field at an index, which is the last one, to at.
func (m *merger) note(last int) {
	if m.at == nil && last >= searchable {
		m.at = make(map[string]int, cap(m.list))
		for i, f := range m.list {
			m.at[f.Key] = i
		}
	} else if m.at != nil {
		m.at[m.list[last].Key] = last
	}
}

// add takes over the fields of n, without those that win over them.
func (m *merger) add(n Node, depth int) {
	own := map[string]bool{} // what n has set, if n is not the outermost mapping
	var merges []Node
	for i := 0; i+1 < len(n.node.Content); i += 2 {
		key, value := n.pair(i)
		name, ok := key.Scalar()
		switch {
		case !ok:
			m.errs = append(m.errs, diag.Errorf(key.Pos(), "expected a key, got %s", key.Describe()))
		case isMerge(key) && m.inOrder:
			m.merge(value, depth+1)
		case isMerge(key):
			merges = append(merges, value)
		default:
			m.set(Field{Key: name, Pos: key.Pos(), Value: value, Plain: !key.IsQuoted()}, m.inOrder || depth == 0 || own[name])
			if depth > 0 {
				own[name] = own[name] || m.list[m.index(name)].Pos == key.Pos()
			}
		}
	}
	for _, v := range slices.Backward(merges) {
		m.merge(v, depth+1)
	}
}

// pair returns the key at an index of a mapping's content with its value.
func (n Node) pair(i int) (key, value Node) {
	return Node{n.node.Content[i], n.file, n.skip}.resolved(), Node{n.node.Content[i+1], n.file, n.skip}.resolved()
}

func isMerge(key Node) bool { return key.node.Tag == "!!merge" }

func (m *merger) merge(v Node, depth int) {
	sources := []Node{v}
	if v.IsSequence() {
		sources, _ = v.Sequence()
	}
	if m.inOrder {
		slices.Reverse(sources) // the first of a list wins
	}
	for _, s := range sources {
		if !s.IsMapping() {
			m.errs = append(m.errs, diag.Errorf(s.Pos(), "expected a mapping to merge, got %s", s.Describe()))
			continue
		}
		m.budget -= 1 + len(s.node.Content)/2
		if m.spent {
			return
		}
		if depth > mergeDepth || m.budget < 0 {
			m.spent = true
			m.errs = append(m.errs, diag.Errorf(v.Pos(), "merges too many mappings"))
			return
		}
		m.add(s, depth)
	}
}

// Duplicates returns an error for each key of the value, and of all below it,
// that repeats an earlier one of its mapping, in the order of the file.
func (n Node) Duplicates() []*diag.Error {
	var errs []*diag.Error
	n.eachMapping(func(m Node) {
		first := make(map[string]diag.Position, len(m.node.Content)/2)
		for i := 0; i+1 < len(m.node.Content); i += 2 {
			key, _ := m.pair(i)
			name, ok := key.Scalar()
			if !ok || isMerge(key) {
				continue
			}
			if pos, twice := first[name]; twice {
				errs = append(errs, diag.Errorf(key.Pos(), "key %s appears twice, first in line %d: the last one counts", Quote(name), pos.Line))
				continue
			}
			first[name] = key.Pos()
		}
	})
	slices.SortStableFunc(errs, func(a, b *diag.Error) int { return a.Compare(b.Position) })
	return errs
}

// eachMapping calls do for the value and all below it that are mappings. What
// an alias names is seen where it is written.
func (n Node) eachMapping(do func(Node)) {
	if n.node == nil || n.node.Kind == yaml.AliasNode {
		return
	}
	if n.IsMapping() {
		do(n)
	}
	for _, child := range n.node.Content {
		Node{child, n.file, n.skip}.eachMapping(do)
	}
}
