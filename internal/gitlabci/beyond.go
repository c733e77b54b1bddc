// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"cmp"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// beyondUs returns the keys of a job that only GitLab can act on. Their values
// are validated, because GitLab creates no pipeline if they are invalid.
func beyondUs() []string {
	return []string{"dast_configuration", "id_tokens", "identity", "pages", "publish", "release", "run", "secrets"}
}

// leaveToGitLab reports the keys of the job that have no effect here.
func (j *jobDecoder) leaveToGitLab(pos diag.Position) {
	j.checkBeyond()
	var left []string
	for _, key := range beyondUs() {
		if v := j.get(key); v != nil && (v.kind != mapping || len(v.fields) > 0) && (v.kind != boolean || v.text == "true") {
			left = append(left, key)
		}
	}
	if len(left) > 0 {
		j.problems.add(pos, j.job, Notice, "%s: left to GitLab, only the script runs here", strings.Join(left, ", "))
	}
}

func (j *jobDecoder) checkBeyond() {
	if v := j.get("id_tokens"); v != nil {
		j.idTokens(v)
	}
	if v := j.get("secrets"); v != nil {
		j.eachMapping(v, "secrets", func(value *value, what string) {})
	}
	if v := j.get("release"); v != nil {
		j.release(v)
	}
	if v := j.get("pages"); v != nil && v.kind != boolean && j.keys(v, "pages", "path_prefix", "expire_in", "publish") {
		j.text(v.get("path_prefix"), "pages: path_prefix")
		j.text(v.get("publish"), "pages: publish")
		j.expiry(v.get("expire_in"), "pages: expire_in", true)
	}
	j.publish()
	j.text(j.v.get("manual_confirmation"), "manual_confirmation")
	j.choice(j.get("identity"), "identity", "", "google_cloud")
	if j.v.get("run") != nil && j.v.get("script") != nil {
		j.errorf(j.v.get("run").pos, "script and run cannot stand beside each other")
	}
}

// addPublished adds the directory that GitLab Pages publishes to the artifacts of
// a job, as GitLab does.
func (j *jobDecoder) addPublished(job *Job) {
	pages := j.v.get("pages")
	switch {
	case job.Trigger, pages != nil && pages.kind == boolean && pages.text == "false":
		return
	case (pages == nil || pages.isBlank()) && job.Name != "pages":
		return
	}
	dir := cmp.Or(pages.get("publish").looseText(), j.v.get("publish").looseText(), "public")
	if job.Artifacts == nil {
		job.Artifacts = &Artifacts{When: OnSuccess}
	}
	if !slices.Contains(job.Artifacts.Paths, dir) {
		job.Artifacts.Paths = append(slices.Clone(job.Artifacts.Paths), dir) // the list may be another job's
	}
}

// publish checks the deprecated key of that name.
func (j *jobDecoder) publish() {
	publish, pages := j.v.get("publish"), j.v.get("pages")
	j.text(publish, "publish")
	switch {
	case publish == nil:
	case pages.get("publish") != nil:
		j.errorf(publish.pos, "publish cannot stand beside pages: publish")
	case pages != nil && !pages.isBlank():
	case j.job != "pages", pages != nil && pages.kind == boolean:
		j.errorf(publish.pos, "publish is for jobs with pages only")
	}
}

// checkInputs validates the inputs of a job, which GitLab does when it creates the
// job.
func (j *jobDecoder) checkInputs(v *value) {
	for _, f := range j.inputFields(v, "inputs") {
		what := "input " + yamldoc.Quote(f.key)
		switch {
		case !j.keys(f.value, what, "default", "description", "options", "regex", "type"):
		case f.value.get("default") == nil:
			j.errorf(f.pos, "%s of a job needs a default", what)
		default:
			s := j.inputSpec(f)
			s.check(s.value, s.options, j.decoder, f.pos, "the default")
		}
	}
}

// eachMapping requires a mapping of mappings and calls do for each of these.
func (j *jobDecoder) eachMapping(v *value, what string, do func(v *value, what string)) {
	if v.kind != mapping {
		j.errorf(v.pos, "%s takes a mapping, got %s", what, v.describe())
		return
	}
	for _, f := range v.fields {
		inner := what + ": " + yamldoc.OneLine(f.key)
		if f.value.kind != mapping {
			j.errorf(f.pos, "%s takes a mapping, got %s", inner, f.value.describe())
			continue
		}
		do(f.value, inner)
	}
}

func (j *jobDecoder) idTokens(v *value) {
	j.eachMapping(v, "id_tokens", func(token *value, what string) {
		j.keys(token, what, "aud")
		if aud := token.get("aud"); aud != nil {
			j.texts(aud, what+": aud")
		} else {
			j.errorf(token.pos, "%s needs aud", what)
		}
	})
}

// moment matches the beginning of a time in ISO 8601.
var moment = lazyregexp.New(`^\s*[-+]?\d{2}`)

func (j *jobDecoder) release(v *value) {
	if !j.keys(v, "release", "tag_name", "tag_message", "name", "description", "ref", "released_at", "milestones", "assets") {
		return
	}
	for _, key := range []string{"tag_name", "description"} {
		if j.text(v.get(key), "release: "+key) == "" {
			j.errorf(v.pos, "release needs %s", key)
		}
	}
	j.text(v.get("tag_message"), "release: tag_message")
	if m := v.get("milestones"); m != nil {
		j.texts(m, "release: milestones")
	}
	if at := v.get("released_at"); at != nil && !moment.MatchString(at.text) {
		j.errorf(at.pos, "release: released_at takes a time such as 2026-03-15T08:00:00Z, got %s", yamldoc.Quote(at.text))
	}
	if ref := v.get("ref"); ref != nil && ref.kind == text && !validRef(ref.text) {
		j.errorf(ref.pos, "release: ref: %s is not the name of a branch, a tag or a commit", yamldoc.Quote(ref.text))
	}
	if assets := v.get("assets"); assets != nil && j.keys(assets, "release: assets", "links") && assets.get("links") != nil {
		for _, link := range j.flat(assets.get("links"), "release: assets: links") {
			if !j.keys(link, "release: assets: links", "name", "url", "filepath", "link_type") {
				continue
			}
			for _, key := range []string{"name", "url"} {
				if j.text(link.get(key), "release: assets: links: "+key) == "" {
					j.errorf(link.pos, "release: assets: links: a link needs %s", key)
				}
			}
		}
	}
}

// badRef matches what no name of a ref contains.
var badRef = lazyregexp.New(`[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^[/-]|[/.]$|(?:^|/)\.|\.lock(?:/|$)`)

// validRef reports whether GitLab accepts the name of a ref.
func validRef(name string) bool {
	return name != "" && name != "HEAD" && !badRef.MatchString(name) && !strings.HasPrefix(name, "refs/heads/") && !strings.HasPrefix(name, "refs/remotes/")
}

// environmentName matches the names of environments that GitLab accepts, before
// variables are expanded.
var environmentName = lazyregexp.New(`^[a-zA-Z0-9_${}. -]([a-zA-Z0-9_/${}. -]*[a-zA-Z0-9_${}. -])?$`)

// maxURL is GitLab's limit on the length of an environment's URL.
const maxURL = 255

func (j *jobDecoder) checkEnvironment(e *Environment, v *value) {
	if e.Name != "" && !environmentName.MatchString(e.Name) {
		j.errorf(v.pos, "environment: the name %s has other characters than letters, digits, blanks and -_/${}., or a slash at an end", yamldoc.Quote(e.Name))
	}
	if len(e.URL) > maxURL {
		j.errorf(v.pos, "environment: url is longer than %d characters", maxURL)
	}
	k := v.get("kubernetes")
	if k == nil || !j.keys(k, "environment: kubernetes", "agent", "namespace", "flux_resource_path", "managed_resources", "dashboard") {
		return
	}
	managed := k.get("managed_resources").get("enabled")
	if j.text(k.get("agent"), "environment: kubernetes: agent") == "" &&
		(k.get("flux_resource_path") != nil || k.get("dashboard") != nil || managed != nil && managed.text == "true") {
		j.errorf(k.pos, "environment: kubernetes needs agent")
	}
}

// checkInherited requires that the names in inherit:default are keys of default.
func (j *jobDecoder) checkInherited(v *value, names []string) {
	for _, name := range names {
		if !slices.Contains(defaultKeys(), name) {
			j.errorf(v.pos, "inherit: default: there is no default %s", yamldoc.Quote(name))
		}
	}
}
