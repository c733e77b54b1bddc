// SPDX-License-Identifier: GPL-2.0-or-later

package jobreport

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"io"
	"time"

	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/markup"
	"gitlab.com/lcitool/lcitool/internal/outcome"
)

//go:embed page.css
var style string

// maxExcerpts limits the failures that are shown with excerpts of their logs.
const maxExcerpts = 100

// A pageData is what the page shows.
type pageData struct {
	Run      *jobrecord.Run
	Policy   string // what the page may load: its own style
	OK       bool
	Sum      string // for example "3 passed, 1 failed"
	Time     string
	Rows     []row
	Drawing  drawing
	Failures []failure
	Left     int // number of failures that are not shown
	Crashes  []crash
	Packages []comparison
	Times    []breakdown
	Longest  []command
}

// A row is a job in the table.
type row struct {
	*jobrecord.Job
	ID     string // of its excerpt, "" if there is none
	Class  string
	Result string
	Time   string // "" if it did not run
}

// A failure is a failed job with an excerpt of its log.
type failure struct {
	row
	Excerpt *Excerpt // nil with Unread
	Unread  string
	LogFile string
}

// A crash is a process of a job that dumped core.
type crash struct {
	*jobrecord.Crash
	Job string
}

// HTML writes a self-contained page.
func HTML(w io.Writer, s *jobrecord.Stored) error {
	hash := sha256.Sum256([]byte(style))
	d := pageData{
		Run: &s.Run, OK: s.OK(), Sum: sum(&s.Run), Time: outcome.Elapsed(duration(&s.Run)),
		Policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'",
	}
	for i := range s.Jobs {
		j := &s.Jobs[i]
		r := row{Job: j, Class: class(j), Result: result(j)}
		if j.Coverage != "" {
			r.Result += ", coverage " + j.Coverage + "%"
		}
		if !j.Started.IsZero() {
			r.Time = outcome.Elapsed(length(j))
		}
		if j.Failed() && len(d.Failures) < maxExcerpts {
			r.ID = fmt.Sprintf("job-%d", i+1)
			d.Failures = append(d.Failures, failed(s, r))
		} else if j.Failed() {
			d.Left++
		}
		for k := range j.Crashes {
			if len(d.Crashes) < maxExcerpts {
				d.Crashes = append(d.Crashes, crash{&j.Crashes[k], j.Name})
			}
		}
		d.Rows = append(d.Rows, r)
	}
	d.Drawing = draw(&s.Run)
	d.Packages = compare(&s.Run)
	d.Times, d.Longest = breakdowns(&s.Run)
	if err := markup.Render(w, d.page()); err != nil {
		return fmt.Errorf("cannot write the report: %w", err)
	}
	return nil
}

func failed(s *jobrecord.Stored, r row) failure {
	x, err := Read(s, r.Job)
	f := failure{row: r, Excerpt: x, LogFile: s.LogFile(r.Job)}
	if err != nil {
		f.Unread = err.Error()
	}
	return f
}

func class(j *jobrecord.Job) string {
	switch {
	case j.State == outcome.Passed:
		return "passed"
	case j.Allowed, j.State == outcome.Continued:
		return "allowed"
	case j.State == outcome.Failed:
		return "failed"
	case j.State == outcome.TimedOut:
		return "timeout"
	case j.State == outcome.NoImage, j.State == outcome.EngineError:
		return "broken"
	case j.State == outcome.Skipped, j.State == outcome.NotRun, j.State == outcome.Waiting:
		return "off"
	}
	return "stopped"
}

// sum counts the jobs by result, in the order of first occurrence.
func sum(r *jobrecord.Run) string {
	count := map[string]int{}
	var order []string
	for i := range r.Jobs {
		j := &r.Jobs[i]
		what := string(j.State)
		if j.Allowed {
			what += ", which is allowed"
		}
		if count[what]++; count[what] == 1 {
			order = append(order, what)
		}
	}
	text := ""
	for i, what := range order {
		if i > 0 {
			text += "; "
		}
		text += fmt.Sprintf("%d %s", count[what], what)
	}
	return text
}

// Date returns when the run began.
func (d *pageData) Date() string {
	return d.Run.Started.UTC().Format("2006-01-02 15:04:05") + " UTC"
}

// Killed reports whether the run was killed.
func (d *pageData) Killed() bool { return d.Run.Ended.Equal(time.Time{}) }
