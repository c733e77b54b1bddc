// SPDX-License-Identifier: GPL-2.0-or-later

package yamldoc

// What "<<" may bring in: mappings inside mappings, and keys looked at in all.
// Without the second a few lines of aliases stand for billions of keys.
const (
	mergeDepth = 16
	mergeKeys  = 10_000
)

// Mapping gives the fields of a mapping in the order of the file, with what
// "<<" brings in behind them. A key that appears twice is a fault, as is a
// key that is not a scalar; the other fields are given all the same.
func (n Node) Mapping() ([]Field, error) {
	if !n.IsMapping() {
		return nil, Faultf(n.Pos(), "expected a mapping, got %s", n.Describe())
	}
	m := merger{seen: make(map[string]bool, len(n.node.Content)/2), budget: mergeKeys}
	m.add(n, 0)
	return m.fields, Join(m.errs...)
}

type merger struct {
	fields []Field
	seen   map[string]bool
	budget int // keys that merging may still look at
	spent  bool
	errs   []error
}

// add takes over the fields that no mapping before n had.
func (m *merger) add(n Node, depth int) {
	own := make(map[string]Position, len(n.node.Content)/2)
	var merges []Node
	for i := 0; i+1 < len(n.node.Content); i += 2 {
		key := Node{n.node.Content[i], n.file, n.skip}.resolved()
		value := Node{n.node.Content[i+1], n.file, n.skip}.resolved()
		name, ok := key.Scalar()
		first, twice := own[name]
		switch {
		case !ok:
			m.errs = append(m.errs, Faultf(key.Pos(), "expected a key, got %s", key.Describe()))
		case key.node.Tag == "!!merge":
			merges = append(merges, value)
		case twice:
			m.errs = append(m.errs, Faultf(key.Pos(), "key %s appears twice, first in line %d", Quote(name), first.Line))
		default:
			own[name] = key.Pos()
			if !m.seen[name] {
				m.seen[name] = true
				m.fields = append(m.fields, Field{Key: name, Pos: key.Pos(), Value: value})
			}
		}
	}
	for _, v := range merges {
		m.merge(v, depth+1)
	}
}

func (m *merger) merge(v Node, depth int) {
	sources := []Node{v}
	if v.IsSequence() {
		sources, _ = v.Sequence()
	}
	for _, s := range sources {
		if !s.IsMapping() {
			m.errs = append(m.errs, Faultf(s.Pos(), "expected a mapping to merge, got %s", s.Describe()))
			continue
		}
		m.budget -= 1 + len(s.node.Content)/2
		if m.spent {
			return
		}
		if depth > mergeDepth || m.budget < 0 {
			m.spent = true
			m.errs = append(m.errs, Faultf(v.Pos(), "merges too many mappings"))
			return
		}
		m.add(s, depth)
	}
}
