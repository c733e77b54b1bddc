// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"fmt"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/redact"
)

// An ExplainedJob is a job with the rules that decide about it, for JSON.
type ExplainedJob struct {
	Name       string          `json:"name"`
	Source     string          `json:"source"`
	When       string          `json:"when"`
	Target     string          `json:"target"`
	Image      string          `json:"image"`
	BuiltBy    string          `json:"built_by"`   // job that builds the image; "" for the job itself, or if no job does
	Dockerfile string          `json:"dockerfile"` // path below the project; "" if no job builds the image
	Workflow   []ExplainedRule `json:"workflow"`
	Rules      []ExplainedRule `json:"rules"`
	Policies   []string        `json:"policies"` // entries of only and except
}

// An ExplainedRule is one entry of rules.
type ExplainedRule struct {
	Source     string            `json:"source"`
	Outcome    string            `json:"outcome"`
	If         string            `json:"if"`
	Conditions []string          `json:"conditions"` // TEXT: true or false
	Variables  map[string]string `json:"variables"`  // set ones only
	Unset      []string          `json:"unset"`
	When       string            `json:"when"`
}

// Explain returns the jobs that name matches, including TRIGGER/JOB for jobs of
// child pipelines.
func Explain(e *Evaluation, name string, secrets *redact.Redactor) []ExplainedJob {
	var out []ExplainedJob
	for i := range e.Jobs {
		job := &e.Jobs[i]
		if below, ok := strings.CutPrefix(name, job.Name+"/"); ok && job.Trigger {
			if child, err := e.child(job); err == nil {
				for _, x := range Explain(child, below, secrets) {
					x.Name = job.Name + "/" + x.Name
					out = append(out, x)
				}
			}
		}
		if match, _ := gitlabci.MatchName(name, job.Name, job.Base); !match {
			continue
		}
		x := ExplainedJob{Name: job.Name, Source: job.Pos.String(), When: job.When, Target: e.Role(job).Target, Policies: []string{}}
		if job.Image != nil {
			x.Image = job.Image.Name
		}
		x.BuiltBy, x.Dockerfile, _ = e.ImageSource(job)
		x.Workflow, x.Rules = ExplainRules(e.WorkflowRules(), secrets), ExplainRules(job.Rules(), secrets)
		for _, p := range job.Policies() {
			x.Policies = append(x.Policies, fmt.Sprintf("%s: %v", p.Text, p.Met))
		}
		out = append(out, x)
	}
	return out
}

// ExplainRules converts rules and masks secrets.
func ExplainRules(rules []gitlabci.RuleTrace, secrets *redact.Redactor) []ExplainedRule {
	out := []ExplainedRule{}
	for _, r := range rules {
		x := ExplainedRule{Source: r.Pos.String(), Outcome: r.Outcome, If: r.If, When: r.When, Conditions: []string{}, Variables: map[string]string{}, Unset: []string{}}
		if r.Outcome != gitlabci.RuleNotReached {
			x.Conditions = conditions(r)
		}
		for _, v := range r.Variables {
			if v.Set {
				x.Variables[v.Name] = secrets.Text(v.Value)
			} else {
				x.Unset = append(x.Unset, v.Name)
			}
		}
		out = append(out, x)
	}
	return out
}

// conditions returns "TEXT: true" or "TEXT: false" for each part of a rule's
// condition.
func conditions(r gitlabci.RuleTrace) []string {
	out := []string{}
	for _, p := range r.Parts {
		out = append(out, fmt.Sprintf("%s: %v", p.Text, p.Met))
	}
	if r.Changes != nil {
		out = append(out, fmt.Sprintf("changes %s: %v", strings.Join(r.Changes, ", "), r.Changed))
	}
	if r.Exists != nil {
		out = append(out, fmt.Sprintf("exists %s: %v", strings.Join(r.Exists, ", "), r.There))
	}
	return out
}
