// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"gitlab.com/lcitool/lcitool/internal/safefs"
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
	dir, err := r.Artifacts.Open(j.Name)
	if err != nil {
		return err
	}
	defer dir.Close()
	for _, report := range j.Job.Artifacts.Reports {
		why, err := checkReport(dir, report.Kind, newFileSet(report.Paths, nil, r.dirs(j)...))
		if err != nil {
			return err
		}
		if why != "" {
			return refusedReport(j, report.Kind, errors.New(why))
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

// checkReport returns why GitLab Runner cannot upload the files of a report, or "".
// A directory that a path matches counts as a file there.
func checkReport(dir *safefs.Dir, kind string, set fileSet) (why string, err error) {
	if slices.Contains(archivedReports(), kind) {
		return "", nil
	}
	if set.hasDir(".") {
		return `"." is a directory, expected a file`, nil
	}
	raw, files := slices.Contains(rawReports(), kind), 0
	err = dir.Walk(func(name string, e fs.DirEntry, err error) error {
		if err != nil || !set.has(name) && !(e.IsDir() && set.hasDir(name)) {
			return err
		}
		files++
		switch {
		case e.IsDir():
			why = fmt.Sprintf("%q is a directory, expected a file", name)
		case !raw && !e.Type().IsRegular():
			why = fmt.Sprintf("%q is a symbolic link, expected a file", name)
		case raw && files > 1:
			why = "more than one file matches, expected one"
		default:
			return nil
		}
		return fs.SkipAll
	})
	if errors.Is(err, fs.SkipAll) {
		err = nil
	}
	return why, err
}
