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

// patternToken matches a pattern between slashes with its flags.
var patternToken = lazyregexp.New(`^/(?:[^/\n\\]|\\.)+/[ismU]*`)

// blanks are the characters between tokens.
const blanks = "\t\n\f\r "

// leadingWord returns the ASCII letters, digits and underscores at the start of s.
func leadingWord(s string) string {
	for i := range len(s) {
		if c := s[i]; c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return s[:i]
		}
	}
	return s
}

// leadingString returns the text between the quotes at the start of s. The text is
// on one line.
func leadingString(s string) (content string, ok bool) {
	if s[0] != '"' && s[0] != '\'' {
		return "", false
	}
	content, _, ok = strings.Cut(s[1:], s[:1])
	return content, ok && !strings.Contains(content, "\n")
}

func leadingPattern(s string) string {
	if s[0] != '/' {
		return ""
	}
	return patternToken.FindString(s)
}

func leadingOperator(s string) string {
	for _, op := range []string{"==", "!=", "=~", "!~", "&&", "||", "(", ")"} {
		if strings.HasPrefix(s, op) {
			return op
		}
	}
	return ""
}

func scanExpression(source string) ([]token, error) {
	var tokens []token
	for rest := source; ; {
		rest = strings.TrimLeft(rest, blanks)
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

// scanToken returns the token at the start of rest, which is not empty.
func scanToken(rest string) (token, error) {
	if name := leadingWord(rest[1:]); rest[0] == '$' && name != "" {
		return token{rest[:1+len(name)], &operand{variable: name}}, nil
	}
	if content, ok := leadingString(rest); ok {
		return token{rest[:len(content)+2], &operand{text: &content}}, nil
	}
	if m := leadingPattern(rest); m != "" {
		pattern, err := compilePattern(m)
		if err != nil {
			return token{}, fmt.Errorf("pattern %s: %w", yamldoc.OneLine(m), err)
		}
		return token{m, &operand{pattern: pattern}}, nil
	}
	if op := leadingOperator(rest); op != "" {
		return token{text: op}, nil
	}
	switch m := leadingWord(rest); {
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
