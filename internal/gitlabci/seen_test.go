// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"fmt"
	"strings"
	"testing"
)

// TestVariablesInConditions: conditions do not see what exists only in a running job, but
// the environment of the job and whether it is manual. Files do not override the user.
func TestVariablesInConditions(t *testing.T) {
	for condition, want := range map[string]bool{
		"$CI_JOB_NAME": true, "$CI_PROJECT_PATH": true, "$CI_NODE_TOTAL == '1'": true, "$CI_PIPELINE_IID": true,
		"$CI_JOB_TOKEN": false, "$CI_JOB_ID": false, "$CI_PROJECT_DIR": false, "$CI_REGISTRY_USER": false, "$CI_PIPELINE_ID": false,
		"$CI_DEPENDENCY_PROXY_USER": false, "$CI_DEPENDENCY_PROXY_SERVER": true, "$CI_PIPELINE_NAME == null": true, "$CI_PIPELINE_SCHEDULE_DESCRIPTION == null": true,
		"$CI_ENVIRONMENT_NAME == 'prod/main'": true, "$CI_ENVIRONMENT_ACTION == 'start'": true, "$CI_ENVIRONMENT_TIER": false,
		"$CI_JOB_MANUAL == 'true'": true, "$GITLAB_USER_NAME == 'mine'": false, "$GITLAB_USER_NAME": true,
	} {
		text := "variables: {GITLAB_USER_NAME: mine}\nj:\n  script: [x]\n  when: manual\n  environment: prod/$CI_COMMIT_BRANCH\n" +
			"  rules: [{if: \"" + condition + "\", variables: {GITLAB_USER_NAME: ours}, when: on_success}]\n"
		e, err := evaluate(files(map[string]string{"": text}), Event{Source: Push})
		if err != nil {
			t.Fatal(err)
		}
		if got := e.Jobs[0].When != Never; got != want {
			t.Errorf("%s is %v", condition, got)
		}
		for v := range e.Jobs[0].Variables.All() {
			if v.Name == "CI_JOB_MANUAL" && want || v.Name == "GITLAB_USER_NAME" && v.Value != localReference || v.Name == "CI_JOB_TOKEN" && v.Value == "" {
				t.Errorf("%s: the job has %s=%s", condition, v.Name, v.Value)
			}
		}
	}
	e, err := evaluate(files(map[string]string{"": "j: {script: [x], when: delayed, start_in: 5 min, only: {variables: [$CI_JOB_MANUAL]}}"}), Event{Source: Push})
	if err != nil || e.Jobs[0].When != Delayed {
		t.Errorf("delayed: %v", err)
	}
	e, err = evaluate(files(map[string]string{"": "include: [{local: a.yml, rules: [{if: $CI_PROJECT_DIR}]}]\nj: {script: [x]}", "a.yml": "k: {script: [x]}"}), Event{})
	if err != nil || len(e.Jobs) != 1 {
		t.Errorf("include: %d jobs, %v", len(e.Jobs), err)
	}
	e, err = evaluate(files(map[string]string{"": "workflow: {rules: [{if: $CI_REPOSITORY_URL, when: never}, {when: always}]}\nj: {script: [x]}"}), Event{})
	if err != nil || !e.Created {
		t.Errorf("workflow: %v", err)
	}
}

// TestNodeVariables: the files can override the number of an instance, as on GitLab.
func TestNodeVariables(t *testing.T) {
	for text, want := range map[string]string{
		"j: {script: [x], parallel: 2}": "1/2 2/2", "j: {script: [x]}": "/1", "j: {script: [x], variables: {CI_NODE_TOTAL: 9}}": "/9",
		"j: {script: [x], parallel: 2, variables: {CI_NODE_TOTAL: 9}}":                                                            "1/9 2/9",
		"variables: {CI_NODE_INDEX: 7}\nj: {script: [x], parallel: 2}":                                                            "7/2 7/2",
		"j: {script: [x], parallel: {matrix: [{CI_NODE_INDEX: [a, b]}]}}":                                                         "a/2 b/2",
		"j: {script: [x], parallel: 3, rules: [{if: $CI_NODE_INDEX == '2' && $CI_NODE_TOTAL == '3'}]}":                            "2/3",
		"j: {script: [x], parallel: 2, variables: {CI_NODE_INDEX: 5}, rules: [{if: $CI_NODE_INDEX == '5', variables: {A: b}}]}\n": "5/2 5/2",
	} {
		e, err := evaluate(files(map[string]string{"": text}), Event{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for i := range e.Jobs {
			if job := &e.Jobs[i]; job.When != Never {
				got = append(got, job.variable("CI_NODE_INDEX")+"/"+job.variable("CI_NODE_TOTAL"))
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q", text, got)
		}
	}
}

// TestProtected: the default branch is protected unless the project's settings say otherwise.
func TestProtected(t *testing.T) {
	for _, c := range []struct {
		event Event
		want  string
	}{
		{Event{Source: Push}, "true"}, {Event{Source: Schedule, Branch: "dev", DefaultBranch: "dev"}, "true"}, {Event{Source: Web, Child: true}, "true"},
		{Event{Source: Push, Branch: "topic"}, "false"}, {Event{Source: Push, Tag: "v1"}, "false"}, {Event{Source: MergeRequest}, "false"},
		{Event{Source: Push, Variables: map[string]string{"CI_COMMIT_REF_PROTECTED": "false"}}, "false"},
	} {
		e, err := evaluate(files(map[string]string{"": "j: {script: [x], rules: [{when: always}]}\n"}), c.event)
		if err != nil || e.Jobs[0].variable("CI_COMMIT_REF_PROTECTED") != c.want {
			t.Errorf("%+v: %v, %q", c.event, err, e.Jobs[0].variable("CI_COMMIT_REF_PROTECTED"))
		}
	}
}

// TestAbsentVariables: what GitLab does not set is not in the environment of a job.
func TestAbsentVariables(t *testing.T) {
	for source, want := range map[string]bool{Push: false, Schedule: true} {
		e, err := evaluate(files(map[string]string{"": "j: {script: [x], environment: {name: e}}\nk: {script: [x], environment: {name: e, url: 'https://$CI_ENVIRONMENT_NAME'}}\n"}), Event{Source: source})
		if err != nil {
			t.Fatal(err)
		}
		has := map[string]bool{}
		for v := range e.Jobs[0].Variables.All() {
			has[v.Name] = true
		}
		if has["CI_PIPELINE_SCHEDULE_DESCRIPTION"] != want || has["CI_ENVIRONMENT_URL"] || !has["CI_DEPENDENCY_PROXY_USER"] || !has["CI_PIPELINE_NAME"] {
			t.Errorf("%s: %v", source, has)
		}
		if got := e.Jobs[1].variable("CI_ENVIRONMENT_URL"); got != "https://e" {
			t.Errorf("url %q", got)
		}
	}
}

// TestTriggered: child pipelines of a triggered pipeline are triggered too, without its payload.
func TestTriggered(t *testing.T) {
	for _, c := range []struct {
		event     Event
		triggered string
		payload   bool
	}{{Event{Source: Trigger}, "true", true}, {Event{Source: Trigger, Child: true}, "true", false}, {Event{Source: Push}, "", false}} {
		e, err := evaluate(files(map[string]string{"": "j: {script: [x]}\n"}), c.event)
		if err != nil {
			t.Fatal(err)
		}
		payload := false
		for v := range e.Jobs[0].Variables.All() {
			payload = payload || v.Name == "TRIGGER_PAYLOAD"
		}
		if got := e.Jobs[0].variable("CI_PIPELINE_TRIGGERED"); got != c.triggered || payload != c.payload {
			t.Errorf("%+v: %q, %v", c.event, got, payload)
		}
		if got := e.Jobs[0].variable("CI_TRIGGER_SHORT_TOKEN"); len(got) != len(c.triggered) { // both have four characters
			t.Errorf("%+v: token %q", c.event, got)
		}
	}
}

// TestPipelineName: jobs, but no conditions, see the name of the pipeline, without blanks
// around it.
func TestPipelineName(t *testing.T) {
	e, err := evaluate(files(map[string]string{"": "workflow: {name: ' $A $NO'}\nvariables: {A: my name}\nj: {script: [x], rules: [{if: $CI_PIPELINE_NAME, when: never}, {when: always}]}\n"}), Event{})
	if err != nil || e.Name != "my name" || e.Jobs[0].When != Always || e.Jobs[0].variable("CI_PIPELINE_NAME") != "my name" {
		t.Errorf("%v, %q, %s", err, e.Name, e.Jobs[0].When)
	}
}

// TestGroupName: GitLab takes a name that ends like that of an instance for one.
func TestGroupName(t *testing.T) {
	for name, want := range map[string]string{
		"test": "test", "test 1/3": "test", "build: [a, b]": "build", "build [x]": "build", "a 1 2": "a", "a 1 2 3 4 5 6 7 8": "a 1 2", "a: [b] 1/2 3/4 ": "a",
		"1/3": "1/3", "a1/3": "a1/3", "a[b]": "a[b]", "a 1/3 b": "a 1/3 b", "a:1:2": "a",
	} {
		e, err := evaluate(files(map[string]string{"": "'" + name + "': {script: [x]}\n"}), Event{})
		if err != nil || e.Jobs[0].variable("CI_JOB_GROUP_NAME") != want {
			t.Errorf("%s: %v, %q", name, err, e.Jobs[0].variable("CI_JOB_GROUP_NAME"))
		}
	}
}

// TestMatrixValues: variables take any single value, those of a matrix do not.
func TestMatrixValues(t *testing.T) {
	for values, want := range map[string]string{
		"[a, '1.5', 7, 0x10, -3]": "", "5": "", "1_000": "", "3.8": "3.8", "[a, 3.10]": "3.1", "true": "true", "[yes]": "true", "[null]": "nothing", "1e+3": "", "[.inf]": "Infinity",
	} {
		for _, key := range []string{"parallel: {matrix: [{V: %s}]}", "needs: [{job: k, optional: true, parallel: {matrix: [{V: %s}]}}]"} {
			_, err := evaluate(files(map[string]string{"": "j:\n  script: [x]\n  variables: {W: 1.5, B: true}\n  " + fmt.Sprintf(key, values) + "\n"}), Event{})
			if want == "" && err == nil {
				continue
			}
			if got := fmt.Sprint(err); got != `.gitlab-ci.yml:4: job "j": parallel: matrix: V takes strings and whole numbers, got `+want {
				t.Errorf("%s: %s", values, got)
			}
		}
	}
}
