// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
)

// lockArtifacts keeps other runs of the project from replacing, until release
// is called, what jobs leave and what others take of them.
func (s *Source) lockArtifacts(jobs []*jobrun.Job) (release func(), err error) {
	var held []*flock.Flock
	release = func() {
		for _, lock := range held {
			_ = lock.Close() // its end frees it in any case
		}
	}
	if s.checkouts == "" {
		return release, nil
	}
	locked := map[string]bool{}
	take := func(job string, try func(*flock.Flock) (bool, error)) error {
		if locked[job] {
			return nil
		}
		locked[job] = true
		lock, err := s.artifactLock(job)
		if err != nil {
			return fmt.Errorf("cannot lock the artifacts of job %q: %w", job, err)
		}
		ok, err := try(lock)
		switch {
		case err != nil:
			return fmt.Errorf("cannot lock the artifacts of job %q: %w", job, errors.Join(err, lock.Close()))
		case !ok:
			return diag.WithHint(fmt.Errorf("cannot use the artifacts of job %q: another run in %s uses them", job, s.Project),
				`wait for its end, or run in a tree of its own ("git worktree add" makes one)`)
		}
		held = append(held, lock)
		return nil
	}
	for _, j := range jobs {
		if j.Job.Artifacts != nil {
			err = errors.Join(err, take(j.Name, (*flock.Flock).TryLock))
		}
	}
	for _, j := range jobs {
		for _, from := range j.ArtifactsFrom {
			err = errors.Join(err, take(from.Name, (*flock.Flock).TryRLock))
		}
	}
	if err != nil {
		release()
	}
	return release, err
}

// artifactLock is the lock for the artifacts of a job.
func (s *Source) artifactLock(job string) (*flock.Flock, error) {
	dir := filepath.Join(s.checkouts, "locks")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return flock.New(filepath.Join(dir, fmt.Sprintf("%.16x", sha256.Sum256([]byte(s.Project+"\x00"+job))))), nil
}
