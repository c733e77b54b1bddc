// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/outcome"
)

// TestCoverageGivenUp: a log that is not searched is reported once for each job.
func TestCoverageGivenUp(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(file, []byte("9"+strings.Repeat("a", 1<<20+1<<16)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var jobs []*jobrun.Job
	for name, pattern := range map[string]string{"slow": "/a{1000}b/", "quick": `/(\d)a/`, "none": "/nothing/"} {
		jobs = append(jobs, &jobrun.Job{Job: gitlabci.Job{Name: name, Coverage: pattern}})
	}
	var warnings []string
	m := Messages{Warnf: func(about, format string, args ...any) {
		warnings = append(warnings, about+": "+fmt.Sprintf(format, args...))
	}}
	results := []outcome.Result{{Log: file}, {Log: file}, {Log: file}}
	addCoverage(t.Context(), jobs, results, m)
	want := "slow: coverage: /a{1000}b/ takes too long to match in the log, so the coverage is not known"
	if got := strings.Join(warnings, "\n"); got != want {
		t.Errorf("got %q", got)
	}
	for i, j := range jobs {
		if (results[i].Coverage == "9") != (j.Name == "quick") {
			t.Errorf("%s: %q", j.Name, results[i].Coverage)
		}
	}
}
