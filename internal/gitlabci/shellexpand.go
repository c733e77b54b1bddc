// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// Limits on paths and on the values of variables with a shell operator, in bytes.
const (
	maxShellPath = 4 << 10
	maxOperand   = 4 << 10
	maxParsed    = 64 << 10 // of all paths that are kept, which take a hundred times the memory of their text
)

// operators returns the shell operators that paths may contain. Others let values
// grow without limit.
func operators() []syntax.ParExpOperator {
	return []syntax.ParExpOperator{
		syntax.AlternateUnset, syntax.AlternateUnsetOrNull, syntax.DefaultUnset, syntax.DefaultUnsetOrNull,
		syntax.RemSmallSuffix, syntax.RemLargeSuffix, syntax.RemSmallPrefix, syntax.RemLargePrefix,
	}
}

// parsedPaths keep paths that were parsed. The jobs of a pipeline have many in common.
// A nil one keeps nothing.
type parsedPaths struct {
	words map[string]*syntax.Word // by text
	left  int                     // bytes of text that may still be added
}

func newParsedPaths() *parsedPaths {
	return &parsedPaths{words: map[string]*syntax.Word{}, left: maxParsed}
}

func (p *parsedPaths) parse(path string) (*syntax.Word, error) {
	if p != nil && p.words[path] != nil {
		return p.words[path], nil
	}
	word, err := syntax.NewParser().Document(strings.NewReader(path))
	if err == nil && p != nil && len(path) <= p.left {
		p.left -= len(path)
		p.words[path] = word
	}
	return word, err
}

// shell expands a path of artifacts or of a cache. GitLab Runner expands it as a
// shell does within double quotes. A path with a command or a syntax error stays
// as it is.
func (x *expander) shell(s string) string {
	if !strings.ContainsAny(s, "$`\\") {
		return s
	}
	if len(s) > maxShellPath {
		return x.text(s)
	}
	word, err := x.paths.parse(s)
	if err != nil {
		return s
	}
	command, heavy := x.inspect(word)
	switch {
	case command:
		return s
	case heavy:
		return x.text(s)
	}
	out, err := expand.Document(&expand.Config{Env: expand.FuncEnviron(func(name string) string { return x.bounded(x.inPath(name)) })}, word)
	if err != nil {
		return s
	}
	return out
}

// inPath returns the value that a variable has in a path.
func (x *expander) inPath(name string) string {
	if value, ok := x.exported[name]; ok {
		return value
	}
	return x.value(name)
}

// shells expands a list of paths. It returns the list itself if there is nothing
// to expand.
func (x *expander) shells(list []string) []string {
	if !slices.ContainsFunc(list, func(s string) bool { return strings.ContainsAny(s, "$`\\") }) {
		return list
	}
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = x.shell(s)
	}
	return out
}

// inspect reports whether a word runs commands, and whether it has operators that
// may cost much.
func (x *expander) inspect(word *syntax.Word) (command, heavy bool) {
	syntax.Walk(word, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.CmdSubst, *syntax.ProcSubst:
			command = true
		case *syntax.ArithmExp:
			heavy = true
		case *syntax.ParamExp:
			heavy = heavy || n.Param == nil || n.Excl || n.Length || n.Width || n.Index != nil || n.Slice != nil || n.Repl != nil || n.Names != 0 ||
				n.Exp != nil && (!slices.Contains(operators(), n.Exp.Op) || len(x.inPath(n.Param.Value)) > maxOperand)
		}
		return !command
	})
	return command, heavy
}
