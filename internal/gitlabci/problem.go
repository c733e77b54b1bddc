// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"errors"
	"fmt"
	"slices"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// An Effect is what a problem leads to.
type Effect uint8

const (
	Notice     Effect = iota // GitLab does something that is not done here
	Doubtful                 // GitLab takes it, but it hardly means what its author thinks
	Incomplete               // something that the job needs is not known here
	Refused                  // GitLab makes no pipeline
)

// String gives the word that JSON has for an effect.
func (e Effect) String() string { return [...]string{"notice", "doubtful", "incomplete", "refused"}[e] }

// A Problem is something about a pipeline that its author should know.
type Problem struct {
	Pos     diag.Position
	Job     string // the job it is about, as the files call it; "" for the pipeline
	Effect  Effect
	Kind    string // the same for all problems that differ only in names
	Message string // on one line, without place and job
}

// String gives "file:line: job "x": message".
func (p Problem) String() string { return p.Pos.String() + ": " + p.Text() }

// Text gives the problem without its place.
func (p Problem) Text() string {
	if p.Job == "" {
		return p.Message
	}
	return "job " + yamldoc.Quote(p.Job) + ": " + p.Message
}

// maxProblems bounds the problems of one pipeline.
const maxProblems = 10_000

// problems gathers what is found.
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

// errors gives the problems as errors.
func (p problems) errors() []error {
	var out []error
	for _, problem := range p {
		out = append(out, diag.Errorf(problem.Pos, "%s", problem.Text()))
	}
	return out
}

// sorted gives the problems in the order of the files, each once.
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
