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
	done  map[*value]resolved
	path  []string // references being followed, outermost first
	found []lack   // missing parts of the current value
	level int      // nesting of references in the current value
}

// resolved is a value without references.
type resolved struct {
	value *value
	lacks []lack
	level int // nesting of the references in it
}

func (c *config) resolveReferences() {
	r := &referrer{c: c, done: map[*value]resolved{}}
	top := make(map[string]*value, len(c.top))
	for _, name := range c.order {
		r.found = nil
		top[name] = r.resolve(c.top[name])
		for _, l := range r.found {
			c.lack(name, l)
		}
	}
	c.top = top
}

// resolve returns v with references resolved, or v itself if it has none.
func (r *referrer) resolve(v *value) *value {
	if v.kind < list {
		return v
	}
	if done, ok := r.done[v]; ok {
		r.find(done.lacks...)
		r.level = max(r.level, done.level)
		return done.value
	}
	outer, outerLevel := r.found, r.level
	r.found, r.level = nil, 0
	out := r.inside(v)
	r.done[v] = resolved{out, r.found, r.level}
	r.level = max(r.level, outerLevel)
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
		return r.inList(v)
	}
	out := v
	for i, f := range v.fields {
		got := r.resolve(f.value)
		if got == f.value {
			continue
		}
		if out == v {
			out = &value{kind: mapping, fields: slices.Clone(v.fields), pos: v.pos}
		}
		out.fields[i].value = got
	}
	return out
}

func (r *referrer) inList(v *value) *value {
	var items []*value
	same := true
	for i, item := range v.items {
		got := r.resolve(item)
		if same && got == item {
			continue
		}
		if same {
			items, same = append(items, v.items[:i]...), false
		}
		if got.kind != null || item.kind != reference { // a missing reference leaves no empty item
			items = append(items, got)
		}
	}
	if same {
		return v
	}
	return &value{kind: list, items: items, pos: v.pos}
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
