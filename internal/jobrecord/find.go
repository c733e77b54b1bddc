// SPDX-License-Identifier: GPL-2.0-or-later

package jobrecord

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"gitlab.com/lcitool/lcitool/internal/diag"
)

// Choose returns the run whose ID begins with text, or the newest run of the
// project if text is "".
func (s *Store) Choose(text, project string) (*Stored, error) {
	if text != "" {
		run, err := s.Find(text)
		if errors.Is(err, fs.ErrNotExist) {
			err = diag.WithHint(fmt.Errorf("there is no run %q", text), `"lcitool job runs" lists them`)
		}
		return run, err
	}
	run, err := s.Newest(project)
	if errors.Is(err, fs.ErrNotExist) {
		err = diag.WithHint(fmt.Errorf("no job of %s has run here", project), `"lcitool job runs --all" lists the runs of all projects`)
	}
	return run, err
}

// IsOf reports whether the run is of the project in a directory, which may have several
// paths, for example through a symbolic link.
func (r *Run) IsOf(project string) bool {
	if r.Project == project {
		return true
	}
	here, err := os.Stat(project)
	if err != nil {
		return false
	}
	there, err := os.Stat(r.Project)
	return err == nil && os.SameFile(here, there)
}

// Names returns the names of the run's jobs.
func (r *Run) Names() []string {
	var names []string
	for i := range r.Jobs {
		names = append(names, r.Jobs[i].Name)
	}
	return names
}

// LastKept returns the newest job called name that has a kept container, or nil.
// An empty name matches any job.
func LastKept(runs []Stored, name string) *Job {
	for r := range runs {
		for i := range runs[r].Jobs {
			if j := &runs[r].Jobs[i]; j.Container != "" && (name == "" || j.Name == name || j.Of == name) {
				return j
			}
		}
	}
	return nil
}
