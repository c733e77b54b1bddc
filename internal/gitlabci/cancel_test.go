// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import "testing"

// TestCancelOnFailure: the rule that decides overrides what workflow says.
func TestCancelOnFailure(t *testing.T) {
	t.Parallel()
	for workflow, want := range map[string]bool{
		"{}": false, "{auto_cancel: null}": false, "{auto_cancel: {}}": false, "{auto_cancel: {on_job_failure: none}}": false, "{auto_cancel: {on_new_commit: none}}": false,
		"{auto_cancel: {on_job_failure: all}}":                                                                                    true,
		"{rules: [{when: always, auto_cancel: {on_job_failure: all}}]}":                                                           true,
		"{rules: [{if: $NO, auto_cancel: {on_job_failure: all}}, {when: always}]}":                                                false,
		"{auto_cancel: {on_job_failure: all}, rules: [{when: always}]}":                                                           true,
		"{auto_cancel: {on_job_failure: all}, rules: [{when: always, auto_cancel: {on_new_commit: none}}]}":                       true,
		"{auto_cancel: {on_job_failure: all}, rules: [{when: always, auto_cancel: {on_job_failure: none}}]}":                      false,
		"{auto_cancel: {on_job_failure: all}, rules: [{when: always, auto_cancel: {on_job_failure: null}}]}":                      false,
		"{auto_cancel: {on_job_failure: all}, rules: [{if: $NO, auto_cancel: {on_job_failure: none}}, {when: always}, {if: $A}]}": true,
	} {
		e, err := evaluate(files(map[string]string{"": "workflow: " + workflow + "\nj: {script: [x]}\n"}), Event{})
		if err != nil || e.CancelOnFailure != want {
			t.Errorf("%s: %v, %v", workflow, e.CancelOnFailure, err)
		}
	}
}
