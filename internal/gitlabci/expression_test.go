// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func lookupIn(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v, ok := vars[name]
		return v, ok
	}
}

var expressionVars = map[string]string{
	"SET": "some text", "EMPTY": "", "SPACE": " ", "ONE": "1", "PATH": "a/b.c", "PATTERN": "/^some/", "BAD": "/(/", "WORD": "some text and more", "NESTED": "$SET",
	"LINES": "first\n/^some text$/\nlast",
}

func TestExpression(t *testing.T) {
	for source, want := range map[string]bool{
		`$SET`: true, `$EMPTY`: false, `$SPACE`: false, `$UNSET`: false, `null`: false, `"x"`: true, `""`: false, `'0'`: true,
		`$SET == "some text"`: true, `"some text" == $SET`: true, `$SET == 'other'`: false, `$SET != 'other'`: true,
		`$UNSET == null`: true, `$EMPTY == null`: false, `$EMPTY == ""`: true, `$UNSET == ""`: false, `$UNSET != null`: false,
		`$UNSET == $ALSO_UNSET`: true, `$SET == $SET`: true, `$ONE == "1"`: true,
		// Values are not expanded again.
		`$NESTED == "$SET"`: true, `$NESTED == $SET`: false,
		`$SET =~ /text$/`: true, `$SET =~ /^text/`: false, `$SET =~ /TEXT/`: false, `$SET =~ /TEXT/i`: true, `$SET !~ /text/`: false,
		`$PATH =~ /a\/b\.c/`: true, `$PATH =~ /a\/b\.d/`: false, `$SET =~ /a|e/`: true, `$SET =~ /^(?:x|some) [[:alpha:]]+$/`: true,
		`$UNSET =~ /x/`: false, `$UNSET !~ /x/`: true, `$UNSET =~ /^$/`: true, `$SET =~ $UNSET`: false, `$SET !~ $UNSET`: true,
		`$SET =~ $PATTERN`: true, `$PATH =~ $PATTERN`: false, `$SET =~ $BAD`: false, `$SET =~ "/some/"`: true,
		`$SET =~ $WORD`: true, `$WORD =~ $SET`: false, // a variable without a pattern is looked through, not for
		`$SET && $ONE`: true, `$SET && $UNSET`: false, `$UNSET || $ONE`: true, `$UNSET || $ALSO_UNSET`: false,
		// An empty string is not null, so "||" stops at it and "&&" continues.
		`$EMPTY || $SET`: false, `$EMPTY && $SET`: true, `$SET && $EMPTY`: false,
		`$UNSET && $SET || $ONE`: true, `$ONE || $SET && $UNSET`: true, `($ONE || $SET) && $UNSET`: false,
		`$ONE == "1" && $SET == "some text"`: true, `$ONE == "1" && ($SET == "x" || $PATH)`: true, `(($SET))`: true,
		`("x" || "y") == "x"`: true, "$SET\n  && $ONE": true, `$SET=="some text"&&$ONE`: true,
		`$ONE == "1" == $UNSET`: false, `($ONE == "2") == $UNSET`: false,
		// If the string on the right is no pattern, it is searched for the left side.
		`$SET =~ "some text"`: true, `$SET =~ "with some text in it"`: true, `$SET =~ "some"`: false, `$SET =~ 'SOME TEXT'`: false, `$SET =~ ""`: false,
		`$SET !~ "some text"`: false, `$SET !~ "with some text in it"`: false, `$SET !~ "some"`: true, `$SET !~ ""`: true,
		`$EMPTY =~ "x"`: true, `$EMPTY =~ ""`: true, `$UNSET =~ "x"`: true, `null =~ "x"`: true, `$UNSET !~ "x"`: false, `$EMPTY !~ ""`: false,
		`$SET =~ null`: false, `$SET !~ null`: true, `null =~ null`: false, `"a" =~ "abc"`: true, `"abc" =~ "a"`: false, `"a.c" =~ "abc"`: false,
		`$SET =~ "/SOME/"`: false, `$SET =~ "/SOME/i"`: true, `$SET !~ "/some/"`: false, `"/(/" =~ "x/(/x"`: true, `$SET =~ "/(/"`: false,
		`"(/" =~ $BAD`: true, `$PATH =~ "a\/b"`: false, `$PATH =~ "/a\/b/"`: true, `$PATH =~ "/a/b/"`: true, `$SET =~ "/some/x"`: false, `$SET =~ " /some/"`: false,
		`"some text" =~ $LINES`: true, `"other" =~ $LINES`: false,
		`$SET =~ $EMPTY`: false, `$EMPTY =~ $EMPTY`: true, `$SET =~ ("a" || "b")`: false, `"a" =~ ("ab" && "ba")`: true, `$SET =~ "some text" && $ONE`: true,
		// Booleans are not strings, but are compared as strings.
		`true`: true, `false`: false, `$ONE == true`: false, `true == true`: true, `true != false`: true, `false == null`: false, `"true" == true`: false,
		`($ONE == "1") == true`: true, `($ONE == "1") =~ /tru/`: true, `false =~ "falsehood"`: true, `false || $ONE`: true, `true && false`: false,
	} {
		e, err := parseExpression(source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if got := e.holds(lookupIn(expressionVars), &budget{left: maxMatching}); got != want {
			t.Errorf("%s: got %v", source, got)
		}
	}
}

func TestExpressionFaults(t *testing.T) {
	for source, want := range map[string]string{
		``:                                "the expression ends where a value is expected",
		`$A ==`:                           "the expression ends where a value is expected",
		`== $A`:                           "expected a value, got ==",
		`$A $B`:                           "unexpected $B",
		`$A = "x"`:                        `unexpected "= \"x\""`,
		`$A & $B`:                         `unexpected "& $B"`,
		`A == "x"`:                        `unexpected word "A": a text stands between quotes, a variable's name behind $`,
		`$A == truee`:                     `unexpected word "truee": a text stands between quotes, a variable's name behind $`,
		`$A =~ word`:                      `unexpected word "word": a text stands between quotes, a variable's name behind $`,
		`$A =~ "x`:                        `unexpected "\"x"`,
		`$A =~ =~ "x"`:                    "expected a value, got =~",
		`=~ "x"`:                          "expected a value, got =~",
		`$A ! ~ "x"`:                      `unexpected "! ~ \"x\""`,
		`$A == "x`:                        `unexpected "\"x"`,
		`$A =~ /x`:                        `unexpected "/x"`,
		`$A =~ /(/`:                       "pattern /(/: error parsing regexp: missing closing ): `(`",
		`$A =~ /(?=x)/`:                   "pattern /(?=x)/: error parsing regexp: invalid or unsupported Perl syntax: `(?=`",
		`($A`:                             "a parenthesis is not closed",
		`$A)`:                             "unexpected )",
		`()`:                              "expected a value, got )",
		`!$A`:                             `unexpected "!$A"`,
		`$[[ inputs.a ]] == "x"`:          "inputs ($[[ … ]]) are not supported",
		strings.Repeat("$A||", 60) + "$A": "the expression is too long: more than 100 words",
	} {
		_, err := parseExpression(source)
		if err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", source, err, want)
		}
	}
}

// written returns an expression with all its parentheses.
func (e *expression) written() string {
	switch {
	case e.op != "":
		return "(" + e.left.written() + " " + e.op + " " + e.right.written() + ")"
	case e.leaf.variable != "":
		return "$" + e.leaf.variable
	case e.leaf.pattern != nil:
		return "/" + strings.ReplaceAll(e.leaf.pattern.String(), "/", `\/`) + "/"
	case e.leaf.boolean:
		return strconv.FormatBool(e.leaf.truth)
	case e.leaf.text == nil:
		return "null"
	case strings.Contains(*e.leaf.text, `"`):
		return "'" + *e.leaf.text + "'"
	}
	return `"` + *e.leaf.text + `"`
}

// FuzzRuleExpression: an expression means the same with all parentheses, and each error is
// one line.
func FuzzRuleExpression(f *testing.F) {
	for _, seed := range []string{
		`$SET`, `$SET == "some text" && ($ONE || null)`, `$PATH =~ /a\/b/i || $EMPTY != ''`, `$UNSET !~ $PATTERN`, `("a" == 'a"b')`, `$A ==`, `/x/ == /x/`, `$[[ a ]]`,
		`$ONE || $SET && $UNSET == null`, `((((`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		e, err := parseExpression(source)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: %q is not one line", source, err)
			}
			return
		}
		again, err := parseExpression(e.written())
		if err != nil {
			if strings.HasPrefix(err.Error(), "the expression is too long") || strings.Contains(e.written(), `\\/`) {
				return
			}
			t.Fatalf("%q is read, but not %q: %v", source, e.written(), err)
		}
		if e.holds(lookupIn(expressionVars), &budget{left: maxMatching}) != again.holds(lookupIn(expressionVars), &budget{left: maxMatching}) {
			t.Errorf("%q and %q differ", source, e.written())
		}
	})
}

// TestTokens compares the tokens with regular expressions.
func TestTokens(t *testing.T) {
	space, variable, quoted := regexp.MustCompile(`^\s+`), regexp.MustCompile(`^\$(\w+)`), regexp.MustCompile(`^(?:"([^"\n]*)"|'([^'\n]*)')`)
	word, operator := regexp.MustCompile(`^\w+`), regexp.MustCompile(`^(?:==|!=|=~|!~|&&|\|\||\(|\))`)
	randomTexts("$$a_1Zé\"'\n/\\=!~&|()  \v\t", func(s string) {
		name := ""
		if s[0] == '$' {
			name = leadingWord(s[1:])
		}
		if m := variable.FindStringSubmatch(s); m != nil && m[1] != name || m == nil && name != "" {
			t.Fatalf("%q begins with the variable %q, want %q", s, name, m)
		}
		content, ok := leadingString(s)
		if m := quoted.FindStringSubmatch(s); ok != (m != nil) || ok && m[1]+m[2] != content {
			t.Fatalf("%q begins with the string %q, %v, want %q", s, content, ok, m)
		}
		if got, want := leadingWord(s), word.FindString(s); got != want {
			t.Fatalf("%q begins with the word %q, want %q", s, got, want)
		}
		if got, want := leadingOperator(s), operator.FindString(s); got != want {
			t.Fatalf("%q begins with the operator %q, want %q", s, got, want)
		}
		if got, want := leadingPattern(s), patternToken.FindString(s); got != want {
			t.Fatalf("%q begins with the pattern %q, want %q", s, got, want)
		}
		if got, want := strings.TrimLeft(s, blanks), space.ReplaceAllString(s, ""); got != want {
			t.Fatalf("%q without blanks is %q, want %q", s, got, want)
		}
	})
}
