// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"fmt"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// A token is an operator, or an operand if leaf is set.
type token struct {
	text string
	leaf *operand
}

var (
	spaceToken    = lazyregexp.New(`^\s+`)
	variableToken = lazyregexp.New(`^\$(\w+)`)
	stringToken   = lazyregexp.New(`^(?:"([^"\n]*)"|'([^'\n]*)')`)
	patternToken  = lazyregexp.New(`^/(?:[^/\n\\]|\\.)+/[ismU]*`)
	wordToken     = lazyregexp.New(`^\w+`)
	operatorToken = lazyregexp.New(`^(?:==|!=|=~|!~|&&|\|\||\(|\))`)
)

func scanExpression(source string) ([]token, error) {
	var tokens []token
	for rest := source; ; {
		rest = rest[len(spaceToken.FindString(rest)):]
		if rest == "" {
			return tokens, nil
		}
		if len(tokens) == maxTokens {
			return nil, fmt.Errorf("the expression is too long: more than %d words", maxTokens)
		}
		t, err := scanToken(rest)
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, t)
		rest = rest[len(t.text):]
	}
}

func scanToken(rest string) (token, error) {
	if m := variableToken.FindStringSubmatch(rest); m != nil {
		return token{m[0], &operand{variable: m[1]}}, nil
	}
	if m := stringToken.FindStringSubmatch(rest); m != nil {
		content := m[1] + m[2]
		return token{m[0], &operand{text: &content}}, nil
	}
	if m := patternToken.FindString(rest); m != "" {
		pattern, err := compilePattern(m)
		if err != nil {
			return token{}, fmt.Errorf("pattern %s: %w", yamldoc.OneLine(m), err)
		}
		return token{m, &operand{pattern: pattern}}, nil
	}
	if m := operatorToken.FindString(rest); m != "" {
		return token{text: m}, nil
	}
	switch m := wordToken.FindString(rest); {
	case m == "null":
		return token{m, &operand{}}, nil
	case m == "true", m == "false":
		value := truth(m == "true")
		return token{m, &value}, nil
	case m != "":
		return token{}, fmt.Errorf("unexpected word %s: a text stands between quotes, a variable's name behind $", yamldoc.Quote(m))
	case strings.HasPrefix(rest, "$[["):
		return token{}, fmt.Errorf("inputs ($[[ … ]]) are not supported")
	}
	return token{}, fmt.Errorf("unexpected %s", yamldoc.Quote(rest))
}
