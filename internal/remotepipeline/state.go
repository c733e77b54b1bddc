// SPDX-License-Identifier: GPL-2.0-or-later

package remotepipeline

import (
	"strings"

	"gitlab.com/lcitool/lcitool/internal/outcome"
)

// stateOf maps GitLab's job status and failure_reason to a State.
func stateOf(status, reason string) outcome.State {
	switch status {
	case "running", "canceling":
		return outcome.Running
	case "success":
		return outcome.Passed
	case "failed":
		return failureOf(reason)
	case "canceled":
		return outcome.Stopped
	case "skipped":
		return outcome.Skipped
	case "manual":
		return outcome.NotRun
	}
	return outcome.Waiting // created, pending, preparing, scheduled, waiting_for_resource, and unknown ones
}

// failureOf separates failures of a job from failures of the runner.
func failureOf(reason string) outcome.State {
	switch {
	case strings.Contains(reason, "timeout"): // job_execution_timeout, stuck_or_timeout_failure
		return outcome.TimedOut
	case strings.HasPrefix(reason, "runner_"), reason == "data_integrity_failure", reason == "scheduler_failure",
		reason == "api_failure", reason == "no_matching_runner", reason == "ci_quota_exceeded":
		return outcome.EngineError
	}
	return outcome.Failed
}

// pipelineEnded reports whether a pipeline with this status does not change by
// itself.
func pipelineEnded(status string) bool {
	switch status {
	case "success", "failed", "canceled", "skipped", "manual":
		return true
	}
	return false
}
