// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"context"
	"io"
	"os"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// maxCoverageLog is the size of the end of a log that is searched, in bytes.
const maxCoverageLog = 4 << 20

// addCoverage sets the coverage that the logs of jobs report, and warns if a log
// is not searched to its end.
func addCoverage(ctx context.Context, jobs []*jobrun.Job, results []outcome.Result, m Messages) {
	for i, j := range jobs {
		if j.Coverage == "" || results[i].Log == "" || ctx.Err() != nil {
			continue
		}
		log, err := readEnd(results[i].Log, maxCoverageLog)
		if err != nil {
			m.warnf(j.Name, "coverage: cannot read the log: %v", diag.Cause(err))
			continue
		}
		number, ok := j.CoverageIn(ctx, log)
		if results[i].Coverage = number; !ok && ctx.Err() == nil {
			m.warnf(j.Name, "coverage: %s takes too long to match in the log, so the coverage is not known", yamldoc.OneLine(j.Coverage))
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
