// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"cmp"
	"maps"
	"slices"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
)

// maxWishes limits the number of variables that are tried.
const maxWishes = 12

// An Emptiness says why the pipeline of an event has no jobs.
type Emptiness struct {
	Reasons []Reason // the one that leaves out most jobs first
	Wishes  []Wish   // variables that would give jobs, the ones that rules name most often first
	Events  []OtherEvent
}

// A Reason is a rule that excludes jobs.
type Reason struct {
	Jobs     int                // how many
	Workflow bool               // it is one of the workflow, which leaves out all
	Policy   bool               // only or except leaves them out
	Default  bool               // they have neither rules, only nor except
	Own      bool               // they have no rules, and "when: never" of their own
	Rule     gitlabci.RuleTrace // the zero value if no rule matches
	Job      string             // the first of the jobs, "" for workflow:rules
}

// A Wish is a variable setting with which the pipeline would have jobs.
type Wish struct {
	Name, Value  string
	Jobs, Manual int // that there would be, and those of them that are started by hand
}

// An OtherEvent is an event whose pipeline has jobs, more than those of earlier
// events in the list.
type OtherEvent struct {
	Source       string // as gitlabci.Event has it
	Tag          bool   // it is the push of a tag
	Jobs, Manual int    // that there would be, and those of them that are started by hand
}

// Empty says why the pipeline has no jobs. It returns nil if it has some.
func (e *Evaluation) Empty() *Emptiness {
	if inPipeline, _ := count(e.Evaluation); inPipeline > 0 || len(e.Jobs) == 0 {
		return nil
	}
	out := &Emptiness{}
	wishes := map[string]map[string]int{}
	add := func(more map[string][]string) {
		for name, values := range more {
			for _, v := range values {
				if wishes[name] == nil {
					wishes[name] = map[string]int{}
				}
				wishes[name][v]++
			}
		}
	}
	if !e.Created {
		out.Reasons = []Reason{{Jobs: len(e.Jobs), Workflow: true, Rule: deciding(e.WorkflowRules())}}
		add(e.WorkflowWishes())
	} else {
		out.Reasons = e.reasons()
		for i := range e.Jobs {
			add(e.Jobs[i].Wishes())
		}
	}
	out.Wishes = e.try(wishes)
	out.Events = e.tryEvents()
	return out
}

func count(e *gitlabci.Evaluation) (all, manual int) {
	for i := range e.Jobs {
		switch e.Jobs[i].When {
		case gitlabci.Never:
		case gitlabci.Manual:
			manual++
			all++
		default:
			all++
		}
	}
	return all, manual
}

// deciding returns the rule that decides, or the zero value.
func deciding(rules []gitlabci.RuleTrace) gitlabci.RuleTrace {
	for _, r := range rules {
		if r.Outcome == gitlabci.RuleDecides {
			return r
		}
	}
	return gitlabci.RuleTrace{}
}

// reasons groups the jobs by the rule that excludes them.
func (e *Evaluation) reasons() []Reason {
	var out []Reason
	for i := range e.Jobs {
		rule, policy := deciding(e.Jobs[i].Rules()), len(e.Jobs[i].Policies()) > 0
		own := e.Jobs[i].Rules() == nil && !slices.ContainsFunc(e.Jobs[i].Policies(), gitlabci.PolicyTrace.LeavesOut)
		policy = policy && !own
		bare := policy && e.Jobs[i].WithoutRules()
		at := slices.IndexFunc(out, func(r Reason) bool {
			return r.Rule.Pos == rule.Pos && r.Policy == policy && r.Default == bare && r.Own == own
		})
		if at < 0 {
			at = len(out)
			out = append(out, Reason{Rule: rule, Job: e.Jobs[i].Name, Policy: policy, Default: bare, Own: own})
		}
		out[at].Jobs++
	}
	slices.SortStableFunc(out, func(a, b Reason) int { return b.Jobs - a.Jobs })
	return out
}

// try returns the settings that give jobs, each tried alone.
func (e *Evaluation) try(wishes map[string]map[string]int) []Wish {
	type candidate struct {
		Wish
		named int
	}
	var all []candidate
	for name, values := range wishes {
		for value, named := range values {
			all = append(all, candidate{Wish{Name: name, Value: value}, named})
		}
	}
	slices.SortFunc(all, func(a, b candidate) int {
		return cmp.Or(b.named-a.named, cmp.Compare(a.Name, b.Name), cmp.Compare(a.Value, b.Value))
	})
	var out []Wish
	for _, c := range all[:min(len(all), maxWishes)] {
		event := e.event
		event.Variables = maps.Clone(event.Variables)
		if event.Variables == nil {
			event.Variables = map[string]string{}
		}
		event.Variables[c.Name] = c.Value
		if c.Jobs, c.Manual = count(e.source.Pipeline.Decide(event)); c.Jobs > 0 {
			out = append(out, c.Wish)
		}
	}
	return out
}

func (e *Evaluation) tryEvents() []OtherEvent {
	var out []OtherEvent
	most := 0
	for _, other := range []OtherEvent{{Source: gitlabci.Push}, {Source: gitlabci.Web}, {Source: gitlabci.Schedule}, {Source: gitlabci.Push, Tag: true}} {
		event := e.event
		if event.Tag != "" && !other.Tag || event.Source == other.Source && other.Tag == (event.Tag != "") {
			continue
		}
		if event.Source = other.Source; e.event.Source == gitlabci.MergeRequest {
			event.Branch, event.TargetBranch = event.TargetBranch, ""
			event.Variables = maps.Clone(event.Variables)
			delete(event.Variables, "RUN_PIPELINE") // set only for merge requests of forks
		}
		if other.Tag {
			event.Tag = "v0.0.0"
		}
		if other.Jobs, other.Manual = count(e.source.Pipeline.Decide(event)); other.Jobs > most {
			most = other.Jobs
			out = append(out, other)
		}
	}
	return out
}
