// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabapi

import (
	"context"
	"fmt"
	"iter"
	"net/url"
	"strconv"
	"time"
)

// The types contain the attributes that lcitool uses, of those in
// https://docs.gitlab.com/api/pipelines/ and https://docs.gitlab.com/api/jobs/.

// A Pipeline is a pipeline, or in lists a summary of one.
type Pipeline struct {
	ID         int64  `json:"id"`
	ProjectID  int64  `json:"project_id"`
	Status     string `json:"status"`
	Ref        string `json:"ref"`
	SHA        string `json:"sha"`
	WebURL     string `json:"web_url"`
	YamlErrors string `json:"yaml_errors"` // not in lists
}

// A Job is a job, or a trigger job, which has no log and no artifacts.
type Job struct {
	ID            int64      `json:"id"`
	Name          string     `json:"name"`
	Stage         string     `json:"stage"`
	Status        string     `json:"status"`
	FailureReason string     `json:"failure_reason"`
	AllowFailure  bool       `json:"allow_failure"`
	StartedAt     *time.Time `json:"started_at"`
	Duration      float64    `json:"duration"` // in seconds
	WebURL        string     `json:"web_url"`

	ArtifactsFile struct {
		Filename string `json:"filename"`
	} `json:"artifacts_file"`
	Artifacts []struct {
		FileType string `json:"file_type"` // "archive", "trace", "junit"
	} `json:"artifacts"`
	ArtifactsExpireAt *time.Time `json:"artifacts_expire_at"`

	DownstreamPipeline *Pipeline `json:"downstream_pipeline"` // that a trigger job has started
}

// Pipelines returns the newest pipelines of a commit, at most 100.
func (c *Client) Pipelines(ctx context.Context, commit string) ([]*Pipeline, error) {
	var all []*Pipeline
	_, err := c.get(ctx, "/pipelines", url.Values{"sha": {commit}, "per_page": {strconv.Itoa(pageSize)}}, &all)
	return all, err
}

// Pipeline returns a pipeline, or nil if the answer is empty.
func (c *Client) Pipeline(ctx context.Context, id int64) (*Pipeline, error) {
	var p *Pipeline
	_, err := c.get(ctx, fmt.Sprintf("/pipelines/%d", id), nil, &p)
	return p, err
}

// Jobs returns the jobs of a pipeline that are no trigger jobs.
func (c *Client) Jobs(ctx context.Context, pipeline int64) iter.Seq2[*Job, error] {
	return c.jobs(ctx, fmt.Sprintf("/pipelines/%d/jobs", pipeline))
}

// TriggerJobs returns the jobs of a pipeline that start other pipelines.
func (c *Client) TriggerJobs(ctx context.Context, pipeline int64) iter.Seq2[*Job, error] {
	return c.jobs(ctx, fmt.Sprintf("/pipelines/%d/bridges", pipeline))
}

// A Variable is a variable of a new pipeline.
type Variable struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// CreatePipeline creates a pipeline for the last commit of a ref. It returns nil
// if the answer is empty.
func (c *Client) CreatePipeline(ctx context.Context, ref string, variables []Variable) (*Pipeline, error) {
	content := struct {
		Ref       string     `json:"ref"`
		Variables []Variable `json:"variables,omitempty"`
	}{ref, variables}
	var p *Pipeline
	err := c.post(ctx, "/pipeline", content, &p, tooMany)
	return p, err
}

// CancelPipeline cancels the jobs of a pipeline. Twice has the same effect as once.
func (c *Client) CancelPipeline(ctx context.Context, id int64) error {
	return c.post(ctx, fmt.Sprintf("/pipelines/%d/cancel", id), struct{}{}, nil, c.Retry)
}

// PlayJob starts a manual job.
func (c *Client) PlayJob(ctx context.Context, id int64) error {
	return c.post(ctx, fmt.Sprintf("/jobs/%d/play", id), struct{}{}, nil, tooMany)
}

// Lint returns what GitLab finds wrong with the configuration of a commit, in a
// pipeline of a branch. An empty list means that there is nothing.
func (c *Client) Lint(ctx context.Context, commit, branch string) ([]string, error) {
	var answer struct {
		Valid  bool     `json:"valid"`
		Errors []string `json:"errors"`
	}
	query := url.Values{"content_ref": {commit}, "dry_run": {"true"}, "dry_run_ref": {branch}}
	if _, err := c.get(ctx, "/ci/lint", query, &answer); err != nil || answer.Valid {
		return nil, err
	}
	return answer.Errors, nil
}

// Log returns the path of a job's log, for Download.
func Log(job int64) string { return fmt.Sprintf("/jobs/%d/trace", job) }

// Archive returns the path of a job's artifacts, for Download.
func Archive(job int64) string { return fmt.Sprintf("/jobs/%d/artifacts", job) }
