// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"io"
	"os"

	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/outcome"
)

// maxCoverageLog is the size of the end of a log that is searched, in bytes.
const maxCoverageLog = 4 << 20

// addCoverage sets the coverage that the logs of jobs report.
func addCoverage(jobs []*jobrun.Job, results []outcome.Result) {
	for i, j := range jobs {
		if j.Coverage == "" || results[i].Log == "" {
			continue
		}
		if log, err := readEnd(results[i].Log, maxCoverageLog); err == nil {
			results[i].Coverage = j.CoverageIn(log)
		}
	}
}

// readEnd reads the last most bytes of a file.
func readEnd(name string, most int64) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.NewSectionReader(f, max(0, info.Size()-most), most))
	return string(text), err
}
