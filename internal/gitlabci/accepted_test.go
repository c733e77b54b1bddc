// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"fmt"
	"testing"
	"time"
)

// TestAccepted: GitLab takes these pipelines, and so the first job of each is in order.
func TestAccepted(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a description of a file":         "spec: {description: d, inputs: {a: {default: b}}}\n---\nj: {script: ['$[[ inputs.a ]]']}\n",
		"cache of a remote file":          "j: {script: [x]}\ninclude: [{remote: 'https://h/a.yml', cache: true}, {remote: 'https://h/b.yml', cache: 1 hour}, {remote: 'https://h/c.yml', cache: null}]\n",
		"a tier from a variable":          "j: {script: [x], environment: {name: e, deployment_tier: $TIER}}\n",
		"kinds of failures":               "j: {script: [x], retry: {max: 1, when: [runner_external_dependency_failure, stuck_pending_no_matching_runners, server_timeout_running]}}\n",
		"timeout as a word":               "j: {script: [x], timeout: one hour}\n",
		"exists without paths":            "j: {script: [x], rules: [{exists: {paths: null}}, {when: always}]}\n",
		"a long default timeout, not set": "default: {timeout: 1 day}\nj: {script: [x]}\n",
	} {
		e, err := evaluate(files(map[string]string{"": text}), Event{})
		if err != nil || len(e.Jobs) == 0 || len(e.Jobs[0].Unresolved) > 0 || e.Jobs[0].When == Unknown && len(e.Missing) == 0 {
			t.Errorf("%s: %v, %s", name, err, e.text(Notice))
		}
	}
	for text, want := range map[string]string{
		"include: {local: a.yml, cache: true}\n":                 `.gitlab-ci.yml:1: include: cache is for remote files only`,
		"include: {remote: 'https://h/a.yml', cache: 30 secs}\n": `.gitlab-ci.yml:1: include: cache is shorter than a minute`,
		"include: {remote: 'https://h/a.yml', cache: [1]}\n":     `.gitlab-ci.yml:1: include: cache takes a length of time such as "1h 30m", got ""`,
	} {
		_, err := evaluate(files(map[string]string{"": text + "j: {script: [x]}\n", "a.yml": "k: {script: [x]}"}), Event{})
		if fmt.Sprint(err) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestTierOfVariables: a tier that is none after its variables are replaced is derived from
// the name.
func TestTierOfVariables(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"staging": "staging", "nothing": "production"} {
		e, err := evaluate(files(map[string]string{"": "variables: {T: " + text + "}\n" +
			"j: {script: [x], environment: {name: prod, deployment_tier: $T}, rules: [{if: $CI_ENVIRONMENT_TIER == $T}]}\n"}), Event{})
		if err != nil || e.Jobs[0].When != OnSuccess || e.Jobs[0].variable("CI_ENVIRONMENT_TIER") != want {
			t.Errorf("%s: %v, %s", text, err, e.text(Notice))
		}
	}
}

// TestDefaultTimeout: GitLab takes a timeout in default, where it has no effect.
func TestDefaultTimeout(t *testing.T) {
	t.Parallel()
	e, err := evaluate(files(map[string]string{"": "default: {timeout: 1 second}\nj: {script: [x]}\nk: {script: [x], timeout: 1 minute}\n"}), Event{})
	if err != nil || e.Jobs[0].Timeout != 0 || e.Jobs[1].Timeout != time.Minute {
		t.Errorf("%v, %s", err, e.text(Notice))
	}
	if _, err = evaluate(files(map[string]string{"": "default: {timeout: soon}\nj: {script: [x]}\n"}), Event{}); err == nil {
		t.Error("taken")
	}
}
