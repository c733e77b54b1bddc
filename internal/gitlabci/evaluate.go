// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// An Evaluation is the pipeline that GitLab would create for an event.
type Evaluation struct {
	Created bool          // there is a pipeline; workflow:rules may say that there is none
	Rule    diag.Position // of the workflow's rule that decided, zero for none
	Name    string        // of the pipeline, "" for none
	Stages  []string      // in order, .pre first and .post last
	Jobs    []Job         // by stage, then in the order of the files; jobs with When Never are not in the pipeline
	Missing []Missing     // includes that are not available

	// CancelOnFailure reports that a job that fails and may not cancels the
	// pipeline: workflow:auto_cancel:on_job_failure is all.
	CancelOnFailure bool

	Problems []Problem // problems of the files and of this event, in the order of the files

	// UnknownChanges reports that a rule uses changes, but the event has no list
	// of changed files. Such a rule counts as matching.
	UnknownChanges bool

	// Work is about the time that the evaluation took, in microseconds. It counts
	// what was read and evaluated, so it is the same on each machine.
	Work int

	workflow *workflowDecision
}

// Default returns the value of a top-level variable as written in the files.
// event needs only the fields about the project. Includes that this call fetches
// are not cached.
func (p *Pipeline) Default(event Event, name string) (string, bool) {
	event = event.filled()
	own := *p
	own.elsewhere, own.sources, own.parsed = map[string]fetchedFile{}, map[string]*source{}, map[string]*parsedFile{}
	c := own.config(&scope{event: &event, vars: layers{event.predefined().beforeJobs()}, tree: &tree{fsys: p.fsys}, patterns: &budget{left: maxMatching, stop: p.options.Stop}, since: p.options.ChangedSince})
	return layers{c.decoded.globals}.lookup(name)
}

func (p *Pipeline) config(s *scope) *config {
	if p.fixed != nil {
		return p.fixed
	}
	return p.compose(s)
}

// Evaluate returns the pipeline for an event. If GitLab refuses it, the result
// has the jobs that would exist without the problems. After Options.Stop, the
// result is incomplete.
func (p *Pipeline) Evaluate(event Event) *Evaluation { return p.evaluate(event, false, maxMatching) }

// Decide returns only Name and When of each job that the pipeline has for an
// event.
func (p *Pipeline) Decide(event Event) *Evaluation { return p.evaluate(event, true, maxMatching) }

func (p *Pipeline) evaluate(event Event, decideOnly bool, work int) *Evaluation {
	event = event.filled()
	given := settings{}
	for name, value := range event.Variables {
		given[name] = setting{value: value, raw: event.Raw[name], from: FromEvent}
	}
	predefined := event.predefined()
	early, user := predefined.beforeJobs(), predefined.user()
	s := &scope{event: &event, vars: layers{early, user, given}, tree: &tree{fsys: p.fsys}, patterns: &budget{left: work, stop: p.options.Stop}, since: p.options.ChangedSince}
	c := p.config(s)
	e := &evaluator{decideOnly: decideOnly, left: maxWork, at: map[string]int{}, paths: newParsedPaths(), scope: s, defs: c.decoded, predefined: predefined, early: early, above: layers{user, given}}
	e.out = &Evaluation{Stages: c.decoded.stages, Missing: c.missing, Jobs: make([]Job, 0, len(c.decoded.jobs))}
	e.workflow()
	if !decideOnly {
		e.shared = e.predefined.list()
	}
	openWorkflow := s.tree.unknownChanges
	for _, def := range c.decoded.jobs {
		if stopped(p.options.Stop) {
			break
		}
		if e.left < 0 {
			e.problems.add(def.job.Pos, "", Refused, "the pipeline is too large: its jobs have more than %d rules and variables", maxWork)
			break
		}
		e.definition(def)
	}
	if e.needsWorkflow {
		e.problems.add(e.out.Missing[0].Pos, "", Incomplete, "jobs without rules are in this pipeline only if workflow has rules%s", mayBeIn(e.out.Missing))
	}
	slices.SortStableFunc(e.out.Jobs, func(a, b Job) int {
		return cmp.Compare(slices.Index(e.out.Stages, a.Stage), slices.Index(e.out.Stages, b.Stage))
	})
	e.linkNeeds()
	e.checkStages()
	e.out.UnknownChanges = openWorkflow || e.out.Created && s.tree.unknownChanges
	e.out.Problems = append(slices.Clone(c.problems), e.problems...).sorted()
	e.markJobs()
	e.out.Work = c.values + (maxWork - e.left) + (work-s.patterns.left)>>matchingPerWork
	return e.out
}

// checkStages requires a job in a stage other than .pre and .post.
func (e *evaluator) checkStages() {
	var first *Job
	for i := range e.out.Jobs {
		job := &e.out.Jobs[i]
		switch {
		case job.When == Never:
		case job.Stage != ".pre" && job.Stage != ".post":
			return
		case first == nil:
			first = job
		}
	}
	if first != nil {
		e.problems.add(first.Pos, "", Refused, "all jobs of this event are in the stages .pre and .post")
	}
}

func (e *evaluator) markJobs() {
	about := map[string][]Problem{}
	for _, p := range e.out.Problems {
		about[p.Job] = append(about[p.Job], p)
	}
	for i := range e.out.Jobs {
		e.out.Jobs[i].Problems = about[e.out.Jobs[i].Base]
	}
}

// Refused reports whether GitLab refuses to create the pipeline.
func (e *Evaluation) Refused() bool {
	return slices.ContainsFunc(e.Problems, func(p Problem) bool { return p.Effect == Refused })
}

type evaluator struct {
	scope      *scope
	defs       *definitions
	predefined settings
	shared     []Variable // the predefined variables
	early      settings   // predefined variables before there is a job
	above      layers     // what overrides the files: the user's name, and what was given with the event
	globals    settings   // top-level variables, overridden by those of the matching workflow rule
	out        *Evaluation
	at         map[string]int // index of each job in out, by name
	left       int            // rules and variables that may still be evaluated
	problems   problems
	paths      *parsedPaths
	decideOnly bool // leave out what Decide does not return

	// needsWorkflow reports that a job without rules is in the pipeline only if an
	// include that is not available has workflow: rules.
	needsWorkflow bool
}

// maxWork limits the rules and variables of all jobs together. A hundred jobs
// with a hundred variables each need far less.
const maxWork = 500_000

// maxLinked limits the needs of all jobs together, after parallel jobs are
// counted. Five thousand jobs may have GitLab's limit of 50.
const maxLinked = 250_000

// errorf records a problem of a job for which GitLab refuses this event's
// pipeline.
func (e *evaluator) errorf(job *Job, format string, args ...any) {
	e.problems.add(job.Pos, job.Base, Refused, format, args...)
}

func (e *evaluator) workflow() {
	e.globals = e.defs.globals
	s := e.scope.with(layers{e.early, e.globals}.over(e.above...))
	e.out.Created = true
	cancels := e.defs.cancels
	if e.defs.workflow != nil {
		e.out.workflow = &workflowDecision{e.defs.workflow, s}
		r := s.match(e.defs.workflow)
		e.out.Created = r != nil && (r.when != Never || r.unknown)
		if s.patterns.spent() {
			r, e.out.Created = nil, true
			e.problems.add(e.defs.workflow[0].pos, "", Incomplete, "workflow: whether there is a pipeline is not known: its conditions take too long to match")
		}
		if r != nil {
			e.out.Rule, cancels = r.pos, cmp.Or(r.cancels, cancels)
			globals := settings{}
			maps.Copy(globals, e.globals)
			maps.Copy(globals, r.variables.from(FromPipeline))
			e.globals = globals
		}
	}
	e.out.CancelOnFailure = cancels != nil && *cancels
	e.out.Name = strings.TrimSpace(newExpander(layers{e.early, e.globals}.over(e.above...), layers{e.early}).text(e.defs.name))
	e.predefined["CI_PIPELINE_NAME"] = setting{value: e.out.Name, raw: true, from: FromGitLab} // conditions do not see it
}

func (e *evaluator) definition(def *definition) {
	if def.matrix == nil {
		e.add(e.instance(def, "", nil, nil))
		return
	}
	for i, own := range def.matrix {
		e.add(e.instance(def, def.labels[i], own, nodeVariables(i+1, len(def.matrix))))
	}
}

// add adds a job to the pipeline. If two jobs have the same name, for example
// because of equal values in a matrix, the later one replaces the earlier one,
// as in GitLab.
func (e *evaluator) add(job Job) {
	if at, taken := e.at[job.Name]; taken {
		e.problems.add(job.Pos, job.Base, Doubtful, "there is another job called %s: the last one counts", yamldoc.Quote(job.Name))
		e.out.Jobs[at] = job
		return
	}
	e.at[job.Name] = len(e.out.Jobs)
	e.out.Jobs = append(e.out.Jobs, job)
}

// instance returns a job, or an instance of a parallel one. own are the variables
// of its matrix, node those that say which instance it is.
func (e *evaluator) instance(def *definition, label string, own, node settings) Job {
	job := def.job
	job.Name += label
	predefined := layers{e.predefined, job.predefined(e.predefined)}
	maps.Copy(predefined[1], node)
	e.left -= len(predefined[0]) + len(predefined[1]) + len(e.globals) + len(def.variables) + len(def.rules)
	written := layers{e.inherited(def), def.variables, own}
	s := e.scope.with(e.seen(&job, predefined[1], written))
	rule := e.decide(def, &job, s)
	if conditional := def.hasRules || def.only != nil || def.except != nil; conditional && s.patterns.spent() {
		rule, job.When = nil, Unknown
		e.problems.add(job.Pos, job.Base, Incomplete, "whether it runs is not known: the conditions up to it take too long to match")
	}
	job.decided = &decision{def, s}
	job.Needs = withMatrix(job.Needs, own)
	e.splitNeeds(&job)
	e.otherProjects(def, s.vars)
	if !e.out.Created {
		job.When = Never
	}
	if e.decideOnly {
		return Job{Name: job.Name, Base: job.Base, Pos: job.Pos, Stage: job.Stage, When: job.When}
	}
	if rule != nil && len(rule.variables) > 0 {
		written = written.over(rule.variables.from(FromJob))
	}
	markManual(predefined[1], job.When)
	all := predefined.over(written...).over(e.above...).withProjectDir(predefined)
	x := newExpander(all, predefined)
	x.paths = e.paths
	e.checkImage(&job, all)
	job.written = &unexpanded{job, all, predefined}
	expandJob(&job, x)
	job.Variables = x.all(e.shared)
	if x.err != nil {
		e.errorf(&job, "%v", x.err)
	}
	return job
}

// seen returns the variables that the conditions of a job see. about are the
// predefined variables of the job, written those of the files.
func (e *evaluator) seen(job *Job, about settings, written layers) layers {
	early := layers{e.early, about.beforeJobs()}
	markManual(early[1], job.When)
	vars := early.over(written...).over(e.above...)
	if job.Environment == nil {
		return vars
	}
	env := job.Environment
	for name, value := range map[string]string{
		"CI_ENVIRONMENT_NAME": newExpander(vars, early).text(env.Name), "CI_ENVIRONMENT_ACTION": cmp.Or(env.Action, "start"),
		"CI_ENVIRONMENT_TIER": newExpander(vars, early).text(env.Tier), "CI_ENVIRONMENT_URL": env.URL,
	} {
		if value != "" {
			early[1][name] = setting{value: value, raw: true, from: FromGitLab}
		}
	}
	return vars
}

// markManual sets CI_JOB_MANUAL, or removes it if the job is not started by hand
// or later.
func markManual(predefined settings, when string) {
	delete(predefined, "CI_JOB_MANUAL")
	if when == Manual || when == Delayed {
		predefined["CI_JOB_MANUAL"] = setting{value: "true", raw: true, from: FromGitLab}
	}
}

// checkImage reports variables without a value in the name of a job's image.
func (e *evaluator) checkImage(job *Job, vars layers) {
	if job.Image == nil || job.When == Never {
		return
	}
	for _, ref := range variableName.FindAllString(job.Image.Name, -1) {
		if !vars.has(bareName(ref)) {
			e.problems.add(job.Pos, job.Base, Doubtful, "image %s: %s has no value here, --var gives it one", yamldoc.Quote(job.Image.Name), ref)
		}
	}
}

// inherited returns the top-level variables that a job inherits.
func (e *evaluator) inherited(def *definition) settings {
	if def.inherit.variables == nil {
		return e.globals
	}
	out := settings{}
	for _, name := range def.inherit.variables {
		if v, ok := e.globals[name]; ok {
			out[name] = v
		}
	}
	return out
}

// decide evaluates when the job runs, and returns the matching rule or nil.
func (e *evaluator) decide(def *definition, job *Job, s *scope) *rule {
	if !def.hasRules {
		switch {
		case def.bare && def.only != nil && e.defs.workflow == nil && len(e.out.Missing) > 0 && slices.Contains(def.only.conditions(s), false):
			job.When, e.needsWorkflow = Unknown, true
		case def.only != nil && slices.Contains(def.only.conditions(s), false),
			def.except != nil && slices.Contains(def.except.conditions(s), true):
			job.When = Never
		case def.only != nil && def.only.unknown, def.except != nil && def.except.unknown:
			job.When = Unknown
		}
		return nil
	}
	r := s.match(def.rules)
	if r == nil {
		job.When = Never
		return nil
	}
	job.Rule = r.pos
	if r.unknown {
		job.When = Unknown
		return nil
	}
	job.When = cmp.Or(r.when, job.When)
	if r.when == Delayed {
		job.StartIn = r.startIn
	}
	if r.allowFailure != nil {
		job.AllowFailure, job.AllowCodes = *r.allowFailure, nil
	}
	if len(r.needs) > 0 { // an empty list has no effect on GitLab
		job.Ordered, job.Needs = true, r.needs
	}
	return r
}

// expandJob expands variables where GitLab Runner does. Scripts are left to the
// shell. It copies what it changes, because instances share their definition.
func expandJob(job *Job, x *expander) {
	if job.Image != nil {
		image := expandImage(*job.Image, x)
		job.Image = &image
	}
	if job.Downstream != nil {
		expandDownstream(job, x)
	}
	job.Services = slices.Clone(job.Services)
	for i := range job.Services {
		job.Services[i] = expandImage(job.Services[i], x)
	}
	job.Tags = x.texts(job.Tags)
	job.ResourceGroup = x.text(job.ResourceGroup)
	if job.Environment != nil {
		expandEnvironment(job, x)
	}
	if job.Artifacts != nil {
		a := *job.Artifacts
		a.Name, a.Paths, a.Exclude = x.shell(a.Name), x.shells(a.Paths), x.shells(a.Exclude)
		a.Reports = slices.Clone(a.Reports)
		for i := range a.Reports {
			a.Reports[i].Paths = x.shells(a.Reports[i].Paths)
		}
		job.Artifacts = &a
	}
	job.Cache = slices.Clone(job.Cache)
	for i := range job.Cache {
		c := &job.Cache[i]
		c.Key, c.KeyPrefix, c.Policy = x.text(c.Key), x.text(c.KeyPrefix), x.text(c.Policy)
		c.Paths, c.KeyFiles, c.FallbackKeys = x.shells(c.Paths), x.texts(c.KeyFiles), x.texts(c.FallbackKeys)
	}
}

func expandDownstream(job *Job, x *expander) {
	d := *job.Downstream
	d.Project, d.Branch = x.text(d.Project), x.text(d.Branch)
	d.Include = slices.Clone(d.Include)
	for i := range d.Include {
		d.Include[i].Location, d.Include[i].Job = x.text(d.Include[i].Location), x.text(d.Include[i].Job)
		d.Include[i].Ref, d.Include[i].Files = x.text(d.Include[i].Ref), x.texts(d.Include[i].Files)
	}
	job.Downstream = &d
}

// expandEnvironment expands the environment's name, sets the variables derived
// from it, and then expands the URL, which may use them.
func expandEnvironment(job *Job, x *expander) {
	env := *job.Environment
	env.Name, env.Tier = x.text(env.Name), x.text(env.Tier)
	about := settings{}
	set := func(name, value string) { about[name] = setting{value: value, raw: true, from: FromGitLab} }
	set("CI_ENVIRONMENT_NAME", env.Name)
	set("CI_ENVIRONMENT_SLUG", environmentSlug(env.Name))
	x.vars = x.vars.over(about)
	if env.URL != "" {
		env.URL = x.text(env.URL)
		set("CI_ENVIRONMENT_URL", env.URL)
	}
	set("CI_ENVIRONMENT_ACTION", cmp.Or(env.Action, "start"))
	set("CI_ENVIRONMENT_TIER", env.tier())
	job.Environment = &env
}

func expandImage(i Image, x *expander) Image {
	i.Name, i.Alias, i.Platform, i.User = x.text(i.Name), x.text(i.Alias), x.text(i.Platform), x.text(i.User)
	if i.Variables != nil {
		vars := make(map[string]string, len(i.Variables))
		for name, value := range i.Variables {
			vars[name] = x.ofService(value, i.Variables)
		}
		i.Variables = vars
	}
	return i
}
