// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import "gitlab.com/lcitool/lcitool/internal/yamldoc"

func (j *jobDecoder) downstream(v *value) *Downstreams {
	out := &Downstreams{YAMLVariables: true}
	switch v.kind {
	case text:
		if out.Project = v.text; out.Project == "" {
			j.errorf(v.pos, "trigger names neither a project nor files to include")
		}
		return out
	case mapping:
	default:
		j.errorf(v.pos, "trigger takes a project or a mapping, got %s", v.describe())
		return out
	}
	include := v.get("include")
	if include == nil {
		j.keys(v, "trigger", "project", "branch", "strategy", "forward", "inputs")
		if out.Project = j.text(v.get("project"), "trigger: project"); out.Project == "" {
			j.errorf(v.pos, "trigger names neither a project nor files to include")
		}
	} else {
		j.keys(v, "trigger", "include", "strategy", "forward", "inputs")
		out.Include = j.children(include)
	}
	out.Branch = j.text(v.get("branch"), "trigger: branch")
	out.Strategy = j.choice(v.get("strategy"), "trigger: strategy", "", "depend", "mirror")
	out.Inputs = j.inputTexts(v.get("inputs"))
	if forward := v.get("forward"); forward != nil && j.keys(forward, "trigger: forward", "yaml_variables", "pipeline_variables") {
		if y := forward.get("yaml_variables"); y != nil {
			out.YAMLVariables = j.truth(y, "trigger: forward: yaml_variables")
		}
		out.PipelineVariables = j.truth(forward.get("pipeline_variables"), "trigger: forward: pipeline_variables")
	}
	return out
}

// Forwarded returns the Variables and Raw of the event of the pipeline that a
// trigger job starts. event is that of its own pipeline. As on GitLab, values from
// the files are handed on even if the event overrides them, and references are
// replaced once: the other pipeline replaces those in what they stand for.
func (j *Job) Forwarded(event Event) (variables map[string]string, raw map[string]bool) {
	variables, raw = map[string]string{}, map[string]bool{}
	if j.written == nil {
		return variables, raw
	}
	forward := func(name string, v setting) {
		if variables[name], raw[name] = v.value, v.raw; !v.raw {
			variables[name] = j.written.vars.orBlank(v.value)
		}
	}
	for _, layer := range j.written.vars {
		for name, v := range layer {
			inFiles := v.from == FromPipeline || v.from == FromJob
			if inFiles && j.Downstream.YAMLVariables || v.from == FromDotenv && j.Downstream.PipelineVariables {
				forward(name, v)
			}
		}
	}
	if j.Downstream.PipelineVariables {
		for name, value := range event.Variables {
			forward(name, setting{value: value, raw: event.Raw[name]})
		}
	}
	return variables, raw
}

// checkTrigger checks the values of other keys in a trigger job.
func (j *jobDecoder) checkTrigger() {
	if p := j.v.get("parallel"); p != nil && p.kind != mapping {
		j.errorf(p.pos, "parallel of a job with a trigger takes a matrix only")
	}
	if a := j.v.get("allow_failure"); a != nil && a.kind == mapping {
		j.errorf(a.pos, "allow_failure of a job with a trigger takes true or false, got a mapping")
	}
	needs := j.v.get("needs")
	items := []*value{needs}
	if needs != nil && needs.kind == list {
		items = needs.items
	}
	for _, item := range items {
		if item.get("project") != nil || item.get("pipeline") != nil && item.get("job") != nil {
			j.errorf(item.pos, "a job with a trigger needs no artifacts of other pipelines")
		}
	}
}

// checkMirrors requires that a job with a script does not mirror a pipeline.
func (j *jobDecoder) checkMirrors(needs *value) {
	items := []*value{needs}
	if needs.kind == list {
		items = needs.items
	}
	for _, item := range items {
		if item.get("pipeline") != nil && item.get("job") == nil && j.v.get("script") != nil {
			j.errorf(item.pos, "needs: a pipeline without a job is for jobs without a script")
		}
	}
}

// maxChildren is GitLab's limit on the files of a child pipeline.
const maxChildren = 3

func (j *jobDecoder) children(v *value) []Child {
	items := []*value{v}
	if v.kind == list {
		items = j.flat(v, "trigger: include")
	}
	if len(items) > maxChildren {
		j.errorf(v.pos, "trigger: include has more than %d files", maxChildren)
	}
	var out []Child
	for _, item := range items {
		if item.kind == text {
			out = append(out, Child{Kind: "local", Location: item.text})
			continue
		}
		if item.kind != mapping {
			j.errorf(item.pos, "trigger: include takes a path or a mapping, got %s", item.describe())
			continue
		}
		j.keys(item, "trigger: include", "local", "artifact", "job", "project", "ref", "file", "template", "remote", "component", "inputs", "integrity", "rules")
		child := Child{Job: j.text(item.get("job"), "trigger: include: job"), Inputs: j.inputTexts(item.get("inputs"))}
		for _, kind := range append([]string{"local"}, elsewhere()...) {
			if l := item.get(kind); l != nil {
				child.Kind, child.Location = kind, j.text(l, "trigger: include: "+kind)
				break
			}
		}
		child.Ref, child.Integrity = j.text(item.get("ref"), "trigger: include: ref"), j.text(item.get("integrity"), "trigger: include: integrity")
		child.Files = j.texts(item.get("file"), "trigger: include: file")
		switch {
		case child.Kind == "":
			j.errorf(item.pos, "trigger: include names no file")
		case child.Kind == "project" && len(child.Files) == 0:
			j.errorf(item.pos, "trigger: include: project needs file")
		case child.Kind == "artifact" && child.Job == "":
			j.errorf(item.pos, "trigger: include: artifact needs the job that makes it")
		}
		out = append(out, child)
	}
	return out
}

// inputTexts returns the values of inputs. Values that are no strings are JSON.
func (d *decoder) inputTexts(v *value) map[string]string {
	if v == nil {
		return nil
	}
	if v.kind != mapping {
		d.errorf(v.pos, "inputs takes a mapping, got %s", v.describe())
		return nil
	}
	out := map[string]string{}
	for _, f := range v.fields {
		if out[f.key] = f.value.json(); f.value.kind == text {
			out[f.key] = f.value.text
		}
	}
	return out
}

// plainSettings returns variables whose values must be scalars.
func (d *decoder) plainSettings(v *value, what string) map[string]string {
	if v.kind != mapping {
		d.errorf(v.pos, "%s takes a mapping, got %s", what, v.describe())
		return nil
	}
	out := map[string]string{}
	for _, f := range v.fields {
		if f.value.kind >= list {
			d.errorf(f.value.pos, "%s: %s takes a single value, got %s", what, yamldoc.Quote(f.key), f.value.describe())
			continue
		}
		out[f.key] = f.value.text
	}
	return out
}
