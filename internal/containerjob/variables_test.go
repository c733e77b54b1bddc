// SPDX-License-Identifier: GPL-2.0-or-later

package containerjob

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
)

// joined is variables.join for maps.
func joined(a, b map[string]string) map[string]string {
	out := maps.Clone(a)
	for name := range b {
		if a[name] != b[name] {
			out[name] = unknownText
		}
	}
	for name := range a {
		if _, ok := b[name]; !ok {
			out[name] = unknownText
		}
	}
	return out
}

// TestVariables compares variables with maps, through copies that are changed and
// joined.
func TestVariables(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // not for secrets
	names, values := []string{"A", "B", "C", "D", "E"}, []string{"", "1", "2", strings.Repeat("x", maxValue), strings.Repeat("x", maxValue+1)}
	want := func(value string) string {
		return map[bool]string{true: unknownText, false: value}[len(value) > maxValue]
	}
	for range 2000 {
		var own []gitlabci.Variable
		model := map[string]string{}
		for _, name := range names[:3] {
			value := values[random.IntN(len(values))]
			own = append(own, gitlabci.Variable{Name: name, Value: value})
			model[name] = want(value)
		}
		before := variables{job: gitlabci.NewVariableSet(own...)}
		change := func(v *variables, m map[string]string) {
			for range random.IntN(5) {
				name, value := names[random.IntN(len(names))], values[random.IntN(len(values))]
				if random.IntN(3) == 0 {
					v.unset(name)
					delete(m, name)
					continue
				}
				v.set(name, value)
				m[name] = want(value)
			}
		}
		change(&before, model)
		one, two := before.clone(), before.clone()
		modelOne, modelTwo := maps.Clone(model), maps.Clone(model)
		change(&one, modelOne)
		change(&two, modelTwo)
		one.join(&two)
		modelOne = joined(modelOne, modelTwo)
		for what, c := range map[string]struct {
			v *variables
			m map[string]string
		}{"before": {&before, model}, "one": {&one, modelOne}, "two": {&two, modelTwo}} {
			got := map[string]string{}
			for _, name := range c.v.names() {
				got[name] = c.v.value(name)
			}
			if !maps.Equal(got, c.m) {
				t.Fatalf("%s: got %q, want %q", what, got, c.m)
			}
			for _, name := range names {
				if _, ok := c.v.get(name); ok != (slices.Contains(c.v.names(), name)) {
					t.Fatalf("%s: %s is set: %v", what, name, ok)
				}
			}
		}
	}
}

// TestPlainText: a plain word is what the library expands it to.
func TestPlainText(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // not for secrets
	check := func(text string) (plain int) {
		file, err := syntax.NewParser().Parse(strings.NewReader("x "+text), "")
		if err != nil || len(file.Stmts) != 1 {
			return 0
		}
		call, ok := file.Stmts[0].Cmd.(*syntax.CallExpr)
		if !ok {
			return 0
		}
		for _, w := range call.Args {
			text, ok := plainText(w)
			if !ok {
				continue
			}
			plain++
			s := newShell(&gitlabci.Job{})
			fields, err := expand.Fields(s.config(), w)
			literal, errLiteral := expand.Literal(s.config(), w)
			if err != nil || errLiteral != nil || !slices.Equal(fields, []string{text}) || literal != text {
				t.Fatalf("%q: %q and %q, want %q", text, fields, literal, text)
			}
		}
		return plain
	}
	for _, text := range []string{"{a,b}", "a{,b}c", "{1..3}", "~", "~/a", "a\\b", "a\\"} {
		check(text)
	}
	const letters = "ab1/.-=:,}{~*?[]\\$'\"!#@%^+ "
	plain := 0
	for range 20000 {
		var word strings.Builder
		for range 1 + random.IntN(6) {
			word.WriteByte(letters[random.IntN(len(letters))])
		}
		plain += check(word.String())
	}
	if plain < 10000 {
		t.Errorf("only %d words were plain", plain)
	}
}
