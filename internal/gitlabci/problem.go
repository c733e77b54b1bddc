// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"errors"
	"fmt"
	"slices"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// An Effect is the consequence of a problem.
type Effect uint8

const (
	Notice     Effect = iota // lcitool does not do what GitLab does
	Doubtful                 // GitLab accepts it, but it is probably a mistake
	Incomplete               // something that the job needs is not known here
	Refused                  // GitLab creates no pipeline
)

// String returns the effect as in JSON.
func (e Effect) String() string { return [...]string{"notice", "doubtful", "incomplete", "refused"}[e] }

// A Problem is a problem of a pipeline for its author.
type Problem struct {
	Pos     diag.Position
	Job     string // the job it is about, as the files call it; "" for the pipeline
	Effect  Effect
	Kind    string // the same for all problems that differ only in names
	Message string // one line, without position and job
}

// String returns "file:line: job "x": message".
func (p Problem) String() string { return p.Pos.String() + ": " + p.Text() }

// Text returns the problem without its position.
func (p Problem) Text() string {
	if p.Job == "" {
		return p.Message
	}
	return "job " + yamldoc.Quote(p.Job) + ": " + p.Message
}

// maxProblems limits the problems of a pipeline.
const maxProblems = 10_000

type problems []Problem

func (p *problems) add(pos diag.Position, job string, effect Effect, format string, args ...any) {
	if len(*p) < maxProblems {
		*p = append(*p, Problem{pos, job, effect, format, fmt.Sprintf(format, args...)})
	}
}

// addError adds the errors that err joins.
func (p *problems) addError(err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			p.addError(e)
		}
		return
	}
	var f *diag.Error
	if errors.As(err, &f) {
		p.add(f.Position, "", Refused, "%s", f.Message)
	}
}

func (p problems) errors() []error {
	var out []error
	for _, problem := range p {
		out = append(out, diag.Errorf(problem.Pos, "%s", problem.Text()))
	}
	return out
}

// sorted returns the problems in the order of the files, without duplicates.
func (p problems) sorted() []Problem {
	out, seen := make([]Problem, 0, len(p)), make(map[Problem]bool, len(p))
	for _, problem := range p {
		if !seen[problem] {
			seen[problem] = true
			out = append(out, problem)
		}
	}
	slices.SortStableFunc(out, func(a, b Problem) int { return a.Pos.Compare(b.Pos) })
	return out
}
