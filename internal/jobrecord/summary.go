// SPDX-License-Identifier: GPL-2.0-or-later

package jobrecord

import (
	"fmt"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/internal/outcome"
)

// A Summary is one row of a list of runs.
type Summary struct {
	ID      string    `json:"id"`
	Dir     string    `json:"dir"`
	Project string    `json:"project"`
	Commit  string    `json:"commit"` // "" for the working tree
	Event   string    `json:"event"`
	Started time.Time `json:"started"`
	Seconds float64   `json:"seconds"`
	Running bool      `json:"running"`
	OK      bool      `json:"ok"`     // it has ended, and all failures were allowed
	Jobs    int       `json:"jobs"`   // number of jobs
	Result  string    `json:"result"` // as text
}

// Summarize returns a Summary for each run.
func Summarize(runs []Stored) []Summary {
	var all []Summary
	for i := range runs {
		r := &runs[i]
		s := Summary{
			ID: r.ID, Dir: r.Dir, Project: r.Project, Commit: r.Commit, Event: r.Event, Started: r.Started, Jobs: len(r.Jobs),
			Running: r.Ended.IsZero() && GoesOn(r.Dir), OK: !r.Ended.IsZero() && r.OK(), Result: r.result(),
		}
		switch {
		case s.Running:
			s.Seconds = time.Since(r.Started).Seconds()
			s.Result = "running: " + s.Result
		case r.Ended.IsZero():
			s.Result = "killed: " + s.Result
		default:
			s.Seconds = r.Ended.Sub(r.Started).Seconds()
		}
		all = append(all, s)
	}
	return all
}

// result describes how the jobs of a run ended: a single job by name, several as
// a count per result.
func (r *Run) result() string {
	text := func(j *Job) string {
		words := outcome.Result{State: j.State, Code: j.Code}.Text()
		if j.Allowed {
			words += " (allowed)"
		}
		return words
	}
	if len(r.Jobs) == 1 {
		return r.Jobs[0].Name + ": " + text(&r.Jobs[0])
	}
	count := map[string]int{}
	var order []string
	for i := range r.Jobs {
		words := string(r.Jobs[i].State)
		if r.Jobs[i].Allowed {
			words += " (allowed)"
		}
		if count[words]++; count[words] == 1 {
			order = append(order, words)
		}
	}
	var parts []string
	for _, words := range order {
		parts = append(parts, fmt.Sprintf("%d %s", count[words], words))
	}
	return strings.Join(parts, ", ")
}
