// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// artifactLocks are file locks on the artifacts of jobs. While a run holds them,
// other runs of the project cannot replace the artifacts that its jobs write or
// read.
type artifactLocks struct {
	mu   sync.Mutex
	held map[string]artifactLock // by the name of the job
}

// An artifactLock has a lock in the user's directory, which works if the project
// cannot be written, and one in the project, which other users see.
type artifactLock []io.Closer

func (l artifactLock) close() {
	for _, c := range l {
		_ = c.Close() // the end of the process frees it in any case
	}
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
	taken := map[string]artifactLock{}
	lock := func(job string, shared bool) {
		if l.held[job] != nil || taken[job] != nil || busy != "" || err != nil || s.checkouts == "" {
			return
		}
		var ok bool
		if taken[job], ok, err = s.lockArtifacts(job, shared); !ok {
			busy = job
		}
	}
	for _, j := range jobs {
		if j.Job.Artifacts != nil {
			lock(j.Name, false)
		}
	}
	for _, j := range jobs {
		for _, from := range j.ArtifactsFrom {
			lock(from.Name, true)
		}
	}
	if err != nil || busy != "" {
		for _, other := range taken {
			other.close()
		}
		if err != nil {
			err = fmt.Errorf("cannot lock the artifacts of jobs: %w", err)
		}
		return busy, err
	}
	if l.held == nil {
		l.held = map[string]artifactLock{}
	}
	maps.Copy(l.held, taken)
	return "", nil
}

func (l *artifactLocks) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, lock := range l.held {
		lock.close()
	}
	l.held = nil
}

// lockArtifacts locks the artifacts of a job. ok is false if another run uses
// them. The caller closes the lock in any case.
func (s *Source) lockArtifacts(job string, shared bool) (l artifactLock, ok bool, err error) {
	own, err := s.ownLock(job)
	if err != nil {
		return nil, false, err
	}
	l, try := artifactLock{own}, own.TryLock
	if shared {
		try = own.TryRLock
	}
	if ok, err = try(); err != nil || !ok {
		return l, ok, err
	}
	file, ok, err := s.artifacts.Lock(job, shared)
	if file != nil {
		l = append(l, file)
	}
	return l, ok, err
}

func (s *Source) ownLock(job string) (*flock.Flock, error) {
	dir := filepath.Join(s.checkouts, "locks")
	if err := os.MkdirAll(filepath.Dir(s.checkouts), 0o700); err != nil {
		return nil, err
	}
	for _, private := range []string{s.checkouts, dir} { // without HOME, other users can make them before
		if err := safefs.MakePrivateDir(private); err != nil {
			return nil, err
		}
	}
	return flock.New(filepath.Join(dir, fmt.Sprintf("%.16x", sha256.Sum256([]byte(s.Project+"\x00"+job))))), nil
}
