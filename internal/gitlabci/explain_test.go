// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func explained(t *testing.T, text string, vars map[string]string) *Evaluation {
	t.Helper()
	p, err := Load(fstest.MapFS{"ci.yml": {Data: []byte(text)}, "there.txt": {}}, "ci.yml", Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p.Evaluate(Event{Source: Push, Namespace: "me", Project: "p", Branch: "topic", Variables: vars, Changed: []string{"a.c"}})
}

const explainPipeline = `
variables: {UP: up}
workflow:
  rules:
    - if: $CI_PIPELINE_SOURCE == "push" && $STOP
      when: never
    - when: always
build:
  script: [make]
  rules:
    - if: '($CI_COMMIT_TAG || $A == "x") && $UP == "up"'
      when: manual
    - if: $CI_PROJECT_NAMESPACE != $UP && $RUN != "1" && $RUN != "2"
      when: never
    - changes: ["*.c"]
      exists: [there.txt]
    - when: always
plain:
  script: [make]
  only:
    refs: [branches]
    variables: [$B == "y"]
`

func TestRules(t *testing.T) {
	e := explained(t, explainPipeline, nil)
	var got []string
	for _, r := range e.Jobs[0].Rules() {
		line := fmt.Sprintf("%d %s", r.Pos.Line, r.Outcome)
		for _, p := range r.Parts {
			line += fmt.Sprintf(" [%s %v]", p.Text, p.Met)
		}
		for _, v := range r.Variables {
			line += fmt.Sprintf(" %s=%s,%v", v.Name, v.Value, v.Set)
		}
		got = append(got, line)
	}
	want := []string{
		`11 does not match [($CI_COMMIT_TAG || $A == "x") false] [$UP == "up" true] CI_COMMIT_TAG=,false A=,false UP=up,true`,
		`13 decides [$CI_PROJECT_NAMESPACE != $UP true] [$RUN != "1" true] [$RUN != "2" true] CI_PROJECT_NAMESPACE=me,true UP=up,true RUN=,false`,
		`15 not reached`, `17 not reached`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	e = explained(t, explainPipeline, map[string]string{"RUN": "2"})
	rules := e.Jobs[0].Rules()
	if r := rules[2]; r.Outcome != RuleDecides || !r.Changed || !r.There || rules[1].Outcome != RuleFails || e.Jobs[0].When != OnSuccess {
		t.Errorf("%+v", rules)
	}
	if w := e.WorkflowRules(); len(w) != 2 || w[0].Outcome != RuleFails || w[1].Outcome != RuleDecides {
		t.Errorf("workflow: %+v", w)
	}
	if p := fmt.Sprint(e.Jobs[1].Policies()); p != `[{only: refs branches true} {only: variables $B == "y" false}]` || e.Jobs[1].Rules() != nil {
		t.Errorf("policies: %s", p)
	}
}

func TestWishes(t *testing.T) {
	e := explained(t, explainPipeline, nil)
	text := func(m map[string][]string) string {
		out := ""
		for _, name := range slices.Sorted(maps.Keys(m)) {
			out += name + "=" + strings.Join(m[name], ",") + " "
		}
		return out
	}
	if got := text(e.Jobs[0].Wishes()); got != "A=x RUN=1,2 " {
		t.Errorf("of the job: %s", got)
	}
	if got := text(e.WorkflowWishes()); got != "STOP=1 " {
		t.Errorf("of the workflow: %s", got)
	}
	if got := explained(t, "j: {script: [x]}\n", nil); got.WorkflowWishes() != nil || len(got.Jobs[0].Wishes()) != 0 || got.WorkflowRules() != nil {
		t.Error("wishes without rules")
	}
}
