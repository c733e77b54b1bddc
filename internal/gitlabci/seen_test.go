// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import "testing"

// TestVariablesInConditions: conditions do not see what exists only in a running job, but
// the environment of the job and whether it is manual. Files do not override the user.
func TestVariablesInConditions(t *testing.T) {
	for condition, want := range map[string]bool{
		"$CI_JOB_NAME": true, "$CI_PROJECT_PATH": true, "$CI_NODE_TOTAL == '1'": true, "$CI_PIPELINE_IID": true,
		"$CI_JOB_TOKEN": false, "$CI_JOB_ID": false, "$CI_PROJECT_DIR": false, "$CI_REGISTRY_USER": false, "$CI_PIPELINE_ID": false,
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
		for _, v := range e.Jobs[0].Variables {
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
