// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"cmp"

	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// needs decodes the jobs that a job needs, by their names in the file, and returns
// the other projects whose artifacts it needs.
func (d *decoder) needs(v *value) (out []Need, projects []*value) {
	items := []*value{v}
	if v.kind != list && v.kind != mapping {
		d.errorf(v.pos, "needs takes a list or a mapping, got %s", v.describe())
	}
	if v.kind == list {
		items = d.flat(v, "needs")
	}
	out = []Need{}
	for _, item := range items {
		if item.kind == null { // GitLab ignores it
			continue
		}
		if item.kind != mapping {
			if name := d.text(item, "needs"); name != "" {
				out = append(out, Need{Job: name, Artifacts: true, pos: item.pos})
			}
			continue
		}
		project, pipeline := item.get("project"), item.get("pipeline")
		if project == nil {
			d.keys(item, "needs", "artifacts", "job", "optional", "parallel", "pipeline", "ref")
		}
		switch {
		case project != nil:
			d.needsProject(item)
			projects = append(projects, project)
		case pipeline == nil:
			out = append(out, d.need(item)...)
		case item.get("job") != nil:
			for _, n := range d.need(item) {
				n.pipeline, n.pos = pipeline.text, pipeline.pos
				out = append(out, n)
			}
		}
	}
	others := 0
	for _, n := range out {
		if n.pipeline != "" {
			others++
		}
	}
	if others > maxOthers {
		d.errorf(v.pos, "needs names more than %d jobs of other pipelines", maxOthers)
	}
	if len(out) > maxListed {
		d.errorf(v.pos, "needs names more than %d jobs", maxListed)
	}
	return out, projects
}

// needsProject checks a need of another project.
func (d *decoder) needsProject(v *value) {
	d.keys(v, "needs: project", "artifacts", "job", "project", "ref")
	for _, key := range []string{"project", "job", "ref"} {
		if d.text(v.get(key), "needs: "+key) == "" {
			d.errorf(v.pos, "needs: project needs %s", key)
		}
	}
	d.truth(v.get("artifacts"), "needs: artifacts")
}

// onlyJobs requires that the needs of a rule are jobs of the pipeline.
func (d *decoder) onlyJobs(needs *value) {
	items := []*value{needs}
	if needs.kind == list {
		items = needs.items
	}
	for _, item := range items {
		if item.get("pipeline") != nil || item.get("project") != nil {
			d.errorf(item.pos, "needs of a rule names jobs of this pipeline only")
		}
	}
}

const (
	maxListed = 200 // needs of a job, before parallel jobs are counted
	maxNeeds  = 50  // GitLab's default limit on the needs of a job
	maxOthers = 5   // GitLab's limit on the needs of other pipelines
)

func (d *decoder) need(v *value) []Need {
	n := Need{Job: d.text(v.get("job"), "needs: job"), Artifacts: true, Optional: d.truth(v.get("optional"), "needs: optional"), pos: v.pos}
	if n.Job == "" {
		d.errorf(v.pos, "needs names no job")
		return nil
	}
	if a := v.get("artifacts"); a != nil {
		n.Artifacts = d.truth(a, "needs: artifacts")
	}
	parallel := v.get("parallel")
	if parallel == nil {
		return []Need{n}
	}
	var out []Need
	if d.keys(parallel, "needs: parallel", "matrix") && parallel.get("matrix") != nil {
		_, labels := d.matrix(parallel.get("matrix"))
		for _, label := range labels {
			out = append(out, Need{Job: n.Job + label, base: n.Job, Artifacts: n.Artifacts, Optional: n.Optional, pos: n.pos})
		}
	}
	return out
}

// otherProjects reports the projects whose artifacts a job needs: they are not known
// here.
func (e *evaluator) otherProjects(def *definition, vars layers) {
	for _, project := range def.projects {
		name := cmp.Or(newExpander(vars, nil).text(project.text), project.text)
		e.problems.add(project.pos, def.job.Base, Incomplete, "needs artifacts of project %s, which are not known here", yamldoc.Quote(name))
	}
}

// splitNeeds separates the needs in the job's own pipeline from those in the
// parent pipeline. Other pipelines are not known here.
func (e *evaluator) splitNeeds(job *Job) {
	var own []Need
	for _, n := range job.Needs {
		switch {
		case n.pipeline == "":
			own = append(own, n)
		case e.scope.event.Child:
			job.FromParent = append(job.FromParent, n.Job)
		default:
			e.problems.add(n.pos, job.Base, Incomplete, "needs artifacts of pipeline %s, which are not known here", yamldoc.Quote(n.pipeline))
		}
	}
	if len(own) < len(job.Needs) {
		job.Needs = append([]Need{}, own...)
	}
}

// linkNeeds replaces the names in needs by those of jobs in the pipeline, and
// reports missing ones.
func (e *evaluator) linkNeeds() {
	instances, at := map[string][]string{}, map[string]int{}
	for i := range e.out.Jobs {
		job := &e.out.Jobs[i]
		instances[job.Base] = append(instances[job.Base], job.Name)
		if job.Name != job.Base {
			instances[job.Name] = []string{job.Name}
		}
		at[job.Name] = i
	}
	left := maxLinked
	for i := range e.out.Jobs {
		job := &e.out.Jobs[i]
		var needs []Need
		listed := 0
		for _, n := range job.Needs {
			listed += max(1, len(instances[n.Job]))
			if left -= len(instances[n.Job]); left < 0 {
				continue
			}
			for _, name := range instances[n.Job] {
				if needed := &e.out.Jobs[at[name]]; e.needed(job, needed, n.Optional) {
					needs = append(needs, Need{Job: name, Artifacts: n.Artifacts, Optional: n.Optional, pos: n.pos})
				}
			}
		}
		if listed > maxNeeds && job.When != Never && e.out.Created {
			e.errorf(job, "it needs %d jobs, and GitLab takes %d", listed, maxNeeds)
		}
		if job.Ordered {
			job.Needs = append([]Need{}, needs...)
		}
		if job.Dependencies != nil {
			all := []string{}
			for _, name := range job.Dependencies {
				if left -= len(instances[name]); left >= 0 {
					all = append(all, instances[name]...)
				}
			}
			job.Dependencies = all
		}
	}
	if left < 0 {
		e.problems.add(e.out.Jobs[0].Pos, "", Refused, "the pipeline is too large: its jobs need more than %d jobs", maxLinked)
	}
	e.checkCircles(at)
}

// needed reports whether a needed job is in the pipeline.
func (e *evaluator) needed(job, needed *Job, optional bool) bool {
	if job.When == Never || needed.When == Never {
		if job.When != Never && job.When != Unknown && !optional && e.out.Created {
			e.absentNeed(job, needed)
		}
		return needed.When != Never || job.When == Never
	}
	return true
}

// absentNeed reports a needed job that is not in the pipeline. If an include is
// missing, the workflow in it may add the job.
func (e *evaluator) absentNeed(job, needed *Job) {
	effect, more := Refused, ""
	if len(e.out.Missing) > 0 && e.defs.workflow == nil {
		effect, more = Incomplete, "; an include that is not available here may have rules that add it"
	}
	e.problems.add(job.Pos, job.Base, effect, "needs %s, which is not in the pipeline of this event%s", yamldoc.Quote(needed.Name), more)
}

// checkCircles requires that no job needs itself, directly or indirectly.
func (e *evaluator) checkCircles(at map[string]int) {
	const open, done = 1, 2
	state := map[string]int{}
	var visit func(job *Job)
	visit = func(job *Job) {
		state[job.Name] = open
		for _, n := range job.Needs {
			switch state[n.Job] {
			case open:
				e.errorf(job, "needs %s, which needs it in turn", yamldoc.Quote(n.Job))
			case 0:
				visit(&e.out.Jobs[at[n.Job]])
			}
		}
		state[job.Name] = done
	}
	for i := range e.out.Jobs {
		if state[e.out.Jobs[i].Name] == 0 {
			visit(&e.out.Jobs[i])
		}
	}
}
