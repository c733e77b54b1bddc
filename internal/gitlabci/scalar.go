// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// GitLab reads YAML with Ruby's Psych. Its plain scalars differ from YAML 1.1
// and 1.2: 08, 1e3 and 0o17 are strings, 1,000 and 12:30 are numbers.
var (
	rubyWord     = lazyregexp.New(`^[^0-9.:-]?[\pL\pM_\s!@#$%^&*(){}<>|/\\~;=]+`)
	rubyDate     = lazyregexp.New(`^[0-9]{4}-(?:1[012]|0[0-9]|[0-9])-(?:[12][0-9]|3[01]|0[0-9]|[0-9])$`)
	rubyTime     = lazyregexp.New(`^-?[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|\s+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:\s*(?:Z|[-+][0-9]{1,2}:?(?:[0-9]{2})?))?$`)
	rubyBase60   = lazyregexp.New(`^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9]){1,2}(\.[0-9_]*)?$`)
	rubyFloat    = lazyregexp.New(`^[-+]?(?:[0-9][0-9_,]*)?\.[0-9]*(?:[eE][-+][0-9]+)?$`)
	rubyInteger  = lazyregexp.New(`^[-+]?(?:0b[01_,]+|0[0-7_,]+|0|[1-9](?:[0-9]|,[0-9]|_[0-9])*|0x[0-9a-fA-F_,]+)$`)
	rubySymbol   = lazyregexp.New(`^:(?:"(.*)"|'(.*)'|(.+))$`)
	rubyInfinity = lazyregexp.New(`(?i)^([-+]?)\.inf$`)
)

// rubyScalar returns the type of a plain scalar, and its text after Psych has
// read and written it. Few pipelines have scalars that need an expression, so the
// characters that it can match are compared before it is compiled.
func rubyScalar(s string) (kind, string) {
	switch {
	case s == "":
		return null, ""
	case isRubyWord(s) || strings.Contains(s, "\n"):
		return rubyText(s)
	case isDecimal(s):
		return number, s
	case only(s, timeCharacters) && (rubyTime.MatchString(s) || rubyDate.MatchString(s) && isDate(s)):
		return date, s
	case len(s) <= len("+.inf") && rubyInfinity.MatchString(s):
		return number, strings.Trim(s[:1], "+.") + "Infinity"
	case strings.EqualFold(s, ".nan"):
		return number, "NaN"
	case s[0] == ':' && rubySymbol.MatchString(s):
		m := rubySymbol.FindStringSubmatch(s)
		return text, m[1] + m[2] + m[3]
	case only(s, base60Characters) && rubyBase60.MatchString(s):
		return number, base60(s)
	case only(s, floatCharacters) && rubyFloat.MatchString(s) && strings.Trim(s, "+-.") != "":
		return number, rubyFloatText(s)
	case only(s, integerCharacters) && rubyInteger.MatchString(s):
		n, ok := new(big.Int).SetString(octal(withoutSeparators(s)), 0)
		if !ok {
			return text, s
		}
		return number, n.String()
	}
	return text, s
}

// Characters that the expressions can match.
const (
	digits            = "0123456789"
	timeCharacters    = digits + "-+:.TtZ \t\f\r"
	base60Characters  = digits + "-+:._"
	floatCharacters   = digits + "-+.,_eE"
	integerCharacters = digits + "-+,_abcdefABCDEFx"
)

// only reports whether s contains no other characters.
func only(s, characters string) bool { return strings.Trim(s, characters) == "" }

// isRubyWord is rubyWord.MatchString, faster for most scalars.
func isRubyWord(s string) bool {
	switch c := s[0]; {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', strings.IndexByte(`_!@#$%^&*(){}<>|/\~;=`, c) >= 0:
		return true
	case '0' <= c && c <= '9', c == '.', c == ':', c == '-':
		return false
	}
	return rubyWord.MatchString(s)
}

// isDecimal reports whether s is a number of digits only that is no octal one.
func isDecimal(s string) bool {
	return only(s, digits) && (s[0] != '0' || len(s) == 1)
}

// withoutSeparators removes what separates groups of digits.
func withoutSeparators(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "_", ""), ",", "")
}

// rubyText handles scalars that may be a boolean or null.
func rubyText(s string) (kind, string) {
	if utf8.RuneCountInString(s) > len("false") {
		return text, s
	}
	switch strings.ToLower(s) {
	case "~", "null":
		return null, ""
	case "yes", "true", "on":
		return boolean, "true"
	case "no", "false", "off":
		return boolean, "false"
	}
	return text, s
}

func isDate(s string) bool {
	_, err := time.Parse("2006-1-2", s)
	return err == nil
}

// octal converts a number with a leading zero to the octal syntax of package
// big.
func octal(s string) string {
	digits := strings.TrimLeft(s, "+-")
	if len(digits) > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '7' {
		return s[:len(s)-len(digits)] + "0o" + digits[1:]
	}
	return s
}

// base60 returns the value of "12:30", which Psych reads as 12 hours and 30
// minutes in seconds, or of "1:2:3.5".
func base60(s string) string {
	factor := []int64{3600, 60, 1}
	parts := strings.Split(strings.ReplaceAll(s, "_", ""), ":")
	if strings.Contains(s, ".") {
		sum := 0.0
		for i, p := range parts {
			f, _ := strconv.ParseFloat(strings.TrimSuffix(p, "."), 64)
			sum += f * float64(factor[i])
		}
		return rubyNumber(sum)
	}
	sum := new(big.Int)
	for i, p := range parts {
		n, _ := new(big.Int).SetString(p, 10)
		sum.Add(sum, n.Mul(n, big.NewInt(factor[i])))
	}
	return sum.String()
}

func rubyFloatText(s string) string {
	s = withoutSeparators(s)
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return s
	}
	return rubyNumber(f)
}

// rubyNumber formats a float like Ruby: 3.10 becomes 3.1, 2.0 stays 2.0, and
// very large or small numbers have an exponent.
func rubyNumber(f float64) string {
	size := math.Abs(f)
	switch {
	case math.IsInf(f, 0):
		return strings.Trim(strconv.FormatFloat(f, 'f', -1, 64), "+Inf") + "Infinity"
	case f != 0 && (size >= 1e16 || size < 1e-4):
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
		if !strings.Contains(mantissa, ".") {
			mantissa += ".0"
		}
		return mantissa + "e" + exponent
	}
	out := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(out, ".") {
		out += ".0"
	}
	return out
}
