// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// Sources of a variable's value, in ascending precedence.
const (
	FromGitLab   = "predefined" // GitLab sets it
	FromPipeline = "pipeline"   // variables: at the top, or of workflow:rules
	FromJob      = "job"        // variables: of the job, its matrix or its rule
	FromDotenv   = "dotenv"     // another job's report
	FromEvent    = "event"      // given when the pipeline was started
)

// A Variable is a variable of a job.
type Variable struct {
	Name    string
	Value   string // what the job sees, other variables in it replaced
	Written string // the value before variables in it are replaced
	From    string // one of the From constants
	Raw     bool   // expand: false, so nothing in it is replaced
}

// setting is the value of a variable as written.
type setting struct {
	value string
	raw   bool
	from  string
}

type settings map[string]setting

// layers are settings in ascending precedence. The jobs of a pipeline share most
// of them.
type layers []settings

// over returns l overridden by each of more in turn.
func (l layers) over(more ...settings) layers { return slices.Concat(l, more) }

// get returns the setting of the highest layer that has one.
func (l layers) get(name string) (setting, bool) {
	for _, s := range slices.Backward(l) {
		if v, ok := s[name]; ok {
			return v, true
		}
	}
	return setting{}, false
}

// lookup returns the value as written, which is what conditions see.
func (l layers) lookup(name string) (string, bool) {
	v, ok := l.get(name)
	return v.value, ok
}

func (l layers) has(name string) bool {
	_, ok := l.get(name)
	return ok
}

func (s settings) from(origin string) settings {
	out := make(settings, len(s))
	for name, v := range s {
		v.from = origin
		out[name] = v
	}
	return out
}

// maxExpanded limits the size of all expanded values of a job, in bytes, because
// nested variables multiply.
const maxExpanded = 4 << 20

// variableName matches a reference to a variable.
var variableName = lazyregexp.New(`\$\w+|\$\{\w+\}`)

// An expander expands variables in values.
type expander struct {
	vars  layers
	under layers            // what a variable that names itself stands for
	sent  map[string]string // by variable, what fromGitLab returns if it replaced something
	done  map[string]string // by variable, what value returns if it replaced something
	path  []string          // names being expanded, outermost first
	left  int               // bytes that may still be added
	err   error             // the first cycle, or that the limit was exceeded
	paths *parsedPaths

	exported map[string]string // what paths see instead of a variable's value
}

func newExpander(vars, under layers) *expander {
	return &expander{vars: vars, under: under, sent: map[string]string{}, done: map[string]string{}, left: maxExpanded}
}

// value returns a variable with all references expanded: first by GitLab, then
// by the runner. A variable that does not exist is empty.
func (x *expander) value(name string) string {
	v, _ := x.vars.get(name)
	return x.expanded(name, v)
}

// expanded is value for a variable whose setting is known.
func (x *expander) expanded(name string, v setting) string {
	if v.raw || !strings.ContainsAny(v.value, "$%") {
		return v.value
	}
	if done, ok := x.done[name]; ok {
		return done
	}
	v.value = os.Expand(x.fromGitLab(name), func(inner string) string {
		switch inner {
		case "$":
			return "$" // "$$" stands for "$"
		case name:
			return x.bounded(x.below(name))
		}
		return x.bounded(x.fromGitLab(inner))
	})
	x.done[name] = v.value
	return v.value
}

// below returns what a variable that names itself stands for.
func (x *expander) below(name string) string {
	v, _ := x.under.get(name)
	return v.value
}

// variableReference matches what GitLab treats as a reference in a variable's
// value: in the syntax of a shell or of Windows, or an escape.
var variableReference = lazyregexp.New(`\$\$|%%|\$[A-Za-z_]\w*|\$\{[A-Za-z_]\w*\}|%[A-Za-z_]\w*%`)

// fromGitLab returns a variable as GitLab sends it to the runner. References to
// unknown variables, and values with expand: false, are left to the runner.
func (x *expander) fromGitLab(name string) string {
	if sent, ok := x.sent[name]; ok {
		return sent
	}
	v, _ := x.vars.get(name)
	if v.raw || !strings.ContainsAny(v.value, "$%") {
		return v.value
	}
	x.path = append(x.path, name)
	v.value = variableReference.ReplaceAllStringFunc(v.value, x.inner)
	x.path = x.path[:len(x.path)-1]
	x.sent[name] = v.value
	return v.value
}

// inner returns GitLab's replacement of a reference in a variable's value.
func (x *expander) inner(ref string) string {
	name := bareName(ref)
	v, ok := x.vars.get(name)
	switch {
	case !ok: // which "$$" is as well
		return ref
	case name == x.path[len(x.path)-1]:
		return x.bounded(kept(x.below(name)))
	case v.raw && (v.from == FromGitLab || ref[0] == '$'):
		return x.bounded(kept(v.value))
	case v.raw:
		return ref
	}
	if at := slices.Index(x.path, name); at >= 0 {
		if x.err == nil {
			cycle := append(slices.Clone(x.path[at:]), name)
			x.err = fmt.Errorf("variables name each other in a circle: %s", strings.Join(cycle, ", "))
		}
		return ""
	}
	return x.bounded(x.fromGitLab(name))
}

// kept escapes a value, so that the runner expands nothing in it.
func kept(value string) string { return strings.ReplaceAll(value, "$", "$$") }

func (x *expander) bounded(s string) string {
	x.left -= len(s)
	if x.left >= 0 {
		return s
	}
	if x.err == nil {
		x.err = fmt.Errorf("the variables of a job grow beyond %d bytes", maxExpanded)
	}
	return ""
}

// text expands variables in a text as the runner does, for example in an image's
// name or an artifact's path.
func (x *expander) text(s string) string {
	if !strings.Contains(s, "$") {
		return s
	}
	return os.Expand(s, func(name string) string {
		if name == "$" {
			return "$"
		}
		return x.bounded(x.value(name))
	})
}

// ofService expands a variable of a service once, as the runner does. The
// service's own variables, as written, go before those of the job, so that none
// can refer to the job's variable of the same name.
func (x *expander) ofService(s string, own map[string]string) string {
	if !strings.Contains(s, "$") {
		return s
	}
	return os.Expand(s, func(name string) string {
		if name == "$" {
			return "$"
		}
		if value, ok := own[name]; ok {
			return x.bounded(value)
		}
		return x.bounded(x.value(name))
	})
}

// texts expands a list. It returns the list itself if there is nothing to
// expand.
func (x *expander) texts(list []string) []string {
	if !slices.ContainsFunc(list, func(s string) bool { return strings.Contains(s, "$") }) {
		return list
	}
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = x.text(s)
	}
	return out
}

// withProjectDir returns the variables of a job with the CI_PROJECT_DIR that its
// GIT_CLONE_PATH and GIT_STRATEGY give, and with the paths of variables of type
// file beside it: other variables may refer to them.
func (l layers) withProjectDir(under layers) layers {
	dir, ok := l.get("CI_PROJECT_DIR")
	if !ok || dir.from != FromGitLab || !l.has("GIT_CLONE_PATH") && !l.has("GIT_STRATEGY") {
		return l
	}
	x, usual := newExpander(l, under), dir.value
	switch at := x.value("GIT_CLONE_PATH"); {
	case at != "":
		dir.value = path.Clean(at)
	case x.value("GIT_STRATEGY") == "empty":
		dir.value += "-empty"
	default:
		return l
	}
	out := settings{"CI_PROJECT_DIR": dir}
	for _, s := range l {
		for name, v := range s {
			if v.from == FromEvent && v.value == fileIn(usual, name) {
				v.value = fileIn(dir.value, name)
				out[name] = v
			}
		}
	}
	return l.over(out)
}

// existing expands known variables and keeps other references, as GitLab does in
// the paths of rules.
func (l layers) existing(path string) string {
	if !strings.ContainsAny(path, "$%") {
		return path
	}
	return variableReference.ReplaceAllStringFunc(path, func(ref string) string {
		if value, ok := l.lookup(bareName(ref)); ok {
			return value
		}
		return ref
	})
}

// orBlank expands variables, unknown ones to nothing, as GitLab does in the paths
// of includes.
func (l layers) orBlank(path string) string {
	return variableReference.ReplaceAllStringFunc(path, func(ref string) string {
		if bareName(ref) == "" {
			return ref
		}
		value, _ := l.lookup(bareName(ref))
		return value
	})
}

// bareName returns NAME for "$NAME", "${NAME}" or "%NAME%".
func bareName(ref string) string { return strings.Trim(ref, "${}%") }

// all returns all variables. shared has those of the lowest layer, see list.
func (x *expander) all(shared []Variable) VariableSet {
	return VariableSet{shared, x.list(x.vars[1:])}
}

// list returns the variables that some layers of x.vars name, sorted by name.
func (x *expander) list(named layers) []Variable {
	size := 0
	for _, s := range named {
		size += len(s)
	}
	names := make([]string, 0, size)
	for _, s := range named {
		names = slices.AppendSeq(names, maps.Keys(s))
	}
	slices.Sort(names)
	names = slices.Compact(names)
	out := make([]Variable, len(names))
	for i, name := range names {
		v, _ := x.vars.get(name)
		out[i] = Variable{Name: name, Value: x.expanded(name, v), Written: v.value, From: v.from, Raw: v.raw}
	}
	return out
}
