// SPDX-License-Identifier: GPL-2.0-or-later

package jobreport

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/junit"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// JUnit writes a test case for each job, and then the cases in the jobs' own
// reports, with the job's name added. An allowed failure is reported as skipped,
// so that it is visible but fails nothing.
func JUnit(w io.Writer, s *jobrecord.Stored) error {
	own := junit.Suite{Name: "lcitool", Time: junit.Seconds(duration(&s.Run)), Timestamp: junit.Timestamp(s.Started)}
	all := []junit.Suite{{}}
	reports := junit.NewReader()
	for i := range s.Jobs {
		j := &s.Jobs[i]
		own.Cases = append(own.Cases, jobCase(s, j))
		all = append(all, readReports(reports, j)...)
	}
	all[0] = own
	return junit.Write(w, all...)
}

// maxFile limits the size of a job's report, in bytes.
const maxFile = 16 << 20

// readReports returns the suites in a job's reports. A report that cannot be
// read becomes a skipped case with the reason, because the job's own result is
// valid.
func readReports(r *junit.Reader, j *jobrecord.Job) []junit.Suite {
	var all []junit.Suite
	var unread []junit.Case
	for _, name := range j.JUnit {
		data, err := readBelow(j.Artifacts, name)
		if err != nil {
			err = fmt.Errorf("cannot read the report: %w", err)
		} else {
			var suites []junit.Suite
			suites, err = r.Read(j.Name, data)
			all = append(all, suites...)
		}
		if err != nil {
			unread = append(unread, junit.Case{Name: junit.Clean(name), Class: junit.Clean(j.Name), Skipped: &junit.Message{Message: junit.Clean(err.Error())}})
		}
	}
	if len(unread) > 0 {
		all = append(all, junit.Suite{Name: junit.Clean(j.Name + ": reports"), Cases: unread})
	}
	return all
}

// readBelow reads a file below a directory that a job has filled. It does not
// follow links out of it and reads no FIFOs.
func readBelow(dir, name string) ([]byte, error) {
	if dir == "" {
		return nil, fs.ErrNotExist
	}
	above, err := safefs.OpenDir(filepath.Dir(dir))
	if err != nil {
		return nil, err
	}
	defer above.Close()
	below, err := above.Sub(filepath.Base(dir)) // a job that can write to the project can put a link there
	var data []byte
	if err == nil {
		defer below.Close()
		data, err = below.ReadFile(path.Clean(filepath.ToSlash(name)), maxFile)
	}
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathErr.Err // a report that is passed on does not say where the project lies
	}
	return data, err
}

func jobCase(s *jobrecord.Stored, j *jobrecord.Job) junit.Case {
	c := junit.Case{Name: junit.Clean(j.Name), Class: junit.Clean("lcitool." + cmp.Or(j.Target, j.Stage, "job")), Time: junit.Seconds(time.Duration(j.Duration * float64(time.Second)))}
	if j.Coverage != "" {
		c.Properties = &junit.Properties{Properties: []junit.Property{{Name: "coverage", Value: junit.Clean(j.Coverage)}}}
	}
	message := &junit.Message{Message: junit.Clean(result(j)), Type: junit.Clean(string(j.State))}
	if j.Line != "" {
		message.Message += junit.Clean(": " + shorten(j.Line))
	}
	if j.Failed() {
		message.Text = said(s, j) + junit.Clean(crashText(j))
	}
	switch {
	case j.State == outcome.Passed:
	case j.Allowed, j.State == outcome.Continued, j.State == outcome.Skipped, j.State == outcome.NotRun:
		c.Skipped = message
	case j.State == outcome.Failed, j.State == outcome.TimedOut:
		c.Failure = message
	default:
		c.Error = message
	}
	return c
}

func crashText(j *jobrecord.Job) string {
	var b strings.Builder
	for i := range j.Crashes {
		b.WriteString(j.Crashes[i].Text() + "\n")
		for _, f := range j.Crashes[i].Frames {
			b.WriteString(shorten(f) + "\n")
		}
	}
	return b.String()
}

// said returns the excerpt of a job's log.
func said(s *jobrecord.Stored, j *jobrecord.Job) string {
	x, err := Read(s, j)
	if err != nil {
		return junit.Clean(err.Error())
	}
	return junit.Clean(x.text())
}
