// SPDX-License-Identifier: GPL-2.0-or-later

package remotepipeline

import "strings"

// stateOf puts GitLab's word for a job's status, with the reason of a
// failure, into ours.
func stateOf(status, reason string) State {
	switch status {
	case "running", "canceling":
		return Running
	case "success":
		return Passed
	case "failed":
		return failureOf(reason)
	case "canceled":
		return Stopped
	case "skipped":
		return Skipped
	case "manual":
		return NotRun
	}
	return Waiting // created, pending, preparing, scheduled, waiting_for_resource, and what is not known yet
}

// failureOf tells failures of a job from those of what should run it.
func failureOf(reason string) State {
	switch {
	case strings.Contains(reason, "timeout"): // job_execution_timeout, stuck_or_timeout_failure
		return TimedOut
	case strings.HasPrefix(reason, "runner_"), reason == "data_integrity_failure", reason == "scheduler_failure",
		reason == "api_failure", reason == "no_matching_runner", reason == "ci_quota_exceeded":
		return Broken
	}
	return Failed
}

// pipelineEnded reports whether nothing more happens in a pipeline by itself.
func pipelineEnded(status string) bool {
	switch status {
	case "success", "failed", "canceled", "skipped", "manual":
		return true
	}
	return false
}
