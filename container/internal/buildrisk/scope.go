// SPDX-License-Identifier: GPL-2.0-or-later

package buildrisk

import (
	"maps"
	"runtime"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// A scope contains the variables that the instructions of a stage see.
type scope struct {
	given  map[string]string            // build arguments
	global map[string]string            // ARG before the first FROM
	vars   map[string]string            // of the stage; nil before the first one
	env    map[string]string            // those of vars that an ENV set
	stages map[string]map[string]string // env of earlier stages, by name in lower case
	name   string                       // of the current stage
}

func newScope(given map[string]string) *scope {
	global := map[string]string{}
	for _, side := range []string{"TARGET", "BUILD"} {
		global[side+"OS"], global[side+"ARCH"], global[side+"VARIANT"] = "linux", runtime.GOARCH, ""
		global[side+"PLATFORM"] = "linux/" + runtime.GOARCH
	}
	return &scope{given: given, global: global, stages: map[string]map[string]string{}}
}

// expand expands variables and removes quotes as the builder does. known is
// false if the word uses a variable whose value is not known, for example one of
// the base image.
func (s *scope) expand(word string) (text string, known bool) {
	if s.vars == nil {
		return s.expandGlobal(word)
	}
	if len(word) > maxWord {
		return word, false
	}
	lex := shell.NewLex('\\')
	lex.SkipUnsetEnv = true
	text, err := lex.ProcessWordWithMap(word, s.vars)
	if err != nil {
		return word, false
	}
	return text, !strings.Contains(text, "$")
}

// expandGlobal expands a word of FROM, which can use only ARG variables before
// the first FROM. Unset variables are empty.
func (s *scope) expandGlobal(word string) (text string, known bool) {
	if len(word) > maxWord {
		return word, false
	}
	text, err := shell.NewLex('\\').ProcessWordWithMap(word, s.global)
	if err != nil {
		return word, false
	}
	return text, true
}

func (s *scope) from(args []string) {
	base := ""
	if len(args) > 0 {
		base, _ = s.expandGlobal(args[0])
	}
	s.vars, s.env, s.name = map[string]string{}, map[string]string{}, ""
	maps.Copy(s.env, s.stages[strings.ToLower(base)])
	maps.Copy(s.vars, s.env)
	if len(args) == 3 && strings.EqualFold(args[1], "as") {
		s.name = strings.ToLower(args[2])
		s.stages[s.name] = s.env
	}
}

func (s *scope) arg(word string) {
	name, value, has := strings.Cut(word, "=")
	vars := s.vars
	if vars == nil {
		vars = s.global
	}
	if _, set := s.env[name]; set && s.vars != nil {
		return // ENV takes precedence
	}
	switch given, ok := s.given[name]; {
	case ok:
		vars[name] = given
	case has:
		s.set(vars, name, value)
	case s.vars != nil:
		if inherited, ok := s.global[name]; ok {
			vars[name] = inherited
		} else {
			delete(vars, name)
		}
	}
}

func (s *scope) setEnv(name, value string) {
	if s.vars == nil {
		return
	}
	if text, known := s.expand(name); known {
		s.set(s.vars, text, value)
		if set, ok := s.vars[text]; ok {
			s.env[text] = set
		}
	}
}

func (s *scope) set(vars map[string]string, name, value string) {
	text, known := s.expand(value)
	if !known || len(text) > maxWord { // values made of others could grow without end
		delete(vars, name) // its value is unknown from here on
		return
	}
	vars[name] = text
}
