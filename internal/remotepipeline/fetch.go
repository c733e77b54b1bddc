// SPDX-License-Identifier: GPL-2.0-or-later

package remotepipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/renameio/v2"

	"gitlab.com/lcitool/lcitool/internal/gitlabapi"
	"gitlab.com/lcitool/lcitool/internal/globs"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/safefs"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// goFetch starts to download a job's log and artifacts, and notifies the job's
// end afterwards. The caller holds f.mu.
func (f *follower) goFetch(ctx context.Context, job *followedJob, seen seenJob) {
	said := job.said
	got := job.Job
	f.waiting.Add(1)
	go func() {
		defer f.waiting.Done()
		job.fetched.Lock() // an earlier attempt of the same job may still be downloading
		defer job.fetched.Unlock()
		f.inSlot(func() { f.fetchLog(ctx, said, seen, &got) })
		unlock, err := f.lockArtifacts(ctx, seen)
		if err != nil {
			got.Notes = append(got.Notes, fmt.Sprintf("no artifacts: %v", err))
		} else {
			f.inSlot(func() { f.fetchArtifacts(ctx, seen, &got) })
			unlock()
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		if job.seen.id == seen.id {
			job.Job = got
			f.notify(job, true)
		}
	}()
}

func (f *follower) inSlot(download func()) {
	f.slots <- struct{}{}
	defer func() { <-f.slots }()
	download()
}

// lockArtifacts waits until no other run in the project uses the artifacts of a job,
// and locks them if there are some, or will be.
func (f *follower) lockArtifacts(ctx context.Context, seen seenJob) (unlock func(), err error) {
	if left, err := f.o.Artifacts.Has(seen.name, false); err == nil && !left && !seen.archive {
		return func() {}, nil
	}
	return f.waitArtifacts(ctx, seen.name)
}

// waitArtifacts waits until no other run in the project uses the artifacts of a
// job, and locks them.
func (f *follower) waitArtifacts(ctx context.Context, job string) (unlock func(), err error) {
	for told := false; ; told = true {
		held, ok, err := f.o.Artifacts.Lock(job, false)
		switch {
		case err != nil:
			return nil, err
		case ok && held == nil: // nobody can lock anything here
			return func() {}, nil
		case ok:
			return func() { _ = held.Close() }, nil
		case !told:
			f.infof("waiting: another run uses the artifacts of job %q", job)
		}
		if err := sleep(ctx, lockPause); err != nil {
			return nil, err
		}
	}
}

const lockPause = time.Second

// removeArtifacts removes those of an earlier run of a job that begins, unless
// another run uses them.
func (f *follower) removeArtifacts(job string) {
	if left, err := f.o.Artifacts.Has(job, false); err != nil || !left {
		return // an error is noted when the job has ended
	}
	if held, ok, err := f.o.Artifacts.Lock(job, false); err == nil && ok {
		_ = f.o.Artifacts.Remove(job)
		if held != nil {
			_ = held.Close()
		}
	}
}

// fetchLog downloads a job's log to its file and reports its lines from byte
// offset said.
func (f *follower) fetchLog(ctx context.Context, said int64, seen seenJob, got *Job) {
	path := filepath.Join(f.o.Logs, termtext.FileName(seen.name)+".log")
	note := func(err error) {
		got.Notes = append(got.Notes, fmt.Sprintf("no log: %v", err))
	}
	if err := os.MkdirAll(f.o.Logs, 0o755); err != nil {
		note(err)
		return
	}
	log, err := renameio.NewPendingFile(path, renameio.WithTempDir(f.o.Logs), renameio.WithPermissions(0o644)) // not in /tmp, where all users could read it
	if err != nil {
		note(err)
		return
	}
	defer log.Cleanup() //nolint:errcheck // what is left is a temporary file
	lines := f.lines(seen, said)
	kept := &budgetWriter{to: log, left: &f.logs}
	hidden := f.hide.Writer(io.MultiWriter(kept, lines))
	err = f.persist(ctx, func() error {
		lines.restart()
		hidden.Reset()
		kept.restart()
		if err := restart(log.File); err != nil {
			return err
		}
		err := f.api.Download(ctx, hidden, gitlabapi.Log(seen.id))
		if kept.full {
			got.Notes = append(got.Notes, fmt.Sprintf("the log is cut: all logs together have more than %d bytes", f.o.Limits.Logs))
			return nil
		}
		if errors.Is(err, errTooLarge) {
			got.Notes = append(got.Notes, fmt.Sprintf("the log is cut after %d bytes", f.o.Limits.Log))
			return nil
		}
		return f.requestError(ctx, fmt.Sprintf("fetch the log of %q", seen.name), err)
	})
	flushed := hidden.Flush()
	lines.end()
	if err == nil {
		err = flushed
	}
	if err == nil {
		err = log.CloseAtomicallyReplace()
	}
	if err != nil {
		note(err)
		return
	}
	got.Log = path
}

// A budgetWriter writes to a file until nothing is left of a number of bytes that
// several files share. Then it fails once, and discards the rest.
type budgetWriter struct {
	to   io.Writer
	left *atomic.Int64
	used int64
	full bool
}

func (b *budgetWriter) Write(p []byte) (int, error) {
	if b.full {
		return len(p), nil
	}
	if size := int64(len(p)); b.left.Add(-size) < 0 {
		b.left.Add(size)
		b.full = true
		return 0, errTooLarge
	}
	b.used += int64(len(p))
	return b.to.Write(p)
}

// restart gives back what the file has used.
func (b *budgetWriter) restart() {
	b.left.Add(b.used)
	b.used, b.full = 0, false
}

func restart(file *os.File) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := file.Seek(0, io.SeekStart)
	return err
}

// lines returns a writer that reports the lines of a job's log from a byte
// offset.
func (f *follower) lines(seen seenJob, from int64) *lineWriter {
	return &lineWriter{told: from, skip: from, tell: func(line string) {
		f.o.Watch(Update{Job: seen.name, Stage: seen.stage, URL: seen.url, Line: line})
	}}
}

// fetchArtifacts downloads a job's artifacts. It first removes those of an
// earlier run, so that they are not mistaken for this run's if the download
// fails.
func (f *follower) fetchArtifacts(ctx context.Context, seen seenJob, got *Job) {
	note := func(format string, args ...any) { got.Notes = append(got.Notes, fmt.Sprintf(format, args...)) }
	if err := f.o.Artifacts.Remove(seen.name); err != nil {
		note("%v", err)
		return
	}
	var err error
	if seen.archive {
		var notes []string
		notes, err = f.unpackArtifacts(ctx, seen)
		got.Notes = append(got.Notes, notes...)
		if err == nil {
			got.Artifacts = f.o.Artifacts.Dir(seen.name)
			got.JUnit = junitFiles(got.Artifacts, f.o.JUnit[seen.name])
			return
		}
	}
	expired := !seen.expires.IsZero() && seen.expires.Before(time.Now())
	switch {
	case expired && (!seen.archive || status(err) == http.StatusNotFound):
		note("the artifacts are gone: they expired on %s", seen.expires.Format(time.DateOnly))
	case err != nil:
		note("no artifacts: %v", err)
	}
}

// unpackArtifacts stores all artifacts of a job, or none on an error.
func (f *follower) unpackArtifacts(ctx context.Context, seen seenJob) (notes []string, err error) {
	err = f.o.Artifacts.Replace(seen.name, func(fresh *safefs.Dir) error {
		packed, err := fresh.CreateUnnamed()
		if err != nil {
			return err
		}
		defer packed.Close()
		err = f.persist(ctx, func() error {
			if err := restart(packed); err != nil {
				return err
			}
			return f.requestError(ctx, fmt.Sprintf("fetch the artifacts of %q", seen.name), f.api.Download(ctx, packed, gitlabapi.Archive(seen.id)))
		})
		if err != nil {
			return err
		}
		notes, err = unzip(ctx, packed, fresh, f.o.Limits, &f.artifacts)
		return err
	})
	return notes, err
}

// junitFiles returns the files below a directory that match patterns, sorted.
func junitFiles(directory string, patterns []string) []string {
	root, err := os.OpenRoot(directory) // so that no link leads out
	if err != nil {
		return nil
	}
	defer root.Close()
	var files []string
	for _, p := range patterns {
		found, _ := globs.Files(root.FS(), filepath.ToSlash(filepath.Clean(p))) // a wrong one matches nothing
		for _, name := range found {
			files = append(files, filepath.Join(directory, filepath.FromSlash(name)))
		}
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// liveLimit limits how much of a running job's log is read at once, in bytes.
// The rest is read when the job has ended.
const liveLimit = 4 << 20

// liveJobs is the number of running jobs whose logs are read between two polls.
const liveJobs = 8

// listen reports new lines in the logs of running jobs.
func (f *follower) listen(ctx context.Context) {
	asked := 0
	for _, name := range f.order {
		job := f.jobs[name]
		f.mu.Lock()
		seen, said := job.seen, job.said
		f.mu.Unlock()
		if seen.state != outcome.Running || seen.bridge || said >= liveLimit || time.Since(job.asked) < f.o.PollMax || asked == liveJobs {
			continue
		}
		asked++
		job.asked = time.Now()
		lines := f.lines(seen, said)
		enough, stop := context.WithCancel(ctx)
		// Errors are ignored, because the log is requested again.
		_ = f.api.Download(enough, &limitedWriter{f.hide.Writer(lines), liveLimit, stop}, gitlabapi.Log(seen.id))
		stop()
		f.mu.Lock()
		job.said = lines.told
		f.mu.Unlock()
	}
}

// A limitedWriter fails after left bytes and calls stop.
type limitedWriter struct {
	w    io.Writer
	left int
	stop func()
}

func (l *limitedWriter) Write(p []byte) (int, error) {
	n, err := l.w.Write(p[:min(len(p), l.left)])
	if l.left -= n; err == nil && n < len(p) {
		l.stop()
		err = errTooLarge
	}
	return n, err
}
