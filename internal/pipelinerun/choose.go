// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/targets"
)

// A Choice selects jobs of a pipeline.
type Choice struct {
	Names   []string // jobs, or patterns of them; none stands for all
	Targets []string // only jobs of these; none stands for all
	Arches  []string // only jobs of these; none stands for all
	Alone   bool     // leave out jobs that are only needed for their artifacts

	built       *builtImages               // may be nil
	cannotStart func(*gitlabci.Job) string // returns why the downstream pipeline of a trigger job cannot run here, or ""; may be nil
}

// Chosen are the chosen jobs. A job comes after those that it needs.
type Chosen struct {
	Jobs    []*jobrun.Job
	Implied []string // jobs among them that were not asked for, but needed
	Skipped []string // why jobs that match a pattern are not among them, a line each

	// Missing lists artifacts that no chosen job produces, one line each.
	Missing []string
}

// Choose selects jobs. A job that Names lists literally is chosen whatever its
// rules say. A job that matches a pattern is chosen only if GitLab would start
// it automatically, it does not exist only to build an image, and it does not
// run on another machine.
func Choose(e *gitlabci.Evaluation, c Choice) (*Chosen, error) {
	taken, named := make([]bool, len(e.Jobs)), make([]bool, len(e.Jobs))
	matched := make([]bool, len(e.Jobs))
	out := &Chosen{}
	names := c.Names
	if len(names) == 0 {
		names = []string{"*"}
	}
	for _, name := range names {
		found := false
		for i := range e.Jobs {
			job := &e.Jobs[i]
			match, exact := gitlabci.MatchName(name, job.Name, job.Base)
			if !match || !c.wants(job) {
				continue
			}
			found, matched[i] = true, true
			taken[i], named[i] = taken[i] || exact || c.leftOut(job) == "", named[i] || exact
		}
		if !found {
			return nil, c.notFound(e, name)
		}
	}
	held := c.holdBack(e, taken, named)
	if !c.Alone {
		out.Implied, out.Missing = c.addNeeded(e, taken)
	}
	for i := range e.Jobs {
		if matched[i] && !taken[i] {
			out.Skipped = append(out.Skipped, fmt.Sprintf("%s: %s", e.Jobs[i].Name, cmp.Or(c.leftOut(&e.Jobs[i]), held[i])))
		}
	}
	out.Jobs = order(link(e, taken, c.Alone))
	asked := map[string]bool{}
	for i := range e.Jobs {
		asked[e.Jobs[i].Name] = named[i]
	}
	for _, job := range out.Jobs {
		job.Named = asked[job.Name]
	}
	return out, nil
}

func jobNames(e *gitlabci.Evaluation) []string {
	var names []string
	for i := range e.Jobs {
		names = append(names, e.Jobs[i].Name)
		if base := e.Jobs[i].Base; base != "" {
			names = append(names, base)
		}
	}
	return names
}

// holdBack removes jobs that GitLab would not start before a manual job: those
// that need it and, if it must succeed, those of later stages. It returns the
// reasons by index of the job. Jobs chosen by name are kept.
func (c *Choice) holdBack(e *gitlabci.Evaluation, taken, named []bool) map[int]string {
	h := &holder{e: e, taken: taken, named: named, manual: map[int]string{}, skipped: map[int]string{}, waiting: map[int]string{}}
	for k := range e.Jobs {
		job := &e.Jobs[k]
		if job.When != gitlabci.Manual || taken[k] || c.built.builds(job) { // jobs build their own images here
			continue
		}
		h.manual[k] = fmt.Sprintf("waits for job %q, which is started by hand", job.Name)
		if job.AllowFailure {
			h.skipped[k] = h.manual[k]
		}
	}
	h.spread(h.skipped, h.isSkipped)
	for k, why := range h.manual {
		if h.skipped[k] == "" {
			h.waiting[k] = why
		}
	}
	h.spread(h.waiting, h.isWaiting)
	held := map[int]string{}
	for _, all := range []map[int]string{h.skipped, h.waiting} {
		for i, why := range all {
			if h.manual[i] == "" {
				held[i], taken[i] = why, false
			}
		}
	}
	return held
}

// A holder finds the jobs that GitLab skips because they need an optional
// manual job, and those that wait for a manual job that must succeed. Both maps
// include the manual jobs themselves.
type holder struct {
	e                *gitlabci.Evaluation
	taken, named     []bool
	manual           map[int]string // what to say of jobs that need these
	skipped, waiting map[int]string
}

// spread adds to a map the jobs that meet a condition because of one in it,
// until there are no more.
func (h *holder) spread(all map[int]string, because func(job, other int) bool) {
	for changed := true; changed; {
		changed = false
		for i := range h.e.Jobs {
			if !h.taken[i] && h.manual[i] == "" || h.named[i] || h.skipped[i] != "" || h.waiting[i] != "" {
				continue
			}
			for k := range h.e.Jobs {
				if all[k] == "" || !because(i, k) {
					continue
				}
				if changed, all[i] = true, h.manual[k]; all[i] == "" {
					all[i] = fmt.Sprintf("waits for job %q, which waits itself", h.e.Jobs[k].Name)
				}
				break
			}
		}
	}
}

func (h *holder) isSkipped(job, other int) bool {
	return h.e.Jobs[job].When != gitlabci.Always && h.needs(job, other)
}

// isWaiting: a job that needs a skipped one need not wait for its other needs.
func (h *holder) isWaiting(job, other int) bool {
	j, o := &h.e.Jobs[job], &h.e.Jobs[other]
	if !j.Ordered {
		return slices.Index(h.e.Stages, o.Stage) < slices.Index(h.e.Stages, j.Stage)
	}
	for k := range h.skipped {
		if h.needs(job, k) {
			return false
		}
	}
	return h.needs(job, other)
}

func (h *holder) needs(job, other int) bool {
	j := &h.e.Jobs[job]
	return j.Ordered && slices.ContainsFunc(j.Needs, func(n gitlabci.Need) bool { return n.Job == h.e.Jobs[other].Name })
}

// order moves each job after those that it waits for and is otherwise stable.
// Jobs in a cycle keep their order.
func order(jobs []*jobrun.Job) []*jobrun.Job {
	byName := map[string]*jobrun.Job{}
	for _, j := range jobs {
		byName[j.Name] = j
	}
	var out []*jobrun.Job
	seen := map[*jobrun.Job]bool{}
	var visit func(j *jobrun.Job)
	visit = func(j *jobrun.Job) {
		if j == nil || seen[j] {
			return
		}
		seen[j] = true
		for _, name := range j.WaitsFor {
			visit(byName[name])
		}
		out = append(out, j)
	}
	for _, j := range jobs {
		visit(j)
	}
	return out
}

func (c *Choice) wants(job *gitlabci.Job) bool {
	target := len(c.Targets) == 0 || slices.ContainsFunc(c.Targets, func(t string) bool { return c.built.isFor(job, t) })
	return target && (len(c.Arches) == 0 || c.wantsArch(c.built.role(job).Arch))
}

// wantsArch reports whether arch is among c.Arches, which may use other names of
// the same architecture.
func (c *Choice) wantsArch(arch string) bool {
	return slices.ContainsFunc(c.Arches, func(name string) bool {
		asked, err := targets.ParseArch(name)
		return name == arch || err == nil && string(asked) == arch
	})
}

func (c *Choice) notFound(e *gitlabci.Evaluation, name string) error {
	called := slices.ContainsFunc(e.Jobs, func(job gitlabci.Job) bool { match, _ := gitlabci.MatchName(name, job.Name, job.Base); return match })
	var narrowed []string
	if len(c.Targets) > 0 {
		narrowed = append(narrowed, "target "+strings.Join(c.Targets, " or "))
	}
	if len(c.Arches) > 0 {
		narrowed = append(narrowed, "architecture "+strings.Join(c.Arches, " or "))
	}
	what := strings.Join(narrowed, " and ")
	switch {
	case !called:
		return NoJob(e, name)
	case len(c.Names) == 0:
		return c.hintNarrowed(e, fmt.Errorf("no job is for %s", what))
	}
	return c.hintNarrowed(e, fmt.Errorf("no job that %q matches is for %s", name, what))
}

// NoJob returns the error for a name or pattern that no job of the pipeline has.
func NoJob(e *gitlabci.Evaluation, name string) error {
	err := fmt.Errorf("no job of the pipeline is called %q or matches it", name)
	return diag.WithHint(err, cmp.Or(facts.Suggestion(name, jobNames(e)), `"lcitool job list --all" lists the jobs`))
}

// hintNarrowed adds the targets or architectures that there are jobs for, with the
// one that was probably meant first.
func (c *Choice) hintNarrowed(e *gitlabci.Evaluation, err error) error {
	what, asked := "target", slices.Clone(c.Targets)
	if len(asked) == 0 {
		what, asked = "architecture", slices.Clone(c.Arches)
	}
	var all []string
	for i := range e.Jobs {
		role := c.built.role(&e.Jobs[i])
		name := role.Target
		if what == "architecture" {
			name = role.Arch
		}
		if name != "" {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	if all = slices.Compact(all); len(all) == 0 {
		return diag.WithHint(err, fmt.Sprintf("no job of the pipeline says which %s it is for", what))
	}
	hint := "jobs are for " + strings.Join(all, ", ")
	for _, name := range asked {
		if meant := facts.Suggestion(name, all); meant != "" {
			return diag.WithHint(err, meant+"; "+hint)
		}
	}
	return diag.WithHint(err, hint)
}

// leftOut says why a job that was not chosen by name does not run, or returns
// "".
func (c *Choice) leftOut(job *gitlabci.Job) string {
	switch why := c.cannotRun(job); {
	case job.When == gitlabci.Never && !c.built.builds(job) && job.Role().Kind != gitlabci.Cirrus:
		return "is not in the pipeline of this event"
	case why != "":
		return why
	case job.When == gitlabci.Manual:
		return "is started by hand"
	case job.When == gitlabci.Unknown:
		return "may not be in the pipeline of this event"
	case worst(job).Effect == gitlabci.Refused:
		return "is refused by GitLab: " + worst(job).Message
	}
	return ""
}

// cannotRun says why a job cannot or should not run here, or returns "".
func (c *Choice) cannotRun(job *gitlabci.Job) string {
	switch {
	case c.built.builds(job):
		return "only builds an image, and the jobs that use the image build it"
	case job.Role().Kind == gitlabci.Cirrus:
		return "runs on a machine of another service"
	case len(job.Unresolved) > 0:
		return "needs something that is not here: " + strings.Join(job.Unresolved, "; ")
	case worst(job).Effect == gitlabci.Incomplete:
		return "needs something that is not here: " + worst(job).Message
	case job.Trigger && c.cannotStart != nil:
		return c.cannotStart(job)
	}
	return ""
}

// worst returns the job's problem with the highest Effect, or the zero Problem.
func worst(job *gitlabci.Job) gitlabci.Problem {
	var out gitlabci.Problem
	for _, p := range job.Problems {
		if p.Effect > out.Effect {
			out = p
		}
	}
	return out
}

// producers returns the indexes of the jobs whose artifacts a job gets: those in
// needs, those in dependencies, or those in both if it has both. A job with
// neither gets artifacts of all jobs in earlier stages that GitLab starts
// automatically.
func producers(e *gitlabci.Evaluation, i int) []int {
	job := &e.Jobs[i]
	var list []int
	for k := range e.Jobs {
		other := &e.Jobs[k]
		needed := func(n gitlabci.Need) bool { return n.Job == other.Name && n.Artifacts }
		depends := job.Dependencies == nil || slices.Contains(job.Dependencies, other.Name)
		switch {
		case k != i && makesChild(job, other.Name):
			list = append(list, k)
		case k == i || !handsOn(other) || job.Trigger && !hasDotenv(other) || !depends || job.Ordered && !slices.ContainsFunc(job.Needs, needed):
		case job.Ordered || job.Dependencies != nil || isBefore(e, other, job) && startsItself(other):
			list = append(list, k)
		}
	}
	return list
}

func isBefore(e *gitlabci.Evaluation, a, b *gitlabci.Job) bool {
	return slices.Index(e.Stages, a.Stage) < slices.Index(e.Stages, b.Stage)
}

// startsItself reports whether GitLab starts a job automatically if no earlier
// job fails.
func startsItself(job *gitlabci.Job) bool {
	return job.When != gitlabci.Never && job.When != gitlabci.Manual && job.When != gitlabci.OnFailure
}

// addNeeded adds the jobs whose artifacts the chosen jobs need. It returns their
// names, and a line for each that cannot run here.
func (c *Choice) addNeeded(e *gitlabci.Evaluation, taken []bool) (added, missing []string) {
	var visit func(i int)
	visit = func(i int) {
		for _, n := range producers(e, i) {
			name, why := e.Jobs[n].Name, c.cannotRun(&e.Jobs[n])
			switch {
			case taken[n]:
			case why != "":
				missing = append(missing, fmt.Sprintf("%s: gets no artifacts of job %q, which %s", e.Jobs[i].Name, name, why))
			default:
				taken[n] = true
				added = append(added, name)
				visit(n)
			}
		}
	}
	for i := range e.Jobs {
		if taken[i] && !slices.Contains(added, e.Jobs[i].Name) {
			visit(i)
		}
	}
	slices.Sort(added)
	return added, missing
}

// makesChild reports whether the job called name generates the configuration of
// job's child pipeline.
func makesChild(job *gitlabci.Job, name string) bool {
	return job.Downstream != nil && slices.ContainsFunc(job.Downstream.Include, func(c gitlabci.Child) bool { return c.Job == name })
}

// handsOn reports whether a job has artifacts or dotenv variables for later
// jobs.
func handsOn(job *gitlabci.Job) bool {
	a := job.Artifacts
	return a != nil && (len(a.Paths) > 0 || a.Untracked || hasDotenv(job))
}

func hasDotenv(job *gitlabci.Job) bool {
	return job.Artifacts != nil && slices.ContainsFunc(job.Artifacts.Reports, func(r gitlabci.Report) bool { return r.Kind == "dotenv" })
}

// link creates the chosen Jobs, with the jobs that they wait for and get
// artifacts from. With alone, they also get stored artifacts of jobs that do not
// run now.
func link(e *gitlabci.Evaluation, taken []bool, alone bool) []*jobrun.Job {
	every := make([]*jobrun.Job, len(e.Jobs))
	for i := range e.Jobs {
		every[i] = &jobrun.Job{Job: e.Jobs[i], Runs: taken[i]}
	}
	var out []*jobrun.Job
	for i, job := range every {
		if !taken[i] {
			continue
		}
		from := producers(e, i)
		for k, other := range every {
			before := isBefore(e, &other.Job, &job.Job)
			needed := job.Ordered && slices.ContainsFunc(job.Needs, func(n gitlabci.Need) bool { return n.Job == other.Name })
			if taken[k] && (needed || !job.Ordered && before || makesChild(&job.Job, other.Name)) {
				job.WaitsFor = append(job.WaitsFor, other.Name)
			}
			all := !job.Ordered && job.Dependencies == nil && before && taken[k] && handsOn(&other.Job)
			if all && !job.Trigger || slices.Contains(from, k) && (taken[k] || alone) {
				job.ArtifactsFrom = append(job.ArtifactsFrom, other)
			}
		}
		out = append(out, job)
	}
	return out
}
