// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// TestManyNeeds: each instance of a matrix counts, and so does each need.
func TestManyNeeds(t *testing.T) {
	for n, refused := range map[int]bool{49: false, 50: false, 51: true} {
		text := fmt.Sprintf("many: {script: [x], parallel: %d}\none: {script: [x], needs: [many]}\n", n)
		p, err := Load(fstest.MapFS{"ci.yml": {Data: []byte(text)}}, "ci.yml", Options{})
		if err != nil {
			t.Fatal(err)
		}
		e := p.Evaluate(Event{})
		said := len(e.Problems) == 1 && strings.Contains(e.Problems[0].Message, "it needs 51 jobs, and GitLab takes 50")
		if e.Refused() != refused || said != refused {
			t.Errorf("%d: %v", n, e.Problems)
		}
	}
}

// GitLab drops empty items of needs and services. Xen's pipeline has them.
func TestEmptyItems(t *testing.T) {
	e, err := evaluate(files(map[string]string{"": `
.none: &none
  -
first: {script: [x]}
one:
  script: [x]
  needs: [*none, first]
  services: [*none, {name: db}]
`}), Event{})
	if err != nil || len(e.Problems) > 0 {
		t.Fatalf("%v, %v", err, e.Problems)
	}
	one := e.Jobs[1]
	if len(one.Needs) != 1 || one.Needs[0].Job != "first" || len(one.Services) != 1 || one.Services[0].Name != "db" {
		t.Errorf("got %+v and %+v", one.Needs, one.Services)
	}
}

// A job that the default of only excludes may be in the pipeline if a missing include could
// have workflow rules.
func TestNeedOfAJobLeftOut(t *testing.T) {
	const jobs = "\nbuild: {script: [x]}\ntest: {script: [x], needs: [build], rules: [{when: always}]}\n"
	for text, refused := range map[string]bool{
		"":                                   true,
		"include: https://example.org/a.yml": false,
		"include: https://example.org/a.yml\nworkflow: {rules: [{if: $CI}]}\n": false,
	} {
		e, _ := evaluate(files(map[string]string{"": text + jobs}), Event{Source: MergeRequest})
		if e == nil || e.Refused() != refused {
			t.Errorf("%q: got %+v, want refused %v", text, e, refused)
		}
	}
}

// TestParallelNeeds: what all jobs need is limited, because parallel jobs that
// need parallel jobs multiply.
func TestParallelNeeds(t *testing.T) {
	for key, count := range map[string]func(*Job) int{
		"needs":        func(j *Job) int { return len(j.Needs) },
		"dependencies": func(j *Job) int { return len(j.Dependencies) },
	} {
		text, names := "", []string{}
		for i := range 16 {
			text += fmt.Sprintf("j%d: {script: [x], parallel: 200, %s: [%s]}\n", i, key, strings.Join(names, ", "))
			names = append(names, fmt.Sprintf("j%d", i))
		}
		p, err := Load(fstest.MapFS{"ci.yml": {Data: []byte(text)}}, "ci.yml", Options{})
		if err != nil {
			t.Fatal(err)
		}
		e, linked := p.Evaluate(Event{}), 0
		for i := range e.Jobs {
			linked += count(&e.Jobs[i])
		}
		if linked > maxLinked || !e.Refused() {
			t.Errorf("%s: %d of all jobs, %d problems", key, linked, len(e.Problems))
		}
	}
}

// TestNeedsWithoutEffect: GitLab ignores an empty list of needs in a rule, and
// needs:parallel of a job that is not parallel.
func TestNeedsWithoutEffect(t *testing.T) {
	for needs, want := range map[string]string{
		"rules: [{when: always, needs: []}]":               "false []",
		"needs: [a], rules: [{when: always, needs: []}]":   "true [a]",
		"needs: [a], rules: [{when: always, needs: null}]": "true [a]",
		"needs: [a], rules: [{when: always, needs: [b]}]":  "true [b]",
		"needs: [], rules: [{when: always, needs: [b]}]":   "true [b]",
		"needs: []": "true []",
		"needs: [{job: a, parallel: {matrix: [{V: [x, y]}]}}, b]":                           "true [a b]",
		"rules: [{when: always, needs: [{job: a, parallel: {matrix: [{V: [x, y]}]}}]}]":     "true [a]",
		"needs: [{job: p, parallel: {matrix: [{V: [x]}]}}]":                                 "true [p: [x]]",
		"needs: [{job: a, optional: true, artifacts: false, parallel: {matrix: [{V: x}]}}]": "true [a]",
	} {
		e, err := evaluate(files(map[string]string{"": "a: {stage: build, script: [x]}\nb: {stage: build, script: [x]}\n" +
			"p: {stage: build, script: [x], parallel: {matrix: [{V: [x, y]}]}}\nj: {script: [x], " + needs + "}\n"}), Event{})
		if err != nil {
			t.Errorf("%s: %v", needs, err)
			continue
		}
		job, names := e.Jobs[len(e.Jobs)-1], []string{}
		for _, n := range job.Needs {
			names = append(names, n.Job)
		}
		if got := fmt.Sprint(job.Ordered, names); got != want {
			t.Errorf("%s: %s, want %s", needs, got, want)
		}
	}
}
