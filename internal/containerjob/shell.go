// SPDX-License-Identifier: GPL-2.0-or-later

package containerjob

import (
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
)

// Limits for a job's commands, which are untrusted.
const (
	maxScript = 64 << 10 // bytes
	maxValue  = 4 << 10  // bytes of a variable
	maxSteps  = 20_000   // commands, those of loops once for each round
	maxRounds = 100      // of a loop
	maxDepth  = 20       // of functions and scripts in scripts
)

// unknownText represents values that are known only at run time.
const unknownText = "\uFFFF"

var errTooLong = errors.New("the commands of the job are too long to be read")

func isUnknown(text string) bool { return strings.Contains(text, unknownText) }

// A shell evaluates the commands of a job in order without running them.
type shell struct {
	parser    *syntax.Parser
	vars      variables
	functions map[string]*syntax.Stmt
	project   string // directory of the tree while the job runs
	dir       string // current one, below the project; unknownText if it is not known

	builds  []*madeImage
	unknown []string // why builds are left out
	steps   int
	depth   int
}

// A madeImage is a build with the IDs and names that later commands use for it.
type madeImage struct {
	Build
	local []string // references, as Reference gives them
}

func newShell(job *gitlabci.Job) *shell {
	s := &shell{
		parser: syntax.NewParser(syntax.Variant(syntax.LangBash)),
		vars:   variables{job: job.Variables}, functions: map[string]*syntax.Stmt{}, dir: ".",
	}
	s.project = s.vars.value("CI_PROJECT_DIR")
	s.vars.set("PWD", s.project)
	return s
}

// scripts evaluates the items of a job's script as one text. If that cannot be
// parsed, it evaluates them one by one.
func (s *shell) scripts(items []string) {
	if err := s.script(strings.Join(items, "\n")); err == nil {
		return
	}
	for _, item := range items {
		_ = s.script(item) // a text that is not a script builds no image
	}
}

func (s *shell) script(text string) error {
	if len(text) > maxScript {
		return errTooLong
	}
	file, err := s.parser.Parse(strings.NewReader(text), "")
	if err != nil {
		return err
	}
	s.statements(file.Stmts)
	return nil
}

// A truth is the result of a command, as far as known.
type truth int

const (
	maybe truth = iota
	yes
	no
)

func (t truth) not() truth {
	switch t {
	case yes:
		return no
	case no:
		return yes
	}
	return maybe
}

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

func (s *shell) statements(list []*syntax.Stmt) truth {
	last := yes
	for _, stmt := range list {
		last = s.statement(stmt)
	}
	return last
}

func (s *shell) statement(stmt *syntax.Stmt) truth {
	if s.steps++; s.steps > maxSteps || stmt.Cmd == nil {
		return maybe
	}
	ended := s.command(stmt.Cmd)
	if stmt.Negated {
		return ended.not()
	}
	return ended
}

func (s *shell) command(cmd syntax.Command) truth {
	switch c := cmd.(type) {
	case *syntax.CallExpr:
		return s.call(c)
	case *syntax.BinaryCmd:
		return s.binary(c)
	case *syntax.DeclClause:
		s.declare(c)
		return yes
	case *syntax.Block:
		return s.statements(c.Stmts)
	case *syntax.Subshell:
		return s.aside(func() truth { return s.statements(c.Stmts) })
	case *syntax.IfClause:
		s.choose(c)
	case *syntax.WhileClause:
		s.branches(func() { s.statements(c.Cond); s.statements(c.Do) }, func() {})
	case *syntax.ForClause:
		s.loop(c)
	case *syntax.CaseClause:
		s.cases(c)
	case *syntax.FuncDecl:
		if c.Name != nil && c.Body != nil {
			s.functions[c.Name.Value] = c.Body
		}
	case *syntax.TestClause:
		return s.testClause(c.X)
	case *syntax.TimeClause:
		if c.Stmt != nil {
			return s.statement(c.Stmt)
		}
	}
	return maybe
}

func (s *shell) binary(c *syntax.BinaryCmd) truth {
	switch c.Op {
	case syntax.AndStmt, syntax.OrStmt:
		left, goesOn := s.statement(c.X), yes
		if c.Op == syntax.OrStmt {
			goesOn = no
		}
		switch left {
		case goesOn:
			return s.statement(c.Y)
		case maybe:
			s.branches(func() { s.statement(c.Y) }, func() {})
			return maybe
		}
		return left
	}
	s.aside(func() truth { return s.statement(c.X) })
	return s.aside(func() truth { return s.statement(c.Y) })
}

// aside calls f for a subshell, which does not change the shell itself.
func (s *shell) aside(f func() truth) truth {
	vars, dir := s.vars.clone(), s.dir
	defer func() { s.vars, s.dir = vars, dir }()
	return f()
}

// branches evaluates alternatives that depend on the run time. Variables with
// different values afterwards become unknown.
func (s *shell) branches(ways ...func()) {
	before, dir := s.vars, s.dir
	var ends []variables
	var dirs []string
	for _, way := range ways {
		s.vars, s.dir = before.clone(), dir
		way()
		ends, dirs = append(ends, s.vars), append(dirs, s.dir)
	}
	s.vars, s.dir = ends[0], dirs[0]
	for i := range ends[1:] {
		s.vars.join(&ends[i+1])
		if dirs[i+1] != s.dir {
			s.dir = unknownText
		}
	}
}

func (s *shell) choose(c *syntax.IfClause) {
	if len(c.Cond) == 0 { // else
		s.statements(c.Then)
		return
	}
	otherwise := func() {
		if c.Else != nil {
			s.choose(c.Else)
		}
	}
	switch s.statements(c.Cond) {
	case yes:
		s.statements(c.Then)
	case no:
		otherwise()
	case maybe:
		s.branches(func() { s.statements(c.Then) }, otherwise)
	}
}

func (s *shell) loop(c *syntax.ForClause) {
	words, ok := c.Loop.(*syntax.WordIter)
	if !ok {
		s.branches(func() { s.statements(c.Do) }, func() {})
		return
	}
	for i, item := range s.fields(words.Items) {
		if i == maxRounds {
			return
		}
		s.vars.set(words.Name.Value, item)
		s.statements(c.Do)
	}
}

func (s *shell) cases(c *syntax.CaseClause) {
	word := s.literal(c.Word)
	var ways []func()
	for _, item := range c.Items {
		met := no
		for _, p := range item.Patterns {
			if m := s.like(word, p); m != no {
				met = m
				break
			}
		}
		way := func() { s.statements(item.Stmts) }
		switch met {
		case yes:
			if len(ways) == 0 {
				way()
				return
			}
			s.branches(append(ways, way)...)
			return
		case maybe:
			ways = append(ways, way)
		}
	}
	s.branches(append(ways, func() {})...)
}

func (s *shell) declare(c *syntax.DeclClause) {
	for _, a := range c.Args {
		if a.Naked || a.Name == nil {
			for _, text := range s.fields([]*syntax.Word{a.Value}) {
				if name, value, ok := strings.Cut(text, "="); ok {
					s.vars.set(name, value)
				}
			}
			continue
		}
		s.assign(a)
	}
}

func (s *shell) assign(a *syntax.Assign) {
	name := a.Name.Value
	switch {
	case a.Array != nil || a.Index != nil:
		s.vars.set(name, unknownText)
	case a.Append:
		s.vars.set(name, s.vars.value(name)+s.literal(a.Value))
	default:
		s.vars.set(name, s.literal(a.Value))
	}
}

func (s *shell) config() *expand.Config {
	return &expand.Config{
		Env: environ{s},
		CmdSubst: func(w io.Writer, c *syntax.CmdSubst) error {
			_, err := io.WriteString(w, s.output(c.Stmts))
			return err
		},
		ProcSubst: func(*syntax.ProcSubst) (string, error) { return unknownText, nil },
	}
}

// output returns the output of commands, as far as known.
func (s *shell) output(stmts []*syntax.Stmt) string {
	if s.depth++; s.depth > maxDepth {
		s.depth--
		return unknownText
	}
	defer func() { s.depth-- }()
	if len(stmts) != 1 {
		return unknownText
	}
	call, ok := stmts[0].Cmd.(*syntax.CallExpr)
	if !ok || len(stmts[0].Redirs) > 0 || len(call.Args) == 0 {
		return unknownText
	}
	switch words := s.fields(call.Args); {
	case len(words) == 0:
		return ""
	case words[0] == "pwd" && s.dir != unknownText:
		return path.Join(s.project, s.dir)
	case words[0] == "echo" && len(words) > 1 && !strings.HasPrefix(words[1], "-"):
		return strings.Join(words[1:], " ")
	case words[0] == "basename" && len(words) == 2:
		return path.Base(words[1])
	case words[0] == "dirname" && len(words) == 2:
		return path.Dir(words[1])
	}
	return unknownText
}

// literal expands a word to one text.
func (s *shell) literal(w *syntax.Word) string {
	if w == nil {
		return ""
	}
	if text, ok := plainText(w); ok {
		return text
	}
	text, err := expand.Literal(s.config(), w)
	if err != nil {
		return unknownText
	}
	return text
}

// fields expands words as the words of a command.
func (s *shell) fields(words []*syntax.Word) []string {
	var out []string
	for _, w := range words {
		if w == nil {
			continue
		}
		if text, ok := plainText(w); ok {
			out = append(out, text)
			continue
		}
		if hasRange(w) {
			out = append(out, unknownText)
			continue
		}
		all, err := expand.Fields(s.config(), w)
		if err != nil {
			all = []string{unknownText}
		}
		out = append(out, all...)
	}
	return out
}

// plainText returns the text of a word that expands to itself.
func plainText(w *syntax.Word) (text string, ok bool) {
	text = w.Lit()
	return text, text != "" && !strings.ContainsAny(text, `\{~*?[`)
}

// hasRange reports whether a word may contain a brace range, which may expand to
// any number of words.
func hasRange(w *syntax.Word) bool {
	return slices.ContainsFunc(w.Parts, func(p syntax.WordPart) bool {
		lit, ok := p.(*syntax.Lit)
		return ok && strings.Contains(lit.Value, "{") && strings.Count(lit.Value, "{")+strings.Count(lit.Value, "..") > 1
	})
}

type environ struct{ s *shell }

func (e environ) Get(name string) expand.Variable {
	value, ok := e.s.vars.get(name)
	switch {
	case ok:
		return expand.Variable{Set: true, Exported: true, Kind: expand.String, Str: value}
	case name == "HOME" || name == "RANDOM" || strings.HasPrefix(name, "HOME "):
		return expand.Variable{Set: true, Kind: expand.String, Str: unknownText}
	}
	return expand.Variable{}
}

func (e environ) Set(name string, v expand.Variable) error {
	switch {
	case !v.IsSet():
		e.s.vars.unset(name)
	case v.Kind == expand.String:
		e.s.vars.set(name, v.Str)
	default:
		e.s.vars.set(name, unknownText)
	}
	return nil
}

func (e environ) Each(f func(string, expand.Variable) bool) {
	for _, name := range e.s.vars.names() {
		if !f(name, e.Get(name)) {
			return
		}
	}
}
