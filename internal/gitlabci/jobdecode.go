// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// jobKeys returns the keys of a job, without those in beyondUs.
func jobKeys() []string {
	return []string{
		"after_script", "allow_failure", "artifacts", "before_script", "cache", "coverage", "dependencies", "environment", "except",
		"extends", "hooks", "image", "inherit", "inputs", "interruptible", "manual_confirmation", "needs", "only", "parallel", "resource_group", "retry",
		"rules", "script", "services", "stage", "start_in", "tags", "timeout", "trigger", "variables", "when",
	}
}

func triggerKeys() []string {
	return []string{
		"allow_failure", "environment", "except", "extends", "inherit", "interruptible", "manual_confirmation", "needs", "only", "parallel",
		"resource_group", "rules", "stage", "trigger", "variables", "when",
	}
}

type jobDecoder struct {
	*decoder
	v        *value
	defaults *value
	inherit  inheritance

	elsewhere string // text about includes that may have what the job lacks, or ""
}

// inheritance is the inherit keyword of a job.
type inheritance struct {
	defaults  []string // nil for all
	variables []string // nil for all
}

func (j *jobDecoder) decode(name string, pos diag.Position, workflow, lacks bool) *definition {
	if j.v.get("trigger") != nil && j.v.get("script") == nil {
		j.keys(j.v, "a job with a trigger", triggerKeys()...)
	} else {
		j.keysIn(j.v, "it", jobKeys(), beyondUs())
	}
	j.inherit = j.inheritance(j.v.get("inherit"))
	def := &definition{inherit: j.inherit, needs: j.v.get("needs")}
	job := &def.job
	job.Name, job.Base, job.Pos = name, name, pos
	if in := j.v.get("inputs"); in != nil {
		j.incomplete(in.pos, "inputs of a job are not supported")
		j.checkInputs(in)
	}
	if strings.TrimSpace(name) == "" {
		j.errorf(pos, "the name of a job is empty")
	}
	j.nameLength(pos, name)
	job.Stage = "test"
	if s := j.v.get("stage"); s != nil {
		job.Stage = j.text(s, "stage")
	}
	j.when(def)
	j.conditions(def, workflow, lacks)
	j.work(job, lacks)
	j.files(job)
	j.limits(job)
	j.parallel(def)
	def.variables = j.settings(j.v.get("variables"), "variables").from(FromJob)
	if def.needs != nil {
		job.Ordered = true
		job.Needs, def.projects = j.needs(def.needs)
		j.checkMirrors(def.needs)
	}
	job.Dependencies = j.listed(j.v.get("dependencies"), "dependencies")
	j.leaveToGitLab(pos)
	return def
}

// mirrored returns the project whose pipeline status a job without a script
// mirrors, or "".
func (j *jobDecoder) mirrored() string {
	needs := j.v.get("needs")
	if needs != nil && needs.kind == list && len(needs.items) == 1 {
		needs = needs.items[0]
	}
	if needs.get("job") != nil {
		return ""
	}
	return needs.get("pipeline").looseText()
}

// get returns the value of a key of the job or, if the job inherits it, of
// default. Of default, a trigger has nothing.
func (j *jobDecoder) get(key string) *value {
	if v := j.v.get(key); v != nil || j.v.get("trigger") != nil {
		return v
	}
	if slices.Contains(defaultKeys(), key) && (j.inherit.defaults == nil || slices.Contains(j.inherit.defaults, key)) {
		return j.defaults.get(key)
	}
	return nil
}

// maxName is GitLab's limit on the names of jobs and pipelines, in characters.
const maxName = 255

// nameLength requires a name, including the suffix of an instance, that fits in
// GitLab's database.
func (j *jobDecoder) nameLength(pos diag.Position, name string) (ok bool) {
	if ok = utf8.RuneCountInString(name) <= maxName; !ok {
		j.errorf(pos, "the name %s is longer than %d characters", yamldoc.OneLine(name), maxName)
	}
	return ok
}

func (j *jobDecoder) inheritance(v *value) inheritance {
	if v == nil || !j.keys(v, "inherit", "default", "variables") {
		return inheritance{}
	}
	names := func(v *value, what string) []string {
		switch {
		case v == nil:
			return nil
		case v.kind == list:
			return j.texts(v, what)
		case j.truth(v, what):
			return nil
		}
		return []string{}
	}
	defaults := names(v.get("default"), "inherit: default")
	j.checkInherited(v, defaults)
	return inheritance{defaults, names(v.get("variables"), "inherit: variables")}
}

func (j *jobDecoder) when(def *definition) {
	job := &def.job
	if w := j.v.get("when"); w.looseText() == Never {
		j.errorf(w.pos, "when: only a rule takes never")
		job.When = Never
	} else {
		job.When = j.choice(w, "when", OnSuccess, OnFailure, Always, Manual, Delayed)
	}
	job.StartIn = j.startIn(j.v, job.When)
	job.AllowFailure = job.When == Manual
	switch allow := j.v.get("allow_failure"); {
	case allow == nil:
	case allow.kind == mapping:
		job.AllowFailure = false
		j.keys(allow, "allow_failure", "exit_codes")
		job.AllowCodes = j.integers(allow.get("exit_codes"), "exit_codes", math.MinInt, math.MaxInt)
	default:
		job.AllowFailure = j.truth(allow, "allow_failure")
	}
}

func (j *jobDecoder) conditions(def *definition, workflow, lacks bool) {
	rules, only, except := j.v.get("rules"), j.v.get("only"), j.v.get("except")
	if rules != nil {
		for _, v := range []*value{only, except} {
			if v != nil {
				j.errorf(v.pos, "only and except cannot stand beside rules")
			}
		}
		if v := j.v.get("start_in"); v != nil || def.job.When == Delayed {
			j.errorf(rules.pos, "a job with rules is delayed by its rules: when: delayed and start_in cannot stand beside rules")
		}
		def.hasRules = true
		def.rules = j.rules(rules, jobRules())
		return
	}
	nothing := hasField(j.v, "rules") // null: no rules, but not the default of only either
	def.bare = only == nil && except == nil && !nothing
	if only != nil || !workflow && !lacks && !nothing {
		def.only = j.policy(only, true)
	}
	if except != nil {
		def.except = j.policy(except, false)
	}
	if (lacks || j.elsewhere != "" && j.v.get("script") == nil && j.v.get("trigger") == nil) && only == nil && except == nil {
		def.job.When = Unknown
	}
}

// work decodes the scripts, the image and what else the job runs with.
func (j *jobDecoder) work(job *Job, lacks bool) {
	job.Trigger = j.v.get("trigger") != nil
	before := len(j.problems)
	job.Script = j.script(j.v.get("script"), "script")
	job.BeforeScript = j.script(j.get("before_script"), "before_script")
	job.AfterScript = j.script(j.get("after_script"), "after_script")
	if hooks := j.get("hooks"); hooks != nil && j.keys(hooks, "hooks", "pre_get_sources_script") {
		job.PreGetSources = j.script(hooks.get("pre_get_sources_script"), "hooks: pre_get_sources_script")
	}
	if len(j.problems) > before {
		job.Unresolved = append(job.Unresolved, "its script cannot be read")
	}
	mirrored := j.mirrored()
	switch {
	case job.Trigger && job.Script != nil:
		j.errorf(job.Pos, "script and trigger cannot stand beside each other")
	case job.Script != nil || job.Trigger || lacks:
	case j.v.get("run") != nil:
		j.incomplete(j.v.get("run").pos, "run: steps are not supported")
		job.Unresolved = append(job.Unresolved, "run: steps are not supported")
	case mirrored != "":
		j.incomplete(j.v.get("needs").pos, "it shows the state of the pipeline of %s, which only GitLab can", yamldoc.Quote(mirrored))
		job.Unresolved = append(job.Unresolved, "it shows the state of the pipeline of "+yamldoc.Quote(mirrored)+", which only GitLab can")
	case j.elsewhere != "":
		j.incomplete(job.Pos, "it has no script and no trigger%s", j.elsewhere)
		job.Unresolved = append(job.Unresolved, "it has no script and no trigger"+j.elsewhere)
	default:
		j.errorf(job.Pos, "it has no script and no trigger")
		job.Unresolved = append(job.Unresolved, "it has no script and no trigger")
	}
	if v := j.get("image"); v != nil {
		image := j.image(v, "image")
		job.Image = &image
	}
	if v := j.get("services"); v != nil {
		for _, item := range j.flat(v, "services") {
			if item.kind == null { // GitLab ignores it
				continue
			}
			service := j.image(item, "services", "alias", "command", "variables")
			if vars := item.get("variables"); vars != nil {
				service.Variables = j.plainSettings(vars, "services: variables")
			}
			job.Services = append(job.Services, service)
		}
	}
	if job.Trigger {
		job.Downstream = j.downstream(j.v.get("trigger"))
		j.checkTrigger()
	}
	if tags := j.get("tags"); tags != nil {
		job.Tags = j.listed(tags, "tags")
		j.atMost(tags, "tags", job.Tags, maxTags)
	}
	job.Environment = j.environment(j.v.get("environment"))
	job.ResourceGroup = j.text(j.v.get("resource_group"), "resource_group")
	if c := j.v.get("coverage"); c != nil {
		job.Coverage = j.text(c, "coverage")
		if _, err := compilePattern(job.Coverage); overLimit(err) {
			j.problems.add(c.pos, j.job, Notice, "coverage: the job's log is not searched: %v", err)
		} else if err != nil {
			j.errorf(c.pos, "coverage: %v", err)
		}
	}
}

// maxTags is GitLab's limit on tags. GitLab's message has one more.
const maxTags = 49

func (j *jobDecoder) image(v *value, what string, more ...string) Image {
	if v.kind != mapping {
		if v.kind == text && v.text == "" {
			j.errorf(v.pos, "%s has no name", what)
		}
		return Image{Name: j.text(v, what)}
	}
	j.keys(v, what, append(more, "name", "entrypoint", "pull_policy", "docker", "kubernetes")...)
	image := Image{
		Name: j.text(v.get("name"), what+": name"), Entrypoint: j.listed(v.get("entrypoint"), what+": entrypoint"),
		Command: j.listed(v.get("command"), what+": command"), Alias: j.text(v.get("alias"), what+": alias"),
		PullPolicy: j.texts(v.get("pull_policy"), what+": pull_policy"),
	}
	if image.Name == "" {
		j.errorf(v.pos, "%s has no name", what)
	}
	if p := v.get("pull_policy"); p != nil && p.kind == list && len(p.items) == 0 {
		j.errorf(p.pos, "%s: pull_policy is empty", what)
	}
	for _, policy := range image.PullPolicy {
		if !slices.Contains([]string{"always", "if-not-present", "never"}, policy) {
			j.errorf(v.get("pull_policy").pos, "%s: pull_policy: %q is none of always, if-not-present, never", what, policy)
		}
	}
	if docker := v.get("docker"); docker != nil && j.keys(docker, what+": docker", "platform", "user") {
		image.Platform, image.User = j.text(docker.get("platform"), "platform"), j.text(docker.get("user"), "user")
	}
	if k := v.get("kubernetes"); k != nil {
		j.keys(k, what+": kubernetes", "user")
	}
	return image
}

// looseText returns the text of a scalar of any type, or "" for nil.
func (v *value) looseText() string {
	if v == nil {
		return ""
	}
	return v.text
}

func (j *jobDecoder) environment(v *value) *Environment {
	switch {
	case v == nil:
		return nil
	case v.kind != mapping:
		e := &Environment{Name: j.text(v, "environment"), Action: "start"}
		j.checkEnvironment(e, v)
		return e
	}
	j.keys(v, "environment", "name", "url", "action", "on_stop", "auto_stop_in", "kubernetes", "deployment_tier")
	if v.get("name").looseText() == "" {
		j.errorf(v.pos, "environment has no name")
	}
	j.expiry(v.get("auto_stop_in"), "environment: auto_stop_in", true)
	e := &Environment{
		Tier: j.tier(v.get("deployment_tier")),
		Name: j.text(v.get("name"), "environment: name"), URL: j.text(v.get("url"), "environment: url"),
		Action: j.choice(v.get("action"), "environment: action", "start", "prepare", "stop", "verify", "access"),
		OnStop: j.text(v.get("on_stop"), "environment: on_stop"),
	}
	j.checkEnvironment(e, v)
	return e
}

func tiers() []string { return []string{"production", "staging", "testing", "development", "other"} }

// tier returns a deployment tier, which may contain variables.
func (j *jobDecoder) tier(v *value) string {
	const what = "environment: deployment_tier"
	if v != nil && strings.Contains(v.text, "$") {
		return j.text(v, what)
	}
	return j.choice(v, what, append([]string{""}, tiers()...)...)
}

// maxDelay is GitLab's limit on start_in.
const maxDelay = 7 * day

func (d *decoder) startIn(v *value, when string) time.Duration {
	delay := v.get("start_in")
	length := d.duration(delay, "start_in")
	switch {
	case when == Delayed && delay == nil:
		d.errorf(v.pos, "when: delayed needs start_in")
	case when != Delayed && delay != nil:
		d.errorf(delay.pos, "start_in needs when: delayed")
	case length > maxDelay:
		d.errorf(delay.pos, "start_in is longer than a week")
	}
	return length
}
