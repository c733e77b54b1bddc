// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"errors"
	"fmt"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/checkout"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
	"gitlab.com/lcitool/lcitool/internal/redact"
)

// skipped matches what in the message of a commit tells GitLab to make no pipeline
// for a push.
var skipped = lazyregexp.New(`(?i)\[(ci[ _-]skip|skip[ _-]ci)\]`)

// WriteNotes reports what a list of jobs does not show. variables are those
// given to the pipeline, NAME=VALUE.
func (e *Evaluation) WriteNotes(jobs []ListedJob, variables []string) {
	shown := 0
	for i := range jobs {
		if !jobs[i].child {
			shown++
		}
	}
	m := e.source.messages
	empty := e.Empty()
	switch {
	case !e.Created && e.Rule.Line > 0:
		m.infof("this event makes no pipeline: %s says so", e.Rule)
	case !e.Created:
		m.infof("this event makes no pipeline: no rule of the workflow matches")
	case empty != nil:
	case shown < len(e.Jobs):
		m.infof("jobs that are not in the pipeline of this event: %d, --all lists them", len(e.Jobs)-shown)
	}
	if mark := skipped.FindString(e.event.Predefined["CI_COMMIT_MESSAGE"]); mark != "" && e.event.Source == gitlabci.Push && e.Created {
		m.infof("GitLab makes no pipeline when this commit is pushed: its message contains %q", mark)
	}
	m.explainEmpty(empty, variables)
	if e.UnknownChanges {
		m.infof("some rules depend on the changed files: without --changed, all files count as changed")
	}
	m.problems(e.Problems)
	if e.Refused() {
		m.infof("GitLab makes no pipeline: %s says why", e.source.lint())
	}
}

// maxReasons is the number of excluding rules that are reported.
const maxReasons = 3

// explainEmpty reports why there are no jobs, and which settings would give
// some.
func (m Messages) explainEmpty(empty *Emptiness, variables []string) {
	if empty == nil {
		return
	}
	for i, r := range empty.Reasons {
		if i == maxReasons {
			m.infof(`further rules leave out the others: "lcitool job explain JOB" prints those of a job`)
			break
		}
		m.infof("%s", reasonText(r))
		if values := variableText(ExplainRules([]gitlabci.RuleTrace{r.Rule}, redact.Variables(variables))[0]); values != "" {
			m.infof("%s", values)
		}
	}
	for i, w := range empty.Wishes {
		if i == maxReasons {
			break
		}
		m.infof("hint: --var %s gives %s", shellWord(w.Name+"="+w.Value), startedText(w.Jobs, w.Manual))
	}
	for i, other := range empty.Events {
		if i == maxReasons {
			break
		}
		m.infof("hint: --event %s gives %s", eventName(other), startedText(other.Jobs, other.Manual))
	}
}

// shellWord quotes text of a pipeline that users may paste into a shell, unless it is
// one word there.
func shellWord(text string) string {
	if text != "" && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_=:./,@%+-") == "" {
		return text
	}
	return jobrun.Quote(text)
}

func eventName(e OtherEvent) string {
	if e.Tag {
		return "tag"
	}
	for _, name := range Events() {
		if name != "tag" && sources()[name] == e.Source {
			return name
		}
	}
	return e.Source
}

func startedText(jobs, manual int) string {
	switch text := plural(jobs, "job"); {
	case manual == jobs:
		return text + ", all started by hand"
	case manual > 0:
		return fmt.Sprintf("%s, %d of them started by hand", text, manual)
	default:
		return text
	}
}

func reasonText(r Reason) string {
	jobs := plural(r.Jobs, "job") + " left out"
	rule := r.Rule.Pos.String() + " says so"
	if r.Rule.If != "" {
		rule += ": if " + r.Rule.If
	}
	switch {
	case r.Workflow && r.Rule.Pos.Line == 0:
		return jobs + ": no rule of the workflow matches"
	case r.Own:
		return jobs + fmt.Sprintf(` by "when: never" of their own, such as job %q; GitLab takes it in rules only`, r.Job)
	case r.Default:
		return jobs + fmt.Sprintf(", such as job %q: GitLab runs jobs without rules for branches and tags only", r.Job)
	case r.Policy:
		return jobs + fmt.Sprintf(" by only or except, such as job %q", r.Job)
	case r.Rule.Pos.Line == 0:
		return jobs + fmt.Sprintf(": no rule of theirs matches, such as those of job %q", r.Job)
	}
	return jobs + ": " + rule
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Report reports what the plan leaves out or adds, and fails if it has no job.
// untracked says that jobs see untracked files. event and variables are those
// that the user gave.
func (p *Plan) Report(untracked bool, event string, variables []string) error {
	m := p.source.messages
	if left := p.Untracked(); !untracked && left != (checkout.Left{}) {
		m.infof("untracked files are left out, as on GitLab: %d files, %d ignored; --untracked includes them", left.Untracked, left.Ignored)
	}
	for _, line := range p.Skipped {
		m.infof("left out %s", line)
	}
	if len(p.Jobs) == 0 {
		m.explainEmpty(p.Empty, variables)
		return diag.WithHint(errors.New("no job is left to run; one that is named runs whatever its rules say"),
			fmt.Sprintf("this was the pipeline of %q, --event chooses another", event))
	}
	for _, line := range p.Missing {
		m.infof("warning: %s", line)
	}
	if len(p.Implied) > 0 {
		m.infof("also needed for their artifacts: %s", strings.Join(p.Implied, ", "))
	}
	return p.checkArtifacts()
}
