// SPDX-License-Identifier: GPL-2.0-or-later

// Package jobreport writes reports on a run of jobs for other programs.
//
// The output, names and reports of jobs are untrusted: all sizes are limited,
// and all text is escaped.
package jobreport

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/redact"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

func result(j *jobrecord.Job) string {
	text := outcome.Result{State: j.State, Code: j.Code}.Text()
	switch {
	case j.Allowed:
		return text + ", which is allowed"
	case !j.State.Ended():
		return "killed while " + text
	}
	return text
}

func length(j *jobrecord.Job) time.Duration {
	return time.Duration(j.Duration * float64(time.Second))
}

// ended returns when a run ended, as far as known.
func ended(r *jobrecord.Run) time.Time {
	last := r.Ended
	for i := range r.Jobs {
		if j := &r.Jobs[i]; !j.Started.IsZero() && j.Started.Add(length(j)).After(last) {
			last = j.Started.Add(length(j))
		}
	}
	return last
}

func duration(r *jobrecord.Run) time.Duration { return max(0, ended(r).Sub(r.Started)) }

type jsonRun struct {
	*jobrecord.Run
	OK      bool      `json:"ok"` // nothing went wrong, other than what was allowed to
	Seconds float64   `json:"seconds"`
	Jobs    []jsonJob `json:"jobs"`
	Flags   []string  `json:"flags,omitempty"` // hides the field, which contains values of variables
	Named   bool      `json:"named,omitempty"` // hides the field, which only "job retry" needs
}

// A jsonJob is a job in the JSON report. It hides Env, because values of
// variables may be secrets and reports are published.
type jsonJob struct {
	*jobrecord.Job
	Result  string            `json:"result"`            // how it ended, in words
	Excerpt *Excerpt          `json:"excerpt"`           // null if it did not fail
	Env     []string          `json:"env,omitempty"`     // never there
	Needs   []string          `json:"needs"`             // never null
	JUnit   []string          `json:"junit"`             // never null
	Crashes []jobrecord.Crash `json:"crashes"`           // never null
	LogFile string            `json:"log_file"`          // absolute; or ""
	LogErr  string            `json:"log_err,omitempty"` // why there is no excerpt
}

// JSON writes the record of a run without the variables of jobs, but with
// excerpts of their logs.
func JSON(w io.Writer, s *jobrecord.Stored) error {
	r := jsonRun{Run: &s.Run, OK: s.OK(), Seconds: duration(&s.Run).Seconds(), Jobs: []jsonJob{}}
	for i := range s.Jobs {
		j := &s.Jobs[i]
		row := jsonJob{Job: j, Result: result(j), Needs: append([]string{}, j.Needs...), JUnit: append([]string{}, j.JUnit...), Crashes: append([]jobrecord.Crash{}, j.Crashes...), LogFile: s.LogFile(j)}
		if j.Failed() {
			x, err := Read(s, j)
			row.Excerpt = x
			if err != nil {
				row.LogErr = err.Error()
			}
		}
		r.Jobs = append(r.Jobs, row)
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("cannot write the report: %w", err)
	}
	_, err := io.WriteString(w, redact.URLs(string(termtext.JSON(text.Bytes()))))
	return err
}
