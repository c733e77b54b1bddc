// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestPatternsTakeLimitedTime(t *testing.T) {
	large := strings.Repeat("a{0,1000}", 12)
	many := "variables: {V: " + strings.Repeat("a", 100_000) + ", P: '/(b|c){900}d/'}\n"
	for i := range 40 {
		many += fmt.Sprintf("j%d: {script: [x], rules: [{if: '$V =~ %s'}, {when: always}]}\n", i, [2]string{"/(b|c){901}d/", "$P"}[i%2])
	}
	for name, test := range map[string]struct{ text, want string }{
		"size":        {"j: {script: [x], rules: [{if: '$V =~ /" + large + "/'}]}\n", "it repeats too much: it has more than 10000 steps"},
		"of coverage": {"j: {script: [x], coverage: '/" + large + "/'}\n", "it repeats too much"},
		"of refs":     {"j: {script: [x], only: ['/" + large + "/']}\n", "it repeats too much"},
		"of an input": {header + "    a: {default: x, regex: '" + large + "'}\n---\nj: {script: [x]}\n", "it repeats too much"},
		"together":    {many, `job "j39": whether it runs is not known: the conditions up to it take too long to match`},
	} {
		e, _ := evaluate(files(map[string]string{"": test.text}), Event{})
		if e == nil || e.Refused() || !strings.Contains(fmt.Sprint(e.Problems), test.want) {
			t.Errorf("%s: got %.300v, want %s", name, e, test.want)
		}
	}
}

// With these patterns of coverage, each match reads the rest of a long line.
func TestCoverageTakesLimitedTime(t *testing.T) {
	for _, log := range []string{"9" + strings.Repeat("a", 1<<14), strings.Repeat("9"+strings.Repeat("a", 1<<12)+"\n", 64) + "x"} {
		j := &Job{Coverage: `/9|a*b|a/`}
		if got, ok := j.coverageIn(log, &budget{left: 1 << 22}); got != "" || ok {
			t.Errorf("%d bytes: got %q, %v", len(log), got, ok)
		}
	}
	j := &Job{Coverage: `/total: (\d+)%/`}
	if got, ok := j.CoverageIn(t.Context(), strings.Repeat("total: 12% or not\n", 2_000)+strings.Repeat("other\n", 1_000)); got != "12" || !ok {
		t.Errorf("got %q, %v", got, ok)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, ok := j.CoverageIn(ctx, strings.Repeat("other\n", 1<<18)); got != "" || ok {
		t.Errorf("after the end of the context: got %q, %v", got, ok)
	}
}

// The budget also ends the conditions of one job, not only those of the next.
func TestNoBudgetNoMatch(t *testing.T) {
	for source, want := range map[string]bool{`"text" =~ /t/`: false, `"text" !~ /t/`: true, `"text" =~ $PATTERN`: false, `"text" == "text"`: true} {
		e, err := parseExpression(source)
		if err != nil {
			t.Fatal(err)
		}
		lookup := func(string) (string, bool) { return "/t/", true }
		if got := e.holds(lookup, &budget{left: 10}); got != want {
			t.Errorf("%s without a budget: %v", source, got)
		}
	}
}

// GitLab may accept patterns over the limit, so they do not invalidate the pipeline. The job
// is marked, and the others run.
func TestPatternsOverTheLimit(t *testing.T) {
	large := "/" + strings.Repeat("a{0,1000}", 12) + "/"
	long := "/" + strings.Repeat("a", maxPattern) + "/"
	for _, test := range []struct{ job, when, want string }{
		{"rules: [{if: '$V =~ " + large + "'}]", Unknown, "if: "},
		{"rules: [{if: '$V =~ " + long + "'}, {when: never}]", Unknown, "it has more than 4096 bytes"},
		{"only: ['" + large + "']", Unknown, "refs: pattern "},
		{"except: ['" + long + "']", Unknown, "refs: pattern "},
		{"coverage: '" + large + "'", OnSuccess, "coverage: the job's log is not searched: it repeats too much: it has more than 10000 steps"},
	} {
		e, _ := evaluate(files(map[string]string{"": "a: {script: [x], " + test.job + "}\nb: {script: [x]}\n"}), Event{Source: Push, Branch: "main"})
		if e.Refused() || len(e.Jobs) != 2 || e.Jobs[0].When != test.when || e.Jobs[1].When != OnSuccess {
			t.Errorf("%.40s: refused %v, jobs %.200v", test.job, e.Refused(), e.Jobs)
			continue
		}
		if len(e.Problems) != 1 || e.Problems[0].Pos.Line != 1 || e.Problems[0].Job != "a" || !strings.Contains(e.Problems[0].Message, test.want) {
			t.Errorf("%.40s: problems %.300v", test.job, e.Problems)
		}
	}
}

// TestGlobsTakeLimitedTime has patterns of files that would need hours.
func TestGlobsTakeLimitedTime(t *testing.T) {
	var tree []string
	for i := range 5_000 {
		tree = append(tree, fmt.Sprintf("%saaaaaaaa/%d", strings.Repeat("a/", 20), i))
	}
	braces := strings.Repeat("{a,b}", 13)
	for name, pattern := range map[string]string{
		"braces": braces + "/x", "directories": "**/" + strings.Repeat("a/*/", 9) + braces + "*a*a*b", "endings": "**/*.x", "classes": "**/[" + strings.Repeat("b", 3000) + "]", "top": "x*",
	} {
		b := &budget{left: 1 << 20}
		for range 300 {
			if existsMatch([]string{pattern}, tree, b) {
				t.Fatalf("%s: match", name)
			}
		}
		if !b.spent() || b.left < -1<<24 {
			t.Errorf("%s: %d is left", name, b.left)
		}
	}
	b := &budget{left: 1 << 20}
	for range 300 {
		globMatches([]string{braces}, []string{"x"}, b) // nothing to compare, but to expand
	}
	if !b.spent() {
		t.Errorf("%d is left", b.left)
	}
}

// Jobs whose conditions are not evaluated are neither excluded nor included.
func TestJobsAfterTheBudget(t *testing.T) {
	p, err := Load(files(map[string]string{"": `workflow: {rules: [{if: '$V =~ /xy/', when: never}]}
a: {script: [x], rules: [{exists: ["*.y"]}]}
b: {script: [x], only: {variables: ['$V =~ /xy/']}}
c: {script: [x]}
`}), ".gitlab-ci.yml", Options{})
	if err != nil {
		t.Fatal(err)
	}
	e := p.evaluate(Event{Source: Push, Branch: "main"}, false, 1)
	if !e.Created || e.Refused() || len(e.Jobs) != 3 || e.Jobs[0].When != Unknown || e.Jobs[1].When != Unknown || e.Jobs[2].When != OnSuccess || len(e.Problems) != 3 {
		t.Errorf("created %v, jobs %s, %v", e.Created, jobsOf(e), e.Problems)
	}
}

func TestEvaluationStops(t *testing.T) {
	text := "variables: {V: " + strings.Repeat("a", 1000) + "}\n"
	for i := range 50 {
		text += fmt.Sprintf("j%d: {script: [x], rules: [{if: '$V =~ /(b|c){400}d/'}, {exists: ['{a,b}{a,b}{a,b}{a,b}{a,b}/*']}]}\n", i)
	}
	stop := make(chan struct{})
	p, err := Load(files(map[string]string{"": text}), ".gitlab-ci.yml", Options{Stop: stop})
	if err != nil {
		t.Fatal(err)
	}
	if e := p.Evaluate(Event{}); len(e.Jobs) != 50 || slices.ContainsFunc(e.Jobs, func(j Job) bool { return j.When != Never }) {
		t.Errorf("%d jobs", len(e.Jobs))
	}
	close(stop)
	if e := p.Evaluate(Event{}); len(e.Jobs) != 0 {
		t.Errorf("%d jobs after the end", len(e.Jobs))
	}
	b := &budget{left: maxMatching, stop: stop}
	if b.spend(stopInterval); !b.spent() {
		t.Error("a budget is left after the end")
	}
}

// An include whose rules are not evaluated is reported as missing.
func TestIncludesAfterTheBudget(t *testing.T) {
	for _, condition := range []string{`$CI_COMMIT_BRANCH =~ /^(a|b){400}/`, `$CI_COMMIT_BRANCH !~ /^(a|b){400}/`} {
		p, err := Load(files(map[string]string{
			"":         "include: [{local: more.yml, rules: [{if: '" + condition + "'}]}]\nj: {script: [x]}\n",
			"more.yml": "k: {script: [x]}\n",
		}), ".gitlab-ci.yml", Options{})
		if err != nil {
			t.Fatal(err)
		}
		e := p.evaluate(Event{Source: Push, Branch: "main"}, false, 1)
		if len(e.Missing) != 1 || e.Missing[0].Location != "more.yml" || len(e.Jobs) != 1 {
			t.Errorf("%s: missing %v, %d jobs, %v", condition, e.Missing, len(e.Jobs), e.Problems)
		}
	}
}

func TestPatternOverTheLimitInAVariable(t *testing.T) {
	for value, want := range map[string]string{
		"/" + strings.Repeat("(a|b){900}", 5) + "/": Unknown,
		"/" + strings.Repeat("a", 5000) + "/":       Unknown,
		"/main" + strings.Repeat("a", 5000):         OnSuccess, // a text that contains the branch
		"/other" + strings.Repeat("a", 5000):        Never,
		"/(a{100}){2}/":                             Never,
	} {
		p, err := Load(files(map[string]string{
			"": "variables: {V: '" + value + "'}\nj: {script: [x], rules: [{if: $CI_COMMIT_BRANCH =~ $V}]}\n",
		}), ".gitlab-ci.yml", Options{})
		if err != nil {
			t.Fatal(err)
		}
		if e := p.Evaluate(Event{Source: Push, Branch: "main"}); len(e.Jobs) != 1 || e.Jobs[0].When != want || len(e.Problems) > 0 != (want == Unknown) {
			t.Errorf("%.20s: %s, %v", value, jobsOf(e), e.Problems)
		}
	}
}
