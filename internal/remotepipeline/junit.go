// SPDX-License-Identifier: GPL-2.0-or-later

package remotepipeline

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"

	gitlab "gitlab.com/gitlab-org/api/client-go"

	"gitlab.com/lcitool/lcitool/internal/junit"
)

// reportFile is where the test results of a job are put that did not leave
// its own reports among its artifacts.
const reportFile = "gitlab-junit.xml"

// reports brings test results here of jobs that gave them to GitLab alone.
// GitLab hands them out for a whole pipeline, read and put into its own form.
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

// report writes the test results of some jobs of a pipeline.
func (f *follower) report(ctx context.Context, id int64, jobs []*followedJob) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	all, _, err := f.api.Pipelines.GetPipelineTestReport(f.place.Project, id, withContext(ctx))
	if err != nil {
		return f.requestError(ctx, "fetch them", err)
	}
	for _, job := range jobs {
		own := job.seen.own()
		for _, suite := range all.TestSuites {
			// Copies of a job that runs in parallel share a suite.
			if suite == nil || suite.Name != own && suite.Name != parallelPart.ReplaceAllString(own, "") {
				continue
			}
			data, err := formatSuite(suite)
			if err != nil {
				return err
			}
			if err := f.o.Artifacts.Add(job.Name, reportFile, data); err != nil {
				return err
			}
			job.Artifacts = f.o.Artifacts.Dir(job.Name)
			job.JUnit = append(job.JUnit, filepath.Join(job.Artifacts, reportFile))
			break
		}
	}
	return nil
}

// formatSuite gives what GitLab knows of a job's tests as JUnit's XML.
func formatSuite(from *gitlab.PipelineTestSuites) ([]byte, error) {
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

// said is a test's output, which GitLab hands out as text or, for some forms
// of reports, as an object.
func said(output any) string {
	if output == nil {
		return ""
	}
	return fmt.Sprint(output)
}
