// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"fmt"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// ExplanationText formats jobs as text.
func ExplanationText(jobs []ExplainedJob) string {
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
		if len(j.Rules) > 0 && !slices.ContainsFunc(j.Rules, mayDecide) {
			line("  no rule matches")
		}
	}
	return b.String()
}

func mayDecide(r ExplainedRule) bool {
	return r.Outcome == gitlabci.RuleDecides || r.Outcome == gitlabci.RuleUnknown
}

func ruleLines(line func(string, ...any), rules []ExplainedRule) {
	for _, r := range rules {
		what := "without a condition"
		switch {
		case r.If != "":
			what = "if " + r.If
		case len(r.Conditions) > 0:
			what = strings.Join(r.Conditions, "; ")
		case r.Outcome == gitlabci.RuleUnknown:
			what = `"lcitool job lint" says why`
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

func variableText(r ExplainedRule) string {
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
