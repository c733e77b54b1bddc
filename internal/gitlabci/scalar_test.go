// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// randomTexts calls f with many texts of up to 8 of some letters.
func randomTexts(letters string, f func(string)) {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // not for secrets
	runes := []rune(letters)
	for range 20_000 {
		var b strings.Builder
		for range 1 + random.IntN(8) {
			b.WriteRune(runes[random.IntN(len(runes))])
		}
		f(b.String())
	}
}

// TestScalarShortcuts: what is looked for before an expression is compiled does not
// change the result.
func TestScalarShortcuts(t *testing.T) {
	check := func(s string) {
		if got, want := isRubyWord(s), rubyWord.MatchString(s); got != want {
			t.Fatalf("%q is a word: got %v, want %v", s, got, want)
		}
		if isDecimal(s) && (!rubyInteger.MatchString(s) || octal(s) != s) {
			t.Fatalf("%q is no decimal number", s)
		}
		for what, c := range map[string]struct{ required, matches bool }{
			"a time":     {only(s, timeCharacters), rubyTime.MatchString(s) || rubyDate.MatchString(s)},
			"infinity":   {len(s) <= len("+.inf"), rubyInfinity.MatchString(s)},
			"a symbol":   {s[0] == ':', rubySymbol.MatchString(s)},
			"to base 60": {only(s, base60Characters), rubyBase60.MatchString(s)},
			"a float":    {only(s, floatCharacters), rubyFloat.MatchString(s)},
			"an integer": {only(s, integerCharacters), rubyInteger.MatchString(s)},
		} {
			if c.matches && !c.required && !strings.Contains(s, "\n") {
				t.Fatalf("%q is %s", s, what)
			}
		}
	}
	randomTexts("0123489aZ_,.:+-x\"'nif \n\té?[]`!@#$%^&*(){}<>|/\\~;=", check)
	for _, letters := range []string{"019-:T .Z+", "019:_.-", "01e.+-_,", "01xb,_F-", ".iInNfF+"} {
		randomTexts(letters, check)
	}
	randomTexts("a1:[] /\\\b\t\v\u00a0", func(s string) {
		if got, want := groupName(s), strings.TrimSpace(strings.TrimSuffix(s, variant.FindString(s))); got != want {
			t.Fatalf("the group of %q: got %q, want %q", s, got, want)
		}
	})
}

// TestRubyScalar has the results of Ruby with Psych 4.0.3.
func TestRubyScalar(t *testing.T) {
	for in, want := range map[string]struct {
		kind kind
		text string
	}{
		`08`:                             {text, `08`},
		`1e3`:                            {text, `1e3`},
		`0o17`:                           {text, `0o17`},
		`0x1F`:                           {number, `31`},
		`010`:                            {number, `8`},
		`1_000`:                          {number, `1000`},
		`1,000`:                          {number, `1000`},
		`1__0`:                           {text, `1__0`},
		`12:30`:                          {number, `45000`},
		`1:2:3`:                          {number, `3723`},
		`1:2:3.5`:                        {number, `3723.5`},
		`12:99`:                          {text, `12:99`},
		`yes`:                            {boolean, `true`},
		`no`:                             {boolean, `false`},
		`on`:                             {boolean, `true`},
		`off`:                            {boolean, `false`},
		`Yes`:                            {boolean, `true`},
		`NO`:                             {boolean, `false`},
		`True`:                           {boolean, `true`},
		`y`:                              {text, `y`},
		`n`:                              {text, `n`},
		`~`:                              {null, ``},
		`null`:                           {null, ``},
		`NULL`:                           {null, ``},
		`nUll`:                           {null, ``},
		`.inf`:                           {number, `Infinity`},
		`-.inf`:                          {number, `-Infinity`},
		`+.inf`:                          {number, `Infinity`},
		`.nan`:                           {number, `NaN`},
		`.5`:                             {number, `0.5`},
		`1.`:                             {number, `1.0`},
		`1.10`:                           {number, `1.1`},
		`3.10`:                           {number, `3.1`},
		`-1.5`:                           {number, `-1.5`},
		`1e10`:                           {text, `1e10`},
		`1.0e10`:                         {text, `1.0e10`},
		`1.0e+10`:                        {number, `10000000000.0`},
		`1.0e-10`:                        {number, `1.0e-10`},
		`1.0e+20`:                        {number, `1.0e+20`},
		`0b101`:                          {number, `5`},
		`0b12`:                           {text, `0b12`},
		`0`:                              {number, `0`},
		`-0`:                             {number, `0`},
		`+5`:                             {number, `5`},
		`00`:                             {number, `0`},
		`09`:                             {text, `09`},
		`2024-01-02`:                     {date, `2024-01-02`},
		`2024-1-2T3:04:05Z`:              {date, `2024-1-2T3:04:05Z`},
		`2024-01-02 03:04:05.6 +01:00`:   {date, `2024-01-02 03:04:05.6 +01:00`},
		`2024-13-02`:                     {text, `2024-13-02`},
		`2024-02-31`:                     {text, `2024-02-31`},
		`:sym`:                           {text, `sym`},
		`:"x"`:                           {text, `x`},
		`:'y'`:                           {text, `y`},
		`1.2.3`:                          {text, `1.2.3`},
		`v1.2`:                           {text, `v1.2`},
		`1-2`:                            {text, `1-2`},
		`--`:                             {text, `--`},
		`-`:                              {text, `-`},
		`.`:                              {text, `.`},
		`+`:                              {text, `+`},
		`a:b`:                            {text, `a:b`},
		`1a`:                             {text, `1a`},
		`0xZZ`:                           {text, `0xZZ`},
		`123456789012345678901234567890`: {number, `123456789012345678901234567890`},
		`0.1`:                            {number, `0.1`},
		`100.0`:                          {number, `100.0`},
		`1e+3`:                           {text, `1e+3`},
		`1_0.5`:                          {number, `10.5`},
		`1,0.5`:                          {number, `10.5`},
		`0.00001`:                        {number, `1.0e-05`},
		`123456789012345680.0`:           {number, `1.2345678901234568e+17`},
		`-.5`:                            {number, `-0.5`},
		`+.5`:                            {number, `0.5`},
		`_1`:                             {text, `_1`},
		`1_`:                             {text, `1_`},
		`012_3`:                          {number, `83`},
		`0,1`:                            {number, `1`},
		`190:20:30`:                      {number, `685230`},
		`1:60`:                           {text, `1:60`},
		`60:59`:                          {number, `219540`},
		`no!`:                            {text, `no!`},
		`on:`:                            {text, `on:`},
		`false,`:                         {text, `false,`},
		`true`:                           {boolean, `true`},
		`Zf7n~`:                          {text, `Zf7n~`},
		`Z.~EZ`:                          {text, `Z.~EZ`},
		`o Eea8-`:                        {text, `o Eea8-`},
		`0b~ a`:                          {text, `0b~ a`},
	} {
		if k, s := rubyScalar(in); k != want.kind || s != want.text {
			t.Errorf("%q: got %d %q, want %d %q", in, k, s, want.kind, want.text)
		}
	}
}
