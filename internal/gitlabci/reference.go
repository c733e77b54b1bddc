// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// maxReferences is GitLab's limit on nested references.
const maxReferences = 10

// A referrer resolves !reference tags. It caches the results by value, because
// jobs share values.
type referrer struct {
	c     *config
	done  map[*value]*value
	path  []string // references being followed, outermost first
	lacks map[*value][]lack
	deep  map[*value]int // nesting of references in a value
	found []lack         // missing parts of the current value
	level int            // nesting of references in the current value
}

func (c *config) resolveReferences() {
	r := &referrer{c: c, done: map[*value]*value{}, lacks: map[*value][]lack{}, deep: map[*value]int{}}
	resolved := make(map[string]*value, len(c.top))
	for _, name := range c.order {
		r.found = nil
		resolved[name] = r.resolve(c.top[name])
		for _, l := range r.found {
			c.lack(name, l)
		}
	}
	c.top = resolved
}

// resolve returns v with references resolved, or v itself if it has none.
func (r *referrer) resolve(v *value) *value {
	if v.kind < list {
		return v
	}
	if done, ok := r.done[v]; ok {
		r.find(r.lacks[v]...)
		r.level = max(r.level, r.deep[v])
		return done
	}
	outer, outerLevel := r.found, r.level
	r.found, r.level = nil, 0
	out := r.inside(v)
	r.done[v], r.deep[v] = out, r.level
	r.level = max(r.level, outerLevel)
	if len(r.found) > 0 {
		r.lacks[v] = r.found
	}
	inner := r.found
	r.found = outer
	r.find(inner...)
	return out
}

// find records missing parts without duplicates.
func (r *referrer) find(lacks ...lack) {
	for _, l := range lacks {
		if len(r.found) < maxLacks && !slices.Contains(r.found, l) {
			r.found = append(r.found, l)
		}
	}
}

func (r *referrer) inside(v *value) *value {
	switch v.kind {
	case reference:
		return r.follow(v)
	case list:
		items := make([]*value, 0, len(v.items))
		for _, item := range v.items {
			got := r.resolve(item)
			if got.kind != null || item.kind != reference { // a missing reference leaves no empty item
				items = append(items, got)
			}
		}
		if slices.Equal(items, v.items) {
			return v
		}
		return &value{kind: list, items: items, pos: v.pos}
	}
	fields := make([]field, len(v.fields))
	for i, f := range v.fields {
		fields[i] = field{f.key, f.pos, r.resolve(f.value), f.odd}
	}
	if slices.Equal(fields, v.fields) {
		return v
	}
	return &value{kind: mapping, fields: fields, pos: v.pos}
}

func (r *referrer) follow(v *value) *value {
	nothing := &value{pos: v.pos}
	target := r.c.top[v.items[0].text]
	for _, item := range v.items[1:] {
		target = target.get(item.text)
	}
	name := "[" + strings.Join(looseTexts(&value{kind: list, items: v.items}), ", ") + "]"
	switch {
	case target == nil:
		r.find(lack{v.pos, "!reference", "!reference " + yamldoc.OneLine(name) + ": there is no such key", false})
		return nothing
	case slices.Contains(r.path, name):
		r.find(lack{v.pos, "!reference circle", "!reference " + yamldoc.OneLine(name) + ": references name each other in a circle", true})
		return nothing
	case len(r.path) == maxReferences:
		r.find(tooDeep(v.pos, name))
		return nothing
	}
	r.path = append(r.path, name)
	out := r.resolve(target)
	r.path = r.path[:len(r.path)-1]
	if r.level++; r.level == maxReferences+1 {
		r.find(tooDeep(v.pos, name))
	}
	return out
}

func tooDeep(pos diag.Position, name string) lack {
	return lack{pos, "!reference depth", fmt.Sprintf("!reference %s: references go deeper than %d levels", yamldoc.OneLine(name), maxReferences), true}
}
