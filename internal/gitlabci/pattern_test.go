// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"fmt"
	"strings"
	"testing"
)

// TestPatternsTakeLimitedTime has patterns that would be matched for hours.
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
		"together":    {many, "the pipeline is too large: its conditions before this job take too long to match"},
	} {
		e, err := evaluate(files(map[string]string{"": test.text}), Event{})
		if e == nil || !strings.Contains(fmt.Sprint(err), test.want) {
			t.Errorf("%s: got %.300v, want %s", name, err, test.want)
		}
	}
}

// TestCoverageTakesLimitedTime: with these patterns each match reads the rest of
// a long line.
func TestCoverageTakesLimitedTime(t *testing.T) {
	for _, log := range []string{"9" + strings.Repeat("a", 1<<14), strings.Repeat("9"+strings.Repeat("a", 1<<12)+"\n", 64) + "x"} {
		j := &Job{Coverage: `/9|a*b|a/`}
		if got := j.coverageIn(log, &budget{1 << 22}); got != "" {
			t.Errorf("%d bytes: got %q", len(log), got)
		}
	}
	j := &Job{Coverage: `/total: (\d+)%/`}
	if got := j.CoverageIn(strings.Repeat("total: 12% or not\n", 2_000) + strings.Repeat("other\n", 1_000)); got != "12" {
		t.Errorf("got %q", got)
	}
}

// TestNoBudgetNoMatch: the conditions of one job end when the budget is spent,
// and not only those of the next job.
func TestNoBudgetNoMatch(t *testing.T) {
	for source, want := range map[string]bool{`"text" =~ /t/`: false, `"text" !~ /t/`: true, `"text" =~ $PATTERN`: false, `"text" == "text"`: true} {
		e, err := parseExpression(source)
		if err != nil {
			t.Fatal(err)
		}
		lookup := func(string) (string, bool) { return "/t/", true }
		if got := e.holds(lookup, &budget{10}); got != want {
			t.Errorf("%s without a budget: %v", source, got)
		}
	}
}
