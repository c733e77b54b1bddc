// SPDX-License-Identifier: GPL-2.0-or-later

package statsrun

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"gitlab.com/lcitool/lcitool/domstats/check"
	"gitlab.com/lcitool/lcitool/domstats/report"
	"gitlab.com/lcitool/lcitool/internal/safefs"
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
		err = errors.Join(err, o.copyFile(ctx, dirs[i], "log", p.name+".log"))
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
		r, failed := readRun(dir)
		switch {
		case failed == nil:
			runs = append(runs, r)
		case !errors.Is(failed, os.ErrNotExist):
			err = errors.Join(err, failed)
		}
	}
	return runs, err
}

// maxReport limits the size of a file that a container leaves, in bytes.
const maxReport = 256 << 20

// readLeft returns a file in the directory of a container, whose libvirt and QEMU may be
// anybody's: a link does not lead out of the directory. The error is fs.ErrNotExist for a
// missing file.
func readLeft(dir, name string) ([]byte, error) { return safefs.ReadFileIn(dir, name, maxReport) }

func readRun(dir string) (*report.Run, error) {
	data, err := readLeft(dir, "json")
	if err != nil {
		return nil, err
	}
	return report.ReadJSON(bytes.NewReader(data))
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
		errs = append(errs, o.copyFile(ctx, dir, kind, "."+kind))
	}
	return errors.Join(errs...)
}

// copyFile copies a file to the reports, if they were asked for and it is there.
func (o Options) copyFile(ctx context.Context, dir, name, suffix string) error {
	if o.Reports == "" {
		return nil
	}
	data, err := readLeft(dir, name)
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
