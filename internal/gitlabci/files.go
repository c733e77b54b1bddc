// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

func (j *jobDecoder) files(job *Job) {
	if v := j.get("artifacts"); v != nil {
		job.Artifacts = j.artifacts(v)
	}
	j.addPublished(job)
	v := j.get("cache")
	if v == nil {
		return
	}
	items := []*value{v}
	if v.kind == list {
		items = j.flat(v, "cache")
	}
	for _, item := range items {
		if item.kind == mapping && len(item.fields) == 0 {
			continue // an empty mapping disables the cache
		}
		job.Cache = append(job.Cache, j.cache(item))
	}
	if len(job.Cache) > 4 {
		j.errorf(v.pos, "cache has more than 4 entries")
	}
}

func (j *jobDecoder) artifacts(v *value) *Artifacts {
	if !j.keys(v, "artifacts", "access", "exclude", "expire_in", "expose_as", "name", "paths", "public", "reports", "untracked", "when") {
		return nil
	}
	a := &Artifacts{
		Name: j.text(v.get("name"), "artifacts: name"), Paths: j.listed(v.get("paths"), "artifacts: paths"),
		Exclude: j.listed(v.get("exclude"), "artifacts: exclude"), ExposeAs: j.text(v.get("expose_as"), "artifacts: expose_as"),
		When:      j.choice(v.get("when"), "artifacts: when", OnSuccess, OnFailure, Always),
		Untracked: j.truth(v.get("untracked"), "artifacts: untracked"),
	}
	j.choice(v.get("access"), "artifacts: access", "all", "developer", "maintainer", "none")
	j.truth(v.get("public"), "artifacts: public")
	if v.get("access") != nil && v.get("public") != nil {
		j.errorf(v.pos, "artifacts: access and public cannot stand beside each other")
	}
	if e := v.get("expose_as"); e != nil {
		j.exposed(e, a)
	}
	if e := v.get("expire_in"); e != nil {
		if a.ExpireIn = e.text; e.kind != text || e.text != "0" {
			j.expiry(e, "artifacts: expire_in", false)
		}
	}
	if reports := v.get("reports"); reports != nil {
		if reports.kind != mapping {
			j.errorf(reports.pos, "artifacts: reports takes a mapping, got %s", reports.describe())
		}
		for _, f := range reports.fields {
			if !slices.Contains(reportKinds(), f.key) {
				j.errorf(f.pos, "artifacts: reports has the unknown key %s", yamldoc.Quote(f.key))
			}
			a.Reports = append(a.Reports, j.report(f))
		}
	}
	return a
}

func (j *jobDecoder) report(f field) Report {
	r, what := Report{Kind: f.key}, "artifacts: reports: "+yamldoc.OneLine(f.key)
	switch v := f.value; {
	case v.kind == null:
	case f.key != "coverage_report":
		r.Paths = j.texts(v, what)
	case j.keys(v, what, "coverage_format", "path"):
		if path := j.text(v.get("path"), what+": path"); path != "" {
			r.Paths = []string{path}
		} else {
			j.errorf(v.pos, "%s needs path", what)
		}
		if v.get("coverage_format") == nil {
			j.errorf(v.pos, "%s needs coverage_format", what)
		}
		j.choice(v.get("coverage_format"), what+": coverage_format", "", "cobertura", "jacoco")
	}
	return r
}

func reportKinds() []string {
	return []string{
		"accessibility", "annotations", "api_fuzzing", "browser_performance", "cluster_image_scanning", "codequality", "container_scanning",
		"coverage_fuzzing", "coverage_report", "cyclonedx", "dast", "dependency_scanning", "dotenv", "junit", "license_scanning", "load_performance",
		"lsif", "metrics", "performance", "repository_xray", "requirements", "requirements_v2", "sast", "scip", "secret_detection", "terraform",
	}
}

var exposedName = lazyregexp.New(`^\w[-\w ]*$`)

// exposed validates artifacts:expose_as.
func (j *jobDecoder) exposed(v *value, a *Artifacts) {
	switch {
	case v.kind == text && (!exposedName.MatchString(v.text) || len(v.text) > 100):
		j.errorf(v.pos, "artifacts: expose_as takes at most 100 letters, digits, blanks and any of -_")
	case len(a.Paths) == 0:
		j.errorf(v.pos, "artifacts: expose_as needs paths")
	case slices.ContainsFunc(a.Paths, func(p string) bool { return strings.Contains(p, "*") }):
		j.errorf(v.pos, "artifacts: expose_as needs paths without *")
	}
}

// maxFallbackKeys is GitLab's limit on cache:fallback_keys.
const maxFallbackKeys = 5

func (j *jobDecoder) cache(v *value) Cache {
	if !j.keys(v, "cache", "fallback_keys", "key", "paths", "policy", "unprotect", "untracked", "when") {
		return Cache{}
	}
	c := Cache{
		Key: "default", FallbackKeys: j.listed(v.get("fallback_keys"), "cache: fallback_keys"),
		Paths: j.listed(v.get("paths"), "cache: paths"), Policy: "pull-push",
		When:      j.choice(v.get("when"), "cache: when", OnSuccess, OnFailure, Always),
		Untracked: j.truth(v.get("untracked"), "cache: untracked"), Unprotect: j.truth(v.get("unprotect"), "cache: unprotect"),
	}
	j.atMost(v, "cache: fallback_keys", c.FallbackKeys, maxFallbackKeys)
	if p := v.get("policy"); p != nil {
		if c.Policy = j.text(p, "cache: policy"); c.Policy == "" || c.Policy[0] != '$' { // it may come from a variable
			c.Policy = j.choice(p, "cache: policy", "pull-push", "pull", "push")
		}
	}
	switch key := v.get("key"); {
	case key == nil:
	case key.kind == mapping:
		j.keys(key, "cache: key", "files", "files_commits", "prefix")
		c.Key, c.KeyPrefix = "", j.text(key.get("prefix"), "cache: key: prefix")
		c.KeyFiles = j.listed(key.get("files"), "cache: key: files")
		if commits := key.get("files_commits"); commits != nil {
			if key.get("files") != nil {
				j.errorf(key.pos, "cache: key takes one of files, files_commits")
			}
			c.KeyFiles = j.listed(commits, "cache: key: files_commits")
		}
		if len(c.KeyFiles) == 0 || len(c.KeyFiles) > 2 {
			j.errorf(key.pos, "cache: key: files takes one or two paths")
		}
	default:
		c.Key = j.text(key, "cache: key")
		if plain, _ := url.PathUnescape(c.Key); strings.Contains(plain, "/") || strings.Contains(c.Key, "/") || plain == "." || plain == ".." {
			j.errorf(key.pos, "cache: key has no slash and is not a dot, got %s", yamldoc.Quote(c.Key))
		}
	}
	return c
}

func (j *jobDecoder) limits(job *Job) {
	timeout := j.v.get("timeout") // GitLab accepts it in default, where it has no effect
	if job.Timeout = j.duration(timeout, "timeout"); job.Timeout > 30*24*time.Hour {
		j.errorf(timeout.pos, "timeout is longer than a month")
	}
	job.Interruptible = j.truth(j.get("interruptible"), "interruptible")
	switch retry := j.get("retry"); {
	case retry == nil:
	case retry.kind == mapping:
		j.keys(retry, "retry", "max", "when", "exit_codes")
		job.Retry = Retry{
			Max: j.integer(retry.get("max"), "retry: max", 0, 2), When: j.texts(retry.get("when"), "retry: when"),
			ExitCodes: j.integers(retry.get("exit_codes"), "retry: exit_codes", 0, 255),
		}
		for _, w := range job.Retry.When {
			if !slices.Contains(failures(), w) {
				j.errorf(retry.get("when").pos, "retry: when has the unknown kind of failure %s", yamldoc.Quote(w))
			}
		}
	default:
		job.Retry.Max = j.integer(retry, "retry", 0, 2)
	}
}

// failures returns the values of retry:when.
func failures() []string {
	return []string{
		"always", "unknown_failure", "script_failure", "api_failure", "stuck_or_timeout_failure", "runner_system_failure",
		"missing_dependency_failure", "runner_unsupported", "stale_schedule", "job_execution_timeout", "archived_failure", "unmet_prerequisites",
		"scheduler_failure", "data_integrity_failure", "forward_deployment_failure", "user_blocked", "project_deleted", "ci_quota_exceeded",
		"pipeline_loop_detected", "no_matching_runner", "trace_size_exceeded", "builds_disabled", "environment_creation_failure",
		"deployment_rejected", "failed_outdated_deployment_job", "job_execution_server_timeout", "stuck_pending_with_matching_runners",
		"stuck_pending_no_matching_runners", "no_updates_running", "no_updates_canceling", "server_timeout_running", "server_timeout_canceling",
		"runner_configuration_error", "runner_external_dependency_failure", "runner_interrupted", "protected_environment_failure",
		"insufficient_bridge_permissions", "downstream_bridge_project_not_found", "invalid_bridge_trigger", "upstream_bridge_project_not_found",
		"insufficient_upstream_permissions", "bridge_pipeline_is_child_pipeline", "downstream_pipeline_creation_failed",
		"secrets_provider_not_found", "reached_max_descendant_pipelines_depth", "ip_restriction_failure", "reached_max_pipeline_hierarchy_size",
		"reached_downstream_pipeline_trigger_rate_limit", "duo_workflow_not_allowed", "job_router_failure", "job_token_expired",
		"id_token_burned_project_path", "downstream_project_trigger_resolved_to_empty", "image_pull_failure", "runner_provisioning_timeout",
		"stuck_pending", "stuck_no_matching_runner",
	}
}
