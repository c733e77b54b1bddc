// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// patternText matches a pattern in an expression or in a variable. As in GitLab,
// it may be on any line of the text.
var patternText = lazyregexp.New(`(?m)^/(.*)/([ismU]*)$`)

// Limits of patterns. Patterns in variables are compiled each time. The time of
// a match grows with the length of the text and with the size of the pattern,
// which repetitions such as a{0,1000} multiply.
const (
	maxPattern       = 4096 // bytes
	maxPatternSize   = 10_000
	compileCost      = 100     // of a pattern, as bytes of text
	maxMatching      = 1 << 30 // bytes of text times size of pattern, of all matches
	maxInputMatching = 1 << 24 // as maxMatching, of a single condition on inputs
	stopInterval     = 1 << 20 // work after which a budget looks whether it is to stop
	matchingPerWork  = 10      // binary logarithm of how much of maxMatching takes as long as a rule
)

// Errors of patterns over the limits, which GitLab may accept.
var (
	errLongPattern  = fmt.Errorf("it has more than %d bytes", maxPattern)
	errLargePattern = fmt.Errorf("it repeats too much: it has more than %d steps", maxPatternSize)
)

// overLimit reports whether a pattern is only too large for lcitool.
func overLimit(err error) bool {
	return errors.Is(err, errLongPattern) || errors.Is(err, errLargePattern)
}

// A pattern is a regular expression of limited size.
type pattern struct {
	*regexp.Regexp
	size int
}

// A budget limits the work of all matches of an evaluation.
type budget struct {
	left int
	stop <-chan struct{} // closed, it ends the evaluation; nil for never
}

// spend takes work from the budget and reports whether it was there.
func (b *budget) spend(work int) bool {
	before := b.left
	b.left -= work
	if before/stopInterval != b.left/stopInterval && stopped(b.stop) {
		b.left = -1
	}
	return b.left >= 0
}

func stopped(stop <-chan struct{}) bool {
	select {
	case <-stop:
		return true
	default:
		return false
	}
}

func (b *budget) spent() bool { return b.left < 0 }

// take reports whether p may be matched with n bytes of text.
func (b *budget) take(p *pattern, n int) bool { return b.spend(p.cost(n)) }

// cost returns the most work that a match with n bytes of text is.
func (p *pattern) cost(n int) int { return (n + 1) * (p.size + 16) }

// compile compiles a regular expression in the syntax of RE2.
func compile(body string) (*pattern, error) {
	if len(body) > maxPattern {
		return nil, errLongPattern
	}
	parsed, err := syntax.Parse(body, syntax.Perl)
	if err != nil {
		return nil, err
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, err
	}
	if len(program.Inst) > maxPatternSize {
		return nil, errLargePattern
	}
	re, err := regexp.Compile(body)
	return &pattern{re, len(program.Inst)}, err
}

// compilePattern compiles "/…/flags". GitLab uses RE2, whose syntax and flags i,
// s, m and U are those of package regexp.
func compilePattern(s string) (*pattern, error) {
	if len(s) > maxPattern {
		return nil, errLongPattern
	}
	m := patternText.FindStringSubmatch(s)
	if m == nil {
		return nil, fmt.Errorf("%s is no pattern: expected one between slashes, of at most %d bytes", yamldoc.Quote(s), maxPattern)
	}
	body := strings.ReplaceAll(m[1], `\/`, "/")
	if m[2] != "" {
		body = "(?" + m[2] + ")" + body
	}
	return compile(body)
}

// maxRubyRegexp is GitLab's limit on the expressions of rules, in characters.
const maxRubyRegexp = 255

// onlyRuby matches what means something else in Ruby, for whose expressions
// package regexp stands in.
var onlyRuby = lazyregexp.New(`&&|\{,|\[[^\]]*\[[^:]|\\[QEC]|\(\?i?[a-hj-zA-Z-]`)

// compileRuby compiles an expression in the syntax of Ruby, where ^ and $ stand for
// the ends of lines. It returns an error for what package regexp does not have,
// such as a lookahead.
func compileRuby(source string) (*pattern, error) {
	if m := onlyRuby.FindString(source); m != "" {
		return nil, fmt.Errorf("%s is read as in Ruby only on GitLab", yamldoc.Quote(m))
	}
	return compile("(?m)" + source)
}

// rubyRegexp checks the regular expression of a rule, and reports whether it can
// be matched here.
func (d *decoder) rubyRegexp(pos diag.Position, source, what string) bool {
	if utf8.RuneCountInString(source) > maxRubyRegexp {
		d.errorf(pos, "%s: regexp is longer than %d characters", what, maxRubyRegexp)
		return false
	}
	_, err := compileRuby(source)
	if err != nil {
		d.incomplete(pos, "%s: regexp %s cannot be matched here: %v", what, yamldoc.Quote(source), err)
	}
	return err == nil
}
