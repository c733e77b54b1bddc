// SPDX-License-Identifier: GPL-2.0-or-later

package jobrecord

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"

	"gitlab.com/lcitool/lcitool/internal/safefs"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// maxLine is the size at which a long line of a log is broken, in bytes. It
// equals that of package scheduler.
const maxLine = 16 << 10

// LogFile returns the absolute path of a job's log, or "".
func (s *Stored) LogFile(j *Job) string {
	if !filepath.IsLocal(j.Log) {
		return ""
	}
	return filepath.Join(s.Dir, j.Log)
}

// Job returns the job called name, or nil.
func (r *Run) Job(name string) *Job {
	for i := range r.Jobs {
		if r.Jobs[i].Name == name {
			return &r.Jobs[i]
		}
	}
	return nil
}

// ByName returns the jobs by their names, for many lookups. As in Job, the first
// of several jobs with one name counts.
func (r *Run) ByName() map[string]*Job {
	jobs := make(map[string]*Job, len(r.Jobs))
	for i := range r.Jobs {
		if j := &r.Jobs[i]; jobs[j.Name] == nil {
			jobs[j.Name] = j
		}
	}
	return jobs
}

// Lines iterates over the lines of a job's log, with escape sequences removed.
// An error ends the iteration. A job without a log has no lines.
func (s *Stored) Lines(j *Job) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if j.Log == "" {
			return
		}
		if !filepath.IsLocal(j.Log) {
			yield("", fmt.Errorf("the log of job %q is not in the directory of its run: %q", j.Name, j.Log))
			return
		}
		f, err := safefs.Open(s.LogFile(j))
		if err != nil {
			yield("", fmt.Errorf("cannot read the log of job %q: %w", j.Name, err))
			return
		}
		defer f.Close()
		for r := bufio.NewReaderSize(f, maxLine); ; {
			line, _, err := r.ReadLine()
			if err != nil {
				if !errors.Is(err, io.EOF) {
					yield("", fmt.Errorf("cannot read the log of job %q: %w", j.Name, err))
				}
				return
			}
			if !yield(termtext.LogLine(string(line)), nil) {
				return
			}
		}
	}
}
