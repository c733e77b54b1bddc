// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabapi

import (
	"context"
	"fmt"
)

// A TestSuite contains the tests of a job, or of the parts of a parallel job.
type TestSuite struct {
	Name      string      `json:"name"`
	TotalTime float64     `json:"total_time"` // in seconds
	TestCases []*TestCase `json:"test_cases"`
}

// A TestCase is one test.
type TestCase struct {
	Status        string  `json:"status"` // "success", "failed", "error", "skipped"
	Name          string  `json:"name"`
	Classname     string  `json:"classname"`
	File          string  `json:"file"`
	ExecutionTime float64 `json:"execution_time"` // in seconds
	SystemOutput  any     `json:"system_output"`  // a string, or an object for some report formats
	StackTrace    string  `json:"stack_trace"`
}

// TestReport returns the tests of a pipeline. Elements may be nil.
func (c *Client) TestReport(ctx context.Context, pipeline int64) ([]*TestSuite, error) {
	var report struct {
		TestSuites []*TestSuite `json:"test_suites"`
	}
	_, err := c.get(ctx, fmt.Sprintf("/pipelines/%d/test_report", pipeline), nil, &report)
	return report.TestSuites, err
}
