// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// maxExtends is GitLab's limit on levels of extends.
const maxExtends = 11

type extender struct {
	c      *config
	done   map[string]*value
	levels map[string]int // of the jobs done: 0 extends nothing
	lacks  map[string][]lack
	path   []string
	left   int // keys that may still be merged
}

// Limits of the jobs that a job extends directly, and of its reported missing
// parts.
const (
	maxBases = 100
	maxLacks = 10
)

// maxExtended limits the keys that all jobs together inherit.
const maxExtended = 1_000_000

// A lack is a missing part of a job, or one that GitLab refuses.
type lack struct {
	pos     diag.Position
	kind    string // of the problem
	what    string
	refused bool
}

func (c *config) extendAll() {
	x := &extender{c: c, done: map[string]*value{}, levels: map[string]int{}, lacks: map[string][]lack{}, left: maxExtended}
	for _, name := range c.order {
		if c.top[name].kind == mapping {
			x.job(name)
		}
	}
	for _, name := range c.order {
		if v, ok := x.done[name]; ok {
			c.top[name] = v
		}
		for _, l := range x.lacks[name] {
			c.lack(name, l)
		}
	}
}

// job returns a job merged with all that it extends.
func (x *extender) job(name string) *value {
	if v, ok := x.done[name]; ok {
		return v
	}
	v := x.c.top[name]
	extends := v.get("extends")
	if extends == nil {
		x.done[name] = v
		return v
	}
	bases := []*value{extends}
	if extends.kind == list {
		bases = extends.items
	}
	if len(bases) > maxBases {
		x.refuse(name, extends, "extends names more than %d jobs", maxBases)
		bases = nil
	}
	x.path = append(x.path, name)
	defer func() { x.path = x.path[:len(x.path)-1] }()
	result := &value{kind: mapping, pos: v.pos}
	level := 0
	for _, b := range bases {
		if base := x.base(name, b); base != nil {
			if x.left -= 1 + len(base.fields) + len(result.fields); x.left < 0 {
				x.refuse(name, extends, "jobs extend each other too often")
				break
			}
			result = merged(result, base)
			level = max(level, x.levels[b.text])
			for _, l := range x.lacks[b.text] {
				if len(x.lacks[name]) < maxLacks && !slices.Contains(x.lacks[name], l) {
					x.lacks[name] = append(x.lacks[name], l)
				}
			}
		}
	}
	x.levels[name] = level + 1
	if level+1 == maxExtends {
		x.refuse(name, extends, "extends others over more than %d levels", maxExtends)
	}
	result = merged(result, v)
	x.done[name] = result
	return result
}

// refuse records that GitLab refuses an extends of a job.
func (x *extender) refuse(name string, v *value, format string, args ...any) {
	if len(x.lacks[name]) < maxLacks {
		x.lacks[name] = append(x.lacks[name], lack{v.pos, format, fmt.Sprintf(format, args...), true})
	}
}

// base returns a job that name extends, or nil if it is not available.
func (x *extender) base(name string, b *value) *value {
	switch {
	case b.kind != text:
		x.refuse(name, b, "extends takes names of jobs, got %s", b.describe())
		return nil
	case slices.Contains(x.path, b.text):
		at := slices.Index(x.path, b.text)
		x.refuse(name, b, "jobs extend each other in a circle: %s", strings.Join(append(slices.Clone(x.path[at:]), b.text), ", "))
		return nil
	case x.c.top[b.text] == nil:
		x.lacks[name] = append(x.lacks[name], lack{b.pos, "extends", fmt.Sprintf("extends %s, which is not defined", yamldoc.Quote(b.text)), false})
		return nil
	case x.c.top[b.text].kind != mapping:
		x.refuse(name, b, "extends %s, which is not a job", yamldoc.Quote(b.text))
		return nil
	case len(x.path) > 1000:
		x.refuse(name, b, "extends others over more than %d levels", maxExtends)
		return nil
	}
	return x.job(b.text)
}
