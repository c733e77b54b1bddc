// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"errors"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/redact"
)

// TestListedChildren: jobs of child pipelines are listed and explained if their files are in
// the tree.
func TestListedChildren(t *testing.T) {
	s := opened(t, map[string]string{
		".gitlab-ci.yml": `
first: {script: [x]}
t:
  variables: {GIVEN: given}
  trigger: {include: child.yml}
dynamic:
  trigger: {include: [{artifact: a.yml, job: first}]}
elsewhere: {trigger: {project: a/b}}
bad: {trigger: {include: bad.yml}}
loop: {trigger: {include: loop.yml}}
`,
		"child.yml": "c:\n  script: [x]\n  rules: [{if: $GIVEN == 'given'}]\nd: {script: [x], rules: [{if: $CI_PIPELINE_SOURCE == 'push'}]}\ne: {script: [x], needs: [c]}\n",
		"bad.yml":   "b: {script: [x], needs: [none]}\n",
		"loop.yml":  "loop: {trigger: {include: loop.yml}}\n",
	})
	e := s.Evaluate(t.Context(), gitlabci.Event{Source: gitlabci.Push, Namespace: "me", Project: "p"})
	var names, problems []string
	for _, j := range e.List(false) {
		names = append(names, j.Name)
		problems = append(problems, j.Problems...)
		if j.Name == "t/e" && strings.Join(j.Needs, " ") != "t/c" {
			t.Errorf("needs %q", j.Needs)
		}
	}
	if want := "first t t/c t/e dynamic elsewhere bad loop loop/loop loop/loop/loop"; strings.Join(names, " ") != want {
		t.Errorf("got %q", names)
	}
	if text := strings.Join(problems, "\n"); len(problems) != 2 || !strings.Contains(text, "only GitLab can") || !strings.Contains(text, "GitLab refuses its pipeline") {
		t.Errorf("problems %q", problems)
	}
	if got := Explain(e, "t/c", redact.Variables(nil)); len(got) != 1 || got[0].Name != "t/c" || len(got[0].Rules) != 1 {
		t.Errorf("explained %+v", got)
	}
}

// TestManyChildren: a tree cannot make child pipelines without end.
func TestManyChildren(t *testing.T) {
	s := opened(t, map[string]string{
		".gitlab-ci.yml": "t: {trigger: {include: child.yml}, parallel: {matrix: [{N: [a, b, c, d, e, f, g, h]}]}}\n",
		"child.yml":      "a: {script: [x]}\nt: {trigger: {include: bad.yml}, parallel: {matrix: [{N: [a, b]}]}}\n",
		"bad.yml":        "b: {script: [x], needs: [none]}\n",
	})
	e := s.Evaluate(t.Context(), gitlabci.Event{Source: gitlabci.Push, Namespace: "me", Project: "p"})
	left := 4 * refusedWork
	e.work = &left
	jobs := e.List(false)
	last := jobs[len(jobs)-1]
	if len(jobs) > 20 || last.Name != "t: [h]" || len(last.Problems) != 1 || !strings.Contains(last.Problems[0], "too many jobs to list them all") {
		t.Errorf("%d jobs, the last %+v", len(jobs), last)
	}
}

// TestChildrenFromElsewhere: a child pipeline may include files by URL and of other
// projects, if fetching is on.
func TestChildrenFromElsewhere(t *testing.T) {
	const text = `
url: {trigger: {include: [{remote: "https://example.org/a.yml", inputs: {word: given}}]}}
lib: {variables: {REF: v1}, trigger: {include: [{project: group/lib, ref: $REF, file: [b.yml, c.yml]}]}}
away: {trigger: {include: [{remote: "https://example.org/none.yml"}]}}
`
	s := opened(t, map[string]string{PipelineFile: text})
	const project = "https://gitlab.com/api/v4/projects/group%2Flib/repository/files/"
	served := map[string]string{
		"https://example.org/a.yml":  "spec: {inputs: {word: {default: none}}}\n---\na-$[[ inputs.word ]]: {script: [x]}\n",
		project + "b.yml/raw?ref=v1": "b: {script: [x]}\n",
		project + "c.yml/raw?ref=v1": "c: {script: [x], needs: [b]}\n",
	}
	names := func() string {
		var out []string
		for _, j := range s.Evaluate(t.Context(), gitlabci.Event{Source: gitlabci.Push, Namespace: "me", Project: "p"}).List(false) {
			out = append(out, j.Name)
		}
		return strings.Join(out, " ")
	}
	if got := names(); got != "url lib away" {
		t.Errorf("not asked for: %s", got)
	}
	s.elsewhere = &gitlabci.Elsewhere{URL: func(url string) ([]byte, error) {
		if text, ok := served[url]; ok {
			return []byte(text), nil
		}
		return nil, errors.New("no answer")
	}}
	if got := names(); got != "url url/a-given lib lib/b lib/c away" {
		t.Errorf("listed: %s", got)
	}
	e := s.Evaluate(t.Context(), gitlabci.Event{Source: gitlabci.Push, Namespace: "me", Project: "p"})
	p, err := e.Plan(t.Context(), Choice{Names: []string{"*"}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(p.Skipped, "\n"), `away: starts a pipeline from remote "https://example.org/none.yml", which is not here: no answer`; got != want || len(p.Jobs) != 2 {
		t.Errorf("%d jobs, left out %s", len(p.Jobs), got)
	}
}
