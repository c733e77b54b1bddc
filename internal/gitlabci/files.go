// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import "time"

// files decodes what a job keeps and hands on.
func (j *jobDecoder) files(job *Job) {
	if v := j.get("artifacts"); v != nil {
		job.Artifacts = j.artifacts(v)
	}
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
			continue // a job's way to say that it keeps nothing
		}
		job.Cache = append(job.Cache, j.cache(item))
	}
	if len(job.Cache) > 4 {
		j.fault(v.pos, "cache has more than 4 entries")
	}
}

func (j *jobDecoder) artifacts(v *value) *Artifacts {
	if !j.keys(v, "artifacts", "access", "exclude", "expire_in", "expose_as", "name", "paths", "public", "reports", "untracked", "when") {
		return nil
	}
	a := &Artifacts{
		Name: j.text(v.get("name"), "artifacts: name"), Paths: j.texts(v.get("paths"), "artifacts: paths"),
		Exclude: j.texts(v.get("exclude"), "artifacts: exclude"), ExposeAs: j.text(v.get("expose_as"), "artifacts: expose_as"),
		When:      j.choice(v.get("when"), "artifacts: when", OnSuccess, OnFailure, Always),
		Untracked: j.truth(v.get("untracked"), "artifacts: untracked"),
	}
	if e := v.get("expire_in"); e != nil {
		if a.ExpireIn = e.text; e.text != "never" && !(e.kind == text && e.text == "0") && !(e.kind == number && e.text == "0") {
			j.duration(e, "artifacts: expire_in")
		}
	}
	if reports := v.get("reports"); reports != nil {
		if reports.kind != mapping {
			j.fault(reports.pos, "artifacts: reports takes a mapping, got %s", reports.describe())
		}
		for _, f := range reports.fields {
			r := Report{Kind: f.key}
			if f.value.kind == mapping { // coverage_report, which names its format too
				r.Paths = j.texts(f.value.get("path"), "artifacts: reports: "+f.key)
			} else if f.value.kind != null {
				r.Paths = j.texts(f.value, "artifacts: reports: "+f.key)
			}
			a.Reports = append(a.Reports, r)
		}
	}
	return a
}

func (j *jobDecoder) cache(v *value) Cache {
	if !j.keys(v, "cache", "fallback_keys", "key", "paths", "policy", "unprotect", "untracked", "when") {
		return Cache{}
	}
	c := Cache{
		Key: "default", FallbackKeys: j.texts(v.get("fallback_keys"), "cache: fallback_keys"),
		Paths: j.texts(v.get("paths"), "cache: paths"), Policy: "pull-push",
		When:      j.choice(v.get("when"), "cache: when", OnSuccess, OnFailure, Always),
		Untracked: j.truth(v.get("untracked"), "cache: untracked"), Unprotect: j.truth(v.get("unprotect"), "cache: unprotect"),
	}
	if p := v.get("policy"); p != nil {
		if c.Policy = j.text(p, "cache: policy"); c.Policy == "" || c.Policy[0] != '$' { // a variable may give it
			c.Policy = j.choice(p, "cache: policy", "pull-push", "pull", "push")
		}
	}
	switch key := v.get("key"); {
	case key == nil:
	case key.kind == mapping:
		j.keys(key, "cache: key", "files", "files_commits", "prefix")
		c.Key, c.KeyPrefix = "", j.text(key.get("prefix"), "cache: key: prefix")
		c.KeyFiles = j.texts(key.get("files"), "cache: key: files")
		if commits := key.get("files_commits"); commits != nil {
			c.KeyFiles = j.texts(commits, "cache: key: files_commits")
		}
		if len(c.KeyFiles) == 0 || len(c.KeyFiles) > 2 {
			j.fault(key.pos, "cache: key: files takes one or two paths")
		}
	default:
		c.Key = j.text(key, "cache: key")
	}
	return c
}

// limits decodes how long and how often a job may run.
func (j *jobDecoder) limits(job *Job) {
	if job.Timeout = j.duration(j.get("timeout"), "timeout"); job.Timeout > 30*24*time.Hour {
		j.fault(j.get("timeout").pos, "timeout is longer than a month")
	}
	job.Interruptible = j.truth(j.get("interruptible"), "interruptible")
	switch retry := j.get("retry"); {
	case retry == nil:
	case retry.kind == mapping:
		j.keys(retry, "retry", "max", "when", "exit_codes")
		job.Retry = Retry{
			Max: j.integer(retry.get("max"), "retry: max", 0, 2), When: j.texts(retry.get("when"), "retry: when"),
			ExitCodes: j.integers(retry.get("exit_codes"), "retry: exit_codes"),
		}
	default:
		job.Retry.Max = j.integer(retry, "retry", 0, 2)
	}
}
