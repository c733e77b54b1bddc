// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"gitlab.com/lcitool/lcitool/internal/jobrun"
)

// artifactLocks are file locks on the artifacts of jobs. While a run holds them,
// other runs of the project cannot replace the artifacts that its jobs write or
// read.
type artifactLocks struct {
	mu   sync.Mutex
	held map[string]*flock.Flock // by the name of the job
}

const lockPause = 100 * time.Millisecond

// take locks the artifacts of jobs in addition to those already locked. It waits
// for other runs that use them. It locks all or nothing in each attempt, so that
// two runs cannot deadlock.
func (l *artifactLocks) take(ctx context.Context, s *Source, jobs []*jobrun.Job) error {
	for told := false; ; told = true {
		busy, err := l.try(s, jobs)
		if err != nil || busy == "" {
			return err
		}
		if !told {
			s.messages.infof("waiting: another run in %s uses the artifacts of job %q", s.Project, busy)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("artifacts of job %q, which another run uses: %w", busy, context.Cause(ctx))
		case <-time.After(lockPause):
		}
	}
}

// try locks the artifacts of all jobs, or none. busy is a job whose artifacts
// another run uses, or "".
func (l *artifactLocks) try(s *Source, jobs []*jobrun.Job) (busy string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	taken := map[string]*flock.Flock{}
	lock := func(job string, try func(*flock.Flock) (bool, error)) {
		if l.held[job] != nil || taken[job] != nil || busy != "" || err != nil || s.checkouts == "" {
			return
		}
		var own *flock.Flock
		if own, err = s.artifactLock(job); err != nil {
			return
		}
		taken[job] = own
		var ok bool
		if ok, err = try(own); !ok {
			busy = job
		}
	}
	for _, j := range jobs {
		if j.Job.Artifacts != nil {
			lock(j.Name, (*flock.Flock).TryLock)
		}
	}
	for _, j := range jobs {
		for _, from := range j.ArtifactsFrom {
			lock(from.Name, (*flock.Flock).TryRLock)
		}
	}
	if err != nil || busy != "" {
		for _, other := range taken {
			_ = other.Close()
		}
		if err != nil {
			err = fmt.Errorf("cannot lock the artifacts of jobs: %w", err)
		}
		return busy, err
	}
	if l.held == nil {
		l.held = map[string]*flock.Flock{}
	}
	maps.Copy(l.held, taken)
	return "", nil
}

// release releases all locks.
func (l *artifactLocks) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, lock := range l.held {
		_ = lock.Close() // the end of the process frees it in any case
	}
	l.held = nil
}

func (s *Source) artifactLock(job string) (*flock.Flock, error) {
	dir := filepath.Join(s.checkouts, "locks")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return flock.New(filepath.Join(dir, fmt.Sprintf("%.16x", sha256.Sum256([]byte(s.Project+"\x00"+job))))), nil
}
