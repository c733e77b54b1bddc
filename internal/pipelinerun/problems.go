// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"fmt"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
)

// maxOfKind is the number of problems of one kind that are printed.
const maxOfKind = 10

// problems reports a pipeline's problems. Refused and doubtful ones are
// warnings, others are printed as information.
func (m Messages) problems(list []gitlabci.Problem) {
	count := map[string]int{}
	var counted []gitlabci.Problem // the first that is not written out, of each kind
	for _, p := range list {
		switch count[p.Kind]++; {
		case count[p.Kind] == maxOfKind+1:
			counted = append(counted, p)
		case count[p.Kind] > maxOfKind:
		case p.Effect == gitlabci.Refused || p.Effect == gitlabci.Doubtful:
			m.warn(diag.Errorf(p.Pos, "%s", p.Text()))
		default:
			m.infof("%s", p)
		}
	}
	for _, p := range counted {
		what := fmt.Sprintf(`%s; there are %d more like this, "lcitool job lint" lists them`, p.Text(), count[p.Kind]-maxOfKind-1)
		if p.Effect == gitlabci.Refused || p.Effect == gitlabci.Doubtful {
			m.warn(diag.Errorf(p.Pos, "%s", what))
			continue
		}
		m.infof("%s: %s", p.Pos, what)
	}
}

// WarnChosen reports the problems of the chosen jobs and of the pipeline as a
// whole.
func (e *Evaluation) WarnChosen(chosen []*jobrun.Job) {
	m := e.source.messages
	run := map[string]bool{"": true}
	for _, j := range chosen {
		run[j.Base] = true
	}
	var list []gitlabci.Problem
	for _, p := range e.Problems {
		if run[p.Job] {
			list = append(list, p)
		}
	}
	m.problems(list)
	if e.Refused() {
		m.infof("GitLab makes no pipeline: %s says why", e.source.lint())
	}
}

// lint names the command that explains why GitLab makes no pipeline.
func (s *Source) lint() string {
	const lint = `"lcitool job lint"`
	if s.inputs {
		return lint + " with the same --input"
	}
	return lint
}

// A ListedProblem is a problem for JSON output.
type ListedProblem struct {
	Effect  string `json:"effect"` // refused, incomplete, doubtful or notice
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Job     string `json:"job"` // "" for the whole pipeline
	Message string `json:"message"`
}

// ListProblems returns the problems for JSON, and each as a line of text.
func ListProblems(list []gitlabci.Problem) (all []ListedProblem, lines []string) {
	all = []ListedProblem{}
	for _, p := range list {
		all = append(all, ListedProblem{p.Effect.String(), p.Pos.File, p.Pos.Line, p.Pos.Column, p.Job, p.Message})
		lines = append(lines, p.Pos.String()+": "+p.Effect.String()+": "+p.Text())
	}
	return all, lines
}
