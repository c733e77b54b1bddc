// SPDX-License-Identifier: GPL-2.0-or-later

package remotepipeline

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/internal/gitlabapi"
	"gitlab.com/lcitool/lcitool/internal/outcome"
)

// Limits on what is read of a pipeline.
const (
	maxDepth    = 3  // of pipelines that jobs start
	maxChildren = 50 // pipelines altogether
	maxJobs     = 20_000
	maxWord     = 1 << 10 // bytes of a job's name and similar texts; GitLab's limit is 255
)

// A snapshot is the state of a pipeline and its jobs at one time.
type snapshot struct {
	pipeline *gitlabapi.Pipeline
	jobs     []seenJob // in the order in which GitLab made them, each name once
	open     bool      // a child pipeline has not ended
	children int
}

// A seenJob is the state of a job at one time.
type seenJob struct {
	id       int64
	pipeline int64  // that it is in
	name     string // with that of the job before it that started its pipeline
	stage    string
	state    outcome.State
	status   string // GitLab's status
	reason   string
	allowed  bool
	started  time.Time
	duration time.Duration
	url      string
	below    string // trigger job of its pipeline, or ""
	bridge   bool   // it is a trigger job and has no log
	archive  bool   // it has artifacts
	junit    bool   // it has JUnit reports
	expires  time.Time
}

func (s *session) look(ctx context.Context, id int64) (*snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	what := fmt.Sprintf("see pipeline %d", id)
	p, err := s.api.Pipeline(ctx, id)
	if err != nil {
		return nil, s.requestError(ctx, what, err)
	}
	if p == nil {
		return nil, &RequestError{What: what, Text: "the answer is empty"}
	}
	seen := &snapshot{pipeline: p}
	if err := s.gather(ctx, seen, id, "", 1); err != nil {
		return nil, err
	}
	slices.SortStableFunc(seen.jobs, func(a, b seenJob) int { return cmp.Compare(a.id, b.id) })
	newest := map[string]int64{}
	for _, j := range seen.jobs {
		newest[j.name] = j.id
	}
	seen.jobs = slices.DeleteFunc(seen.jobs, func(j seenJob) bool { return newest[j.name] != j.id })
	return seen, nil
}

// gather adds the jobs of a pipeline, and of its child pipelines in the same
// project.
func (s *session) gather(ctx context.Context, seen *snapshot, id int64, below string, depth int) error {
	for j, err := range s.api.Jobs(ctx, id) {
		if err == nil {
			err = seen.add(jobSeen(j, id, below))
		}
		if err != nil {
			return s.requestError(ctx, fmt.Sprintf("list the jobs of pipeline %d", id), err)
		}
	}
	type started struct {
		pipeline int64
		bridge   string
	}
	var children []started
	for b, err := range s.api.TriggerJobs(ctx, id) {
		if err != nil {
			return s.requestError(ctx, fmt.Sprintf("list the pipelines that pipeline %d starts", id), err)
		}
		bridge := bridgeSeen(b, id, below)
		child := b.DownstreamPipeline
		if child != nil && child.ProjectID == seen.pipeline.ProjectID && depth < maxDepth && seen.children < maxChildren {
			seen.children++
			seen.open = seen.open || !pipelineEnded(child.Status)
			children = append(children, started{child.ID, bridge.name})
		}
		if err := seen.add(bridge); err != nil {
			return s.requestError(ctx, fmt.Sprintf("list the pipelines that pipeline %d starts", id), err)
		}
	}
	for _, child := range children {
		if err := s.gather(ctx, seen, child.pipeline, child.bridge, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (s *snapshot) add(j seenJob) error {
	if len(s.jobs) == maxJobs {
		return fmt.Errorf("more than %d jobs: %w", maxJobs, errTooLarge)
	}
	s.jobs = append(s.jobs, j)
	return nil
}

func jobSeen(j *gitlabapi.Job, pipeline int64, below string) seenJob {
	s := seenJob{
		id: j.ID, pipeline: pipeline, name: inside(below, j.Name), stage: word(j.Stage), below: below,
		state: stateOf(j.Status, j.FailureReason), status: word(j.Status), reason: word(j.FailureReason), allowed: j.AllowFailure,
		started: moment(j.StartedAt), duration: seconds(j.Duration), url: word(j.WebURL),
		archive: j.ArtifactsFile.Filename != "", expires: moment(j.ArtifactsExpireAt),
	}
	for _, a := range j.Artifacts {
		s.junit = s.junit || a.FileType == "junit"
	}
	return s
}

func bridgeSeen(b *gitlabapi.Job, pipeline int64, below string) seenJob {
	s := jobSeen(b, pipeline, below)
	s.bridge, s.archive, s.junit = true, false, false
	if b.DownstreamPipeline != nil && b.DownstreamPipeline.WebURL != "" {
		s.url = word(b.DownstreamPipeline.WebURL)
	}
	return s
}

// inside returns the full name of a job in a child pipeline.
func inside(below, name string) string {
	if name = word(name); below != "" {
		return below + "/" + name
	}
	return name
}

// own returns the name of a job in its own pipeline.
func (j *seenJob) own() string {
	if j.below == "" {
		return j.name
	}
	return strings.TrimPrefix(j.name, j.below+"/")
}

// word makes text from a server safe for a terminal, and truncates it. The
// result does not keep the response in memory.
func word(text string) string {
	if text = plain(text); len(text) > maxWord {
		text = strings.ToValidUTF8(text[:maxWord], "") + "…"
	}
	return strings.Clone(text)
}

func moment(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func seconds(s float64) time.Duration {
	if s < 0 || s > float64(1<<32) {
		return 0
	}
	return time.Duration(s * float64(time.Second))
}
