// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
)

func TestEmpty(t *testing.T) {
	const base = `
variables: {UP: up}
.base:
  script: [make]
  rules:
    - if: $CI_COMMIT_TAG
      when: never
    - if: $THE_CI != "1" && $THE_CI != "2" && $CI_PROJECT_NAMESPACE != $UP
      when: never
    - if: $THE_CI != "2"
      when: manual
    - when: on_success
a: {extends: .base}
b: {extends: .base}
c:
  script: [make]
  rules: [{if: $RUN_C}]
`
	for _, test := range []struct{ name, pipeline, want string }{
		{"rules", base, "2 by 8, 1 by 0; THE_CI=1 2/2 THE_CI=2 2/0 RUN_C=1 1/0"},
		{"jobs", strings.Replace(base, "rules: [{if: $RUN_C}]", "", 1), ""},
		{"workflow", "workflow: {rules: [{if: $RUN_PIPELINE}]}\na: {script: [x]}\n", "1 by 0 workflow; RUN_PIPELINE=1 1/0"},
		{"last rule", "a:\n  script: [x]\n  rules:\n    - if: $CI_PIPELINE_SOURCE == 'push' && $RUN\n    - when: never\n", "1 by 5; RUN=1 1/0"},
		{"predefined only", "a:\n  script: [x]\n  rules:\n    - if: $CI_COMMIT_TAG\n", "1 by 0; tag 1/0"},
		{"policy", "a: {script: [x], except: [pushes]}\nb: {script: [x], only: [tags]}\nc: {script: [x], only: [schedules], when: manual}\n", "3 by 0 policy; web 1/0 schedule 2/1"},
		{"when of its own", "a: {script: [x], when: never}\n", "1 by 0 own; "},
		{"when beside a policy", "a: {script: [x], when: never, only: [tags]}\nb: {script: [x], only: [tags]}\nc: {script: [x], except: [branches]}\n", "3 by 0 policy; tag 2/0"},
		{"both", "a: {script: [x], when: never}\nb: {script: [x], except: [branches]}\n", "1 by 0 own, 1 by 0 policy; tag 1/0"},
		{"given but wrong", "a:\n  script: [x]\n  rules:\n    - if: $GIVEN == 'yes'\n", "1 by 0; GIVEN=yes 1/0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := opened(t, map[string]string{".gitlab-ci.yml": test.pipeline})
			e := s.Evaluate(t.Context(), gitlabci.Event{Source: gitlabci.Push, Namespace: "me", Project: "p", Variables: map[string]string{"GIVEN": "no"}})
			got := ""
			if empty := e.Empty(); empty != nil {
				var reasons, wishes []string
				for _, r := range empty.Reasons {
					text := fmt.Sprintf("%d by %d", r.Jobs, r.Rule.Pos.Line)
					if r.Workflow {
						text += " workflow"
					}
					if r.Own {
						text += " own"
					}
					if r.Policy {
						text += " policy"
					}
					reasons = append(reasons, text)
				}
				for _, w := range empty.Wishes {
					wishes = append(wishes, fmt.Sprintf("%s=%s %d/%d", w.Name, w.Value, w.Jobs, w.Manual))
				}
				for _, o := range empty.Events {
					name := o.Source
					if o.Tag {
						name = "tag"
					}
					wishes = append(wishes, fmt.Sprintf("%s %d/%d", name, o.Jobs, o.Manual))
				}
				got = strings.Join(reasons, ", ") + "; " + strings.Join(wishes, " ")
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// TestPastedHint: a value that a hostile pipeline names is one word in a shell, also for
// who pastes the hint.
func TestPastedHint(t *testing.T) {
	var lines []string
	m := Messages{Infof: func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }}
	m.explainEmpty(&Emptiness{Wishes: []Wish{{Name: "A", Value: "$(touch x)", Jobs: 1}, {Name: "B", Value: "it's", Jobs: 2, Manual: 2}, {Name: "C", Value: "v1.2/x-y", Jobs: 1}}}, nil)
	want := []string{"hint: --var 'A=$(touch x)' gives 1 job", `hint: --var 'B=it'\''s' gives 2 jobs, all started by hand`, "hint: --var C=v1.2/x-y gives 1 job"}
	if !slices.Equal(lines, want) {
		t.Errorf("got %q, want %q", lines, want)
	}
	missing := &api.BuildError{BaseMissing: true}
	if hint := diag.Hint(Advise("job", "debian-a;b", missing)); !strings.Contains(hint, "bootstrap 'debian-a;b', builds") {
		t.Errorf("hint %q", hint)
	}
	for _, target := range []string{"fedora-44", "alpine-323", "debian", ""} {
		if hint := diag.Hint(Advise("job", target, missing)); (hint != "") != (target == "debian") {
			t.Errorf("%q: hint %q", target, hint)
		}
	}
}
