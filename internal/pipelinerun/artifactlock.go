// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/gofrs/flock"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
)

// artifactLocks keep other runs of the project from replacing what the jobs of
// this one leave, and what they take of others.
type artifactLocks struct {
	mu   sync.Mutex
	held map[string]*flock.Flock // by the name of the job
}

// take locks the artifacts of jobs, beside those that are locked already.
func (l *artifactLocks) take(s *Source, jobs []*jobrun.Job) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	for _, j := range jobs {
		if j.Job.Artifacts != nil {
			errs = append(errs, l.lock(s, j.Name, (*flock.Flock).TryLock))
		}
	}
	for _, j := range jobs {
		for _, from := range j.ArtifactsFrom {
			errs = append(errs, l.lock(s, from.Name, (*flock.Flock).TryRLock))
		}
	}
	return errors.Join(errs...)
}

func (l *artifactLocks) lock(s *Source, job string, try func(*flock.Flock) (bool, error)) error {
	if l.held[job] != nil || s.checkouts == "" {
		return nil
	}
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
	if l.held == nil {
		l.held = map[string]*flock.Flock{}
	}
	l.held[job] = lock
	return nil
}

// release gives all of them up.
func (l *artifactLocks) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, lock := range l.held {
		_ = lock.Close() // the end of the process frees it in any case
	}
	l.held = nil
}

// artifactLock is the lock for the artifacts of a job.
func (s *Source) artifactLock(job string) (*flock.Flock, error) {
	dir := filepath.Join(s.checkouts, "locks")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return flock.New(filepath.Join(dir, fmt.Sprintf("%.16x", sha256.Sum256([]byte(s.Project+"\x00"+job))))), nil
}
