// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"errors"
	"io/fs"
	"path/filepath"

	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// removeArtifacts removes what an earlier run left of a job, before the job
// begins: whatever happens to it, nobody takes old files for new ones.
func (r *Runner) removeArtifacts(j *Job) error {
	if r.Artifacts == "" {
		return nil
	}
	all, err := r.existingArtifacts()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer all.Close()
	return all.RemoveAll(filepath.Base(JobDir(r.Artifacts, j.Name)))
}

// stored notes that the artifacts of a job are those of this run.
func (r *Runner) stored(j *Job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.left == nil {
		r.left = map[string]bool{}
	}
	r.left[j.Name] = true
}

// hasArtifacts reports whether another job may be given the artifacts of a job.
// Those of an earlier run only count if the job is not part of this one.
func (r *Runner) hasArtifacts(from *Job) (bool, error) {
	r.mu.Lock()
	stored := r.left[from.Name]
	r.mu.Unlock()
	if from.Runs && !stored {
		return false, nil
	}
	all, err := r.existingArtifacts()
	if err == nil {
		defer all.Close()
		var left *safefs.Dir
		if left, err = all.Sub(filepath.Base(JobDir(r.Artifacts, from.Name))); err == nil {
			_ = left.Close() // it is there and no link
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
