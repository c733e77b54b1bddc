// SPDX-License-Identifier: GPL-2.0-or-later

package remotepipeline

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/gitlabapi"
	"gitlab.com/lcitool/lcitool/internal/junit"
)

// reportFile is the name of the test report for a job whose artifacts contain
// none.
const reportFile = "gitlab-junit.xml"

// reports downloads the test reports of jobs that uploaded them only as reports.
// GitLab's API returns the parsed report of a whole pipeline.
func (f *follower) reports(ctx context.Context) {
	missing := map[int64][]*followedJob{} // by pipeline
	var pipelines []int64
	for _, name := range f.order {
		job := f.jobs[name]
		if !job.seen.junit || len(job.JUnit) > 0 {
			continue
		}
		if missing[job.seen.pipeline] == nil {
			pipelines = append(pipelines, job.seen.pipeline)
		}
		missing[job.seen.pipeline] = append(missing[job.seen.pipeline], job)
	}
	for _, id := range pipelines {
		err := f.report(ctx, id, missing[id])
		for _, job := range missing[id] {
			if err != nil {
				job.Notes = append(job.Notes, fmt.Sprintf("no test results: %v", err))
			}
		}
	}
}

// report writes the test reports of some jobs of a pipeline.
func (f *follower) report(ctx context.Context, id int64, jobs []*followedJob) error {
	request, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	suites, err := f.api.TestReport(request, id)
	if err != nil {
		return f.requestError(request, "fetch them", err)
	}
	for _, job := range jobs {
		own := job.seen.own()
		for _, suite := range suites {
			// Parallel jobs share a suite.
			if suite == nil || suite.Name != own && suite.Name != parallelPart.ReplaceAllString(own, "") {
				continue
			}
			data, err := formatSuite(suite)
			if err != nil {
				return err
			}
			if err := f.addReport(ctx, job.Name, data); err != nil {
				return err
			}
			job.Artifacts = f.o.Artifacts.Dir(job.Name)
			job.JUnit = append(job.JUnit, filepath.Join(job.Artifacts, reportFile))
			break
		}
	}
	return nil
}

// addReport adds the test report of a job to its artifacts, unless another run
// has stored artifacts of the job since those of this run were removed.
func (f *follower) addReport(ctx context.Context, job string, data []byte) error {
	unlock, err := f.waitArtifacts(ctx, job)
	if err != nil {
		return err
	}
	defer unlock()
	there, err := f.o.Artifacts.Has(job, false)
	if err != nil {
		return err
	}
	if ours, _ := f.o.Artifacts.Has(job, true); there && !ours { // the first call would have failed as well
		return fmt.Errorf("another run has stored artifacts of job %q", job)
	}
	return f.o.Artifacts.Add(job, reportFile, data)
}

// formatSuite converts the tests of a job to JUnit XML.
func formatSuite(from *gitlabapi.TestSuite) ([]byte, error) {
	suite := junit.Suite{Name: from.Name, Time: junit.Seconds(seconds(from.TotalTime))}
	for _, c := range from.TestCases {
		if c == nil {
			continue
		}
		one := junit.Case{Name: c.Name, Class: c.Classname, File: c.File, Time: junit.Seconds(seconds(c.ExecutionTime))}
		message := &junit.Message{Text: strings.TrimSpace(said(c.SystemOutput) + "\n" + c.StackTrace)}
		switch c.Status {
		case "failed":
			one.Failure = message
		case "error":
			one.Error = message
		case "skipped":
			one.Skipped = message
		}
		suite.Cases = append(suite.Cases, one)
	}
	var b bytes.Buffer
	err := junit.Write(&b, suite)
	return b.Bytes(), err
}

// said returns a test's output. GitLab returns text or, for some report formats,
// an object.
func said(output any) string {
	if output == nil {
		return ""
	}
	return fmt.Sprint(output)
}
