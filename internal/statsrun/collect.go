// SPDX-License-Identifier: GPL-2.0-or-later

package statsrun

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"gitlab.com/lcitool/lcitool/domstats/check"
	"gitlab.com/lcitool/lcitool/domstats/report"
)

// collect puts the reports of the parts where they were asked for, as one, and returns a
// summary. If the suite did not come far enough in a part, the other one's are there.
func (o Options) collect(ctx context.Context, parts []part, dirs, texts []string) (summary string, err error) {
	runs, err := readRuns(dirs)
	if len(runs) > 1 && len(runs) == len(parts) {
		summary, err = o.writeMerged(ctx, report.Merge(runs[0], runs[1]))
	} else {
		summary = strings.Join(texts, "")
		for _, dir := range dirs {
			err = errors.Join(err, o.copyReports(ctx, dir))
		}
	}
	for i, p := range parts {
		err = errors.Join(err, o.copyFile(ctx, filepath.Join(dirs[i], "log"), p.name+".log"))
	}
	return summary, err
}

// readRuns reads the runs of two parts, as far as they are there: where the suite did not
// come that far, the container's error says why.
func readRuns(dirs []string) (runs []*report.Run, err error) {
	if len(dirs) < 2 {
		return nil, nil
	}
	for _, dir := range dirs {
		r, failed := report.ReadFile(filepath.Join(dir, "json"))
		switch {
		case failed == nil:
			runs = append(runs, r)
		case !errors.Is(failed, os.ErrNotExist):
			err = errors.Join(err, failed)
		}
	}
	return runs, err
}

func (o Options) writeMerged(ctx context.Context, r *report.Run) (summary string, err error) {
	var text strings.Builder
	if err := r.WriteSummary(&text); err != nil || o.Reports == "" {
		return text.String(), err
	}
	path := filepath.Join(o.Reports, o.Target)
	return text.String(), check.Files{TAP: path + ".tap", JUnit: path + ".xml", JSON: path + ".json", HTML: path + ".html"}.Write(ctx, r)
}

func (o Options) copyReports(ctx context.Context, dir string) error {
	var errs []error
	for _, kind := range []string{"json", "html", "xml", "tap"} {
		errs = append(errs, o.copyFile(ctx, filepath.Join(dir, kind), "."+kind))
	}
	return errors.Join(errs...)
}

// copyFile copies a file to the reports, if they were asked for and it is there.
func (o Options) copyFile(ctx context.Context, from, suffix string) error {
	if o.Reports == "" {
		return nil
	}
	data, err := os.ReadFile(from)
	if errors.Is(err, os.ErrNotExist) {
		return nil // the suite did not come that far
	}
	if err != nil {
		return err
	}
	return check.WriteFile(ctx, filepath.Join(o.Reports, o.Target+suffix), func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}
