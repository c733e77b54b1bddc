// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/pipelinerun"
	"gitlab.com/lcitool/lcitool/internal/redact"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

func newJobExplain(a *app) *cobra.Command {
	var chosen eventChoice
	var format string
	cmd := &cobra.Command{
		Use:   "explain JOB",
		Short: "Explain why a job is, or is not, in the pipeline",
		Long: `Print the rules of a job for an event, by default a merge request from a fork with
RUN_PIPELINE=1: each condition with the values of its variables, and which rule
decides. It also says where the job's image comes from. Values of secret variables
are hidden.`,
		Args: needArgs("JOB"),
		RunE: func(cmd *cobra.Command, args []string) error {
			e, err := a.pipeline(cmd, &chosen)
			if err != nil {
				return err
			}
			jobs := pipelinerun.Explain(e, args[0], redact.Variables(chosen.variables))
			if len(jobs) == 0 {
				return fmt.Errorf("no job of the pipeline is called %q or matches it", args[0])
			}
			if format == "json" {
				return a.json(jobs)
			}
			return a.write([]byte(explanationText(jobs)))
		},
	}
	cliflags.Choice(cmd.Flags(), &format, "format", "", "text or json", "text", "json")
	chosen.flags(cmd.Flags())
	return cmd
}

// explanationText writes jobs for people.
func explanationText(jobs []pipelinerun.ExplainedJob) string {
	var b strings.Builder
	line := func(format string, args ...any) { b.WriteString(termtext.Line(fmt.Sprintf(format, args...)) + "\n") }
	for i, j := range jobs {
		if i > 0 {
			b.WriteString("\n")
		}
		line("%s: %s (%s)", j.Name, j.When, j.Source)
		switch {
		case j.Dockerfile != "" && j.BuiltBy != "":
			line("image: %s, which job %q builds from %s", j.Image, j.BuiltBy, j.Dockerfile)
		case j.Dockerfile != "":
			line("image: the job builds one from %s", j.Dockerfile)
		case j.Image != "":
			line("image: %s", j.Image)
		}
		if len(j.Workflow) > 0 {
			line("workflow:")
			ruleLines(line, j.Workflow)
		}
		switch {
		case len(j.Rules) > 0:
			line("rules:")
			ruleLines(line, j.Rules)
		case len(j.Policies) > 0:
			for _, p := range j.Policies {
				line("  %s", p)
			}
		default:
			line("it has no rules")
		}
		if len(j.Rules) > 0 && !slices.ContainsFunc(j.Rules, func(r pipelinerun.ExplainedRule) bool { return r.Outcome == gitlabci.RuleDecides }) {
			line("  no rule matches")
		}
	}
	return b.String()
}

func ruleLines(line func(string, ...any), rules []pipelinerun.ExplainedRule) {
	for _, r := range rules {
		what := "without a condition"
		if r.If != "" {
			what = "if " + r.If
		} else if len(r.Conditions) > 0 {
			what = strings.Join(r.Conditions, "; ")
		}
		if r.When != "" {
			what += ", when: " + r.When
		}
		line("  %s: %s: %s", r.Source, r.Outcome, what)
		if r.Outcome == gitlabci.RuleNotReached {
			continue
		}
		if len(r.Conditions) > 1 {
			for _, c := range r.Conditions {
				line("      %s", c)
			}
		}
		if values := variableText(r); values != "" {
			line("      %s", values)
		}
	}
}

// variableText writes the variables of a rule with their values.
func variableText(r pipelinerun.ExplainedRule) string {
	var all []string
	for name, value := range r.Variables {
		all = append(all, fmt.Sprintf("%s is %q", name, value))
	}
	for _, name := range r.Unset {
		all = append(all, name+" is not set")
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// maxReasons is how many rules are named that leave out all jobs.
const maxReasons = 3

// explainEmpty says why there are no jobs, and what would give some.
func (a *app) explainEmpty(empty *pipelinerun.Emptiness, variables []string) {
	if empty == nil {
		return
	}
	for i, r := range empty.Reasons {
		if i == maxReasons {
			a.infof(`further rules leave out the others: "lcitool job explain JOB" prints those of a job`)
			break
		}
		a.infof("%s", reasonText(r))
		if values := variableText(pipelinerun.ExplainRules([]gitlabci.RuleTrace{r.Rule}, redact.Variables(variables))[0]); values != "" {
			a.infof("%s", values)
		}
	}
	for i, w := range empty.Wishes {
		if i == maxReasons {
			break
		}
		a.infof("hint: --var %s gives %s", w.Name+"="+w.Value, startedText(w.Jobs, w.Manual))
	}
	for i, other := range empty.Events {
		if i == maxReasons {
			break
		}
		a.infof("hint: --event %s gives %s", eventName(other), startedText(other.Jobs, other.Manual))
	}
}

// eventName gives the value of --event for an event.
func eventName(e pipelinerun.OtherEvent) string {
	if e.Tag {
		return "tag"
	}
	for _, name := range events() {
		if name != "tag" && sources()[name] == e.Source {
			return name
		}
	}
	return e.Source
}

// startedText counts jobs, and says how many of them are started by hand.
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

func reasonText(r pipelinerun.Reason) string {
	jobs := plural(r.Jobs, "job") + " left out"
	rule := r.Rule.Pos.String() + " says so"
	if r.Rule.If != "" {
		rule += ": if " + r.Rule.If
	}
	switch {
	case r.Workflow && r.Rule.Pos.Line == 0:
		return jobs + ": no rule of the workflow matches"
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
