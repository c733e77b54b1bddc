// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/jobreport"
	"gitlab.com/lcitool/lcitool/internal/pipelinerun"
	"gitlab.com/lcitool/lcitool/internal/redact"
)

// A jobReport is a report that was asked for.
type jobReport struct {
	kind  string
	file  string // "-" for stdout
	write func(io.Writer, *jobrecord.Stored) error
}

// parseReports reads the values of --report, KIND=FILE each. A directory that
// is missing is found out now, not after hours of building.
func parseReports(cmd *cobra.Command, values []string) ([]jobReport, error) {
	wrong := func(format string, args ...any) error {
		return &usageError{cmd, fmt.Errorf("argument --report: "+format, args...)}
	}
	kinds := map[string]func(io.Writer, *jobrecord.Stored) error{"junit": jobreport.JUnit, "json": jobreport.JSON, "html": jobreport.HTML}
	taken := map[string]bool{}
	var all []jobReport
	for _, v := range values {
		kind, file, ok := strings.Cut(v, "=")
		if !ok || file == "" {
			return nil, wrong("expected KIND=FILE, got %q", v)
		}
		if kinds[kind] == nil {
			return nil, wrong("invalid choice: '%s' (choose from junit, json, html)", kind)
		}
		if file != "-" {
			file = filepath.Clean(file)
			if info, err := os.Stat(filepath.Dir(file)); err != nil || !info.IsDir() {
				return nil, wrong("there is no directory %q", filepath.Dir(file))
			}
		}
		if taken[file] {
			return nil, wrong("two reports cannot both be written to %q", file)
		}
		taken[file] = true
		all = append(all, jobReport{kind, file, kinds[kind]})
	}
	return all, nil
}

// writeReports writes reports on a run. One that cannot be written does not keep the others from being. Files that jobs
// left are part of reports and may repeat secrets.
func (a *app) writeReports(reports []jobReport, result *pipelinerun.Result) error {
	var errs []error
	for _, r := range reports {
		if err := a.writeReport(r, &jobrecord.Stored{Run: *result.Run, Dir: result.Dir}, result.Secrets); err != nil {
			errs = append(errs, fmt.Errorf("cannot write the %s report: %w", r.kind, err))
		}
	}
	return errors.Join(errs...)
}

func (a *app) writeReport(r jobReport, run *jobrecord.Stored, secrets *redact.Redactor) error {
	var b bytes.Buffer
	if err := r.write(&b, run); err != nil {
		return err
	}
	text := []byte(secrets.Text(b.String()))
	if r.file == "-" {
		return a.write(text)
	}
	if info, err := os.Stat(r.file); err == nil && !info.Mode().IsRegular() { // a device or a pipe is not replaced
		return os.WriteFile(r.file, text, 0o644)
	}
	return renameio.WriteFile(r.file, text, 0o644)
}
