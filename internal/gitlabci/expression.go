// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"fmt"
	"strconv"
	"strings"
)

// maxTokens is GitLab's limit on the size of an expression.
const maxTokens = 100

// An expression is the condition of a rule's "if".
//
//	or      = and { "||" and }
//	and     = compare { "&&" compare }
//	compare = operand { ("==" | "!=" | "=~" | "!~") operand }
//	operand = $NAME | "text" | 'text' | /pattern/flags | null | true | false | "(" or ")"
type expression struct {
	op          string // "", a literal, for a leaf
	left, right *expression
	leaf        operand
	text        string // as it is written, with single blanks
	enclosed    bool   // in parentheses
}

// An operand is a value in an expression. A comparison gives a boolean, an unset
// variable null. For && and ||, only null and false are false, so an empty
// string is true. The whole expression is true only if its result is neither
// null, false nor empty.
type operand struct {
	variable string   // name, without "$"
	pattern  *pattern // between slashes
	text     *string  // nil for null, and for a boolean
	boolean  bool     // it is true or false, as a comparison is
	truth    bool     // value of a boolean
}

func truth(t bool) operand { return operand{boolean: true, truth: t} }

func (o operand) solid() bool { return o.text != nil || o.pattern != nil || o.truth }

func parseExpression(source string) (*expression, error) {
	tokens, err := scanExpression(source)
	if err != nil {
		return nil, err
	}
	p := &expressionParser{tokens: tokens}
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.at < len(p.tokens) {
		return nil, fmt.Errorf("unexpected %s", p.tokens[p.at].text)
	}
	return e, nil
}

// holds reports whether the condition is true. lookup returns the value of a
// variable as written: GitLab does not expand variables inside values in
// conditions. Without a budget left, no pattern matches.
func (e *expression) holds(lookup func(name string) (string, bool), b *budget) bool {
	v := e.evaluate(lookup, b)
	if v.text != nil {
		return strings.TrimSpace(*v.text) != ""
	}
	return v.solid()
}

func (e *expression) evaluate(lookup func(string) (string, bool), b *budget) operand {
	switch e.op {
	case "":
		if e.leaf.variable == "" {
			return e.leaf
		}
		if s, ok := lookup(e.leaf.variable); ok {
			return operand{text: &s}
		}
		return operand{}
	case "&&":
		if left := e.left.evaluate(lookup, b); !left.solid() {
			return left
		}
		return e.right.evaluate(lookup, b)
	case "||":
		if left := e.left.evaluate(lookup, b); left.solid() {
			return left
		}
		return e.right.evaluate(lookup, b)
	}
	left, right := e.left.evaluate(lookup, b), e.right.evaluate(lookup, b)
	switch e.op {
	case "==":
		return truth(same(left, right))
	case "!=":
		return truth(!same(left, right))
	case "=~":
		return truth(right.solid() && matches(left, right, b))
	}
	return truth(!right.solid() || !matches(left, right, b))
}

func same(a, b operand) bool {
	switch {
	case a.pattern != nil || b.pattern != nil:
		return a.pattern != nil && b.pattern != nil && a.pattern.String() == b.pattern.String()
	case a.text != nil && b.text != nil:
		return *a.text == *b.text
	}
	return a.text == nil && b.text == nil && a.boolean == b.boolean && a.truth == b.truth
}

// matches evaluates =~. Null on the left counts as an empty string. The right
// side may be a pattern or a text that contains one. If the text contains no
// pattern, GitLab searches in it for the left side: $A =~ "abc" is true if $A is
// "b".
func matches(left, right operand, b *budget) bool {
	var s string
	switch {
	case left.text != nil:
		s = *left.text
	case left.boolean:
		s = strconv.FormatBool(left.truth)
	}
	pattern := right.pattern
	if pattern == nil && right.text != nil {
		var err error
		pattern, err = compilePattern(*right.text)
		if overLimit(err) && patternText.MatchString(*right.text) {
			b.left = -1 // nothing is known of a match that only GitLab can decide
			return false
		}
		if err != nil {
			return strings.Contains(*right.text, s)
		}
		b.take(pattern, compileCost)
	}
	return pattern != nil && b.take(pattern, len(s)) && pattern.MatchString(s)
}

type expressionParser struct {
	tokens []token
	at     int
}

// take consumes the next token if it is one of operators, and returns it.
func (p *expressionParser) take(operators ...string) string {
	if p.at < len(p.tokens) && p.tokens[p.at].leaf == nil {
		for _, op := range operators {
			if p.tokens[p.at].text == op {
				p.at++
				return op
			}
		}
	}
	return ""
}

func (p *expressionParser) or() (*expression, error) {
	return p.chain(p.and, "||")
}

func (p *expressionParser) and() (*expression, error) {
	return p.chain(p.compare, "&&")
}

func (p *expressionParser) compare() (*expression, error) {
	return p.chain(p.operand, "==", "!=", "=~", "!~")
}

func (p *expressionParser) chain(next func() (*expression, error), operators ...string) (*expression, error) {
	left, err := next()
	if err != nil {
		return nil, err
	}
	for {
		op := p.take(operators...)
		if op == "" {
			return left, nil
		}
		right, err := next()
		if err != nil {
			return nil, err
		}
		left = &expression{op: op, left: left, right: right, text: left.text + " " + op + " " + right.text}
	}
}

func (p *expressionParser) operand() (*expression, error) {
	if p.at == len(p.tokens) {
		return nil, fmt.Errorf("the expression ends where a value is expected")
	}
	if p.take("(") != "" {
		e, err := p.or()
		if err != nil {
			return nil, err
		}
		if p.take(")") == "" {
			return nil, fmt.Errorf("a parenthesis is not closed")
		}
		inner := *e
		inner.text, inner.enclosed = "("+e.text+")", true
		return &inner, nil
	}
	t := p.tokens[p.at]
	if t.leaf == nil {
		return nil, fmt.Errorf("expected a value, got %s", t.text)
	}
	p.at++
	return &expression{leaf: *t.leaf, text: t.text}, nil
}
