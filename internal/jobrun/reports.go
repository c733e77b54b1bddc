// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
)

// rawReports returns the kinds of reports that GitLab Runner sends as they are, so
// that there can be only one file.
func rawReports() []string {
	return []string{
		"accessibility", "api_fuzzing", "browser_performance", "cluster_image_scanning", "codequality", "container_scanning", "coverage_fuzzing",
		"dast", "dependency_scanning", "license_scanning", "load_performance", "performance", "requirements", "requirements_v2", "sast",
		"secret_detection", "terraform",
	}
}

// archivedReports returns the kinds of reports that may have directories.
func archivedReports() []string { return []string{"lsif", "scip"} }

// checkReports returns an error for the first report that GitLab Runner or GitLab
// refuses. There the upload fails, and the job with it.
func (r *Runner) checkReports(j *Job) error {
	for _, report := range j.Job.Artifacts.Reports {
		if err := checkReport(r.Artifacts.Dir(j.Name), report.Kind, newFileSet(report.Paths, nil, r.dirs(j)...)); err != nil {
			return refusedReport(j, report.Kind, err)
		}
	}
	if err := r.checkDotenv(j); err != nil {
		return refusedReport(j, "dotenv", err)
	}
	return nil
}

func refusedReport(j *Job, kind string, err error) error {
	return fmt.Errorf("GitLab refuses the %s report of job %q: %w", kind, j.Name, err)
}

// checkReport checks the files of a report among stored artifacts. A directory
// that a path matches counts as a file, as in GitLab Runner.
func checkReport(dir, kind string, set fileSet) error {
	if slices.Contains(archivedReports(), kind) {
		return nil
	}
	raw := slices.Contains(rawReports(), kind)
	files := 0
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil || !set.has(filepath.ToSlash(rel)) {
			return err
		}
		files++
		switch {
		case d.IsDir():
			return fmt.Errorf("%q is a directory, it takes only files", filepath.ToSlash(rel))
		case !raw && !d.Type().IsRegular():
			return fmt.Errorf("%q is a symbolic link, it takes only files", filepath.ToSlash(rel))
		case raw && files > 1:
			return errors.New("it takes one file, and more match")
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
