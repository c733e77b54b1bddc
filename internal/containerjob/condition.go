// SPDX-License-Identifier: GPL-2.0-or-later

package containerjob

import (
	"regexp"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/pattern"
	"mvdan.cc/sh/v3/syntax"
)

// test evaluates "test" and "[". words are its arguments.
func test(words []string) truth {
	for _, w := range words {
		if isUnknown(w) {
			return maybe
		}
	}
	if len(words) > 0 && words[0] == "!" {
		return test(words[1:]).not()
	}
	switch len(words) {
	case 0:
		return no
	case 1:
		return truthOf(words[0] != "")
	case 2:
		switch words[0] {
		case "-n":
			return truthOf(words[1] != "")
		case "-z":
			return truthOf(words[1] == "")
		}
	case 3:
		switch words[1] {
		case "=", "==":
			return truthOf(words[0] == words[2])
		case "!=":
			return truthOf(words[0] != words[2])
		}
	}
	return maybe
}

// testClause evaluates "[[".
func (s *shell) testClause(x syntax.TestExpr) truth {
	switch x := x.(type) {
	case *syntax.Word:
		return test([]string{s.literal(x)})
	case *syntax.ParenTest:
		return s.testClause(x.X)
	case *syntax.UnaryTest:
		if x.Op == syntax.TsNot {
			return s.testClause(x.X).not()
		}
		if w, ok := x.X.(*syntax.Word); ok {
			return test([]string{x.Op.String(), s.literal(w)})
		}
	case *syntax.BinaryTest:
		return s.binaryTest(x)
	}
	return maybe
}

func (s *shell) binaryTest(x *syntax.BinaryTest) truth {
	switch x.Op {
	case syntax.AndTest, syntax.OrTest:
		decides := no
		if x.Op == syntax.OrTest {
			decides = yes
		}
		left, right := s.testClause(x.X), s.testClause(x.Y)
		switch {
		case left == decides || right == decides:
			return decides
		case left == maybe || right == maybe:
			return maybe
		}
		return decides.not()
	case syntax.TsMatchShort, syntax.TsMatch, syntax.TsNoMatch:
		left, ok := x.X.(*syntax.Word)
		right, also := x.Y.(*syntax.Word)
		if !ok || !also {
			return maybe
		}
		met := s.like(s.literal(left), right)
		if x.Op == syntax.TsNoMatch {
			return met.not()
		}
		return met
	}
	return maybe
}

// like reports whether a text matches a shell pattern.
func (s *shell) like(text string, p *syntax.Word) truth {
	pat, err := expand.Pattern(s.config(), p)
	if err != nil || isUnknown(text) || isUnknown(pat) {
		return maybe
	}
	source, err := pattern.Regexp(pat, pattern.EntireString)
	if err != nil {
		return maybe
	}
	re, err := regexp.Compile(source)
	if err != nil {
		return maybe
	}
	return truthOf(re.MatchString(text))
}
