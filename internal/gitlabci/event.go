// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"crypto/sha256"
	"maps"
	"math/big"
	"strconv"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// Values of CI_PIPELINE_SOURCE.
const (
	Push         = "push"
	MergeRequest = "merge_request_event"
	Web          = "web"
	API          = "api"
	Schedule     = "schedule"
	Trigger      = "trigger"
	Parent       = "parent_pipeline"
	Downstream   = "pipeline"
	External     = "external"
	Chat         = "chat"
)

// An Event is what starts a pipeline.
type Event struct {
	Source        string            // one of the constants above
	Namespace     string            // group or user of the project that the pipeline runs in
	Project       string            // its name, "" for "project"
	DefaultBranch string            // "" for "main"
	Branch        string            // pushed branch, or the source branch of a merge request; "" for the default branch
	TargetBranch  string            // of a merge request; "" for the default branch
	Tag           string            // pushed tag, "" for a branch
	Commit        string            // full hash; "" for zeros
	Changed       []string          // changed files; nil if unknown, which differs from empty
	Variables     map[string]string // given when the pipeline is started, as in "Run pipeline"
	Raw           map[string]bool   // those of Variables in which nothing is expanded
	Predefined    map[string]string // further predefined variables, such as those of the commit; they override those derived from other fields
	Host          string            // "" for gitlab.com
	Child         bool              // it is a child pipeline; the other fields are those of its parent
	Directory     string            // path of the tree in the job, "" for GitLab's /builds/NAMESPACE/PROJECT
}

func (e Event) filled() Event {
	for _, f := range []struct {
		field *string
		value string
	}{
		{&e.Source, Push}, {&e.Namespace, "fork"}, {&e.Project, "project"}, {&e.DefaultBranch, "main"}, {&e.Host, "gitlab.com"},
		{&e.Commit, strings.Repeat("0", 40)},
	} {
		if *f.field == "" {
			*f.field = f.value
		}
	}
	if e.Branch == "" {
		e.Branch = e.DefaultBranch
	}
	if e.Source == MergeRequest {
		e.Tag = "" // merge request pipelines have no tag
	}
	if e.TargetBranch == "" {
		e.TargetBranch = e.DefaultBranch
	}
	if e.Directory == "" {
		e.Directory = "/builds/" + e.projectPath()
	}
	return e
}

// ProjectDir returns the path of the tree in the jobs of the event's pipeline.
func ProjectDir(e Event) string { return e.filled().Directory }

func (e *Event) source() string {
	if e.Child {
		return Parent
	}
	return e.Source
}

// ref returns the tag or branch of the event.
func (e *Event) ref() string {
	if e.Tag != "" {
		return e.Tag
	}
	return e.Branch
}

// hasChanges reports whether GitLab compares the commit with an earlier one, or may
// do that: what started the parent of a child pipeline is not known.
func (e *Event) hasChanges() bool {
	return e.Source == MergeRequest || e.Source == Parent || e.Source == Push && e.Tag == ""
}

// isProtected reports whether the event's branch is protected by default.
func (e *Event) isProtected() bool {
	return e.Source != MergeRequest && e.Tag == "" && e.Branch == e.DefaultBranch
}

// isRef reports whether a name is that of the event's branch or tag.
func (e *Event) isRef(name string) bool {
	kind := "refs/heads/"
	if e.Tag != "" {
		kind = "refs/tags/"
	}
	return strings.TrimPrefix(name, kind) == e.ref()
}

func (e *Event) projectPath() string { return e.Namespace + "/" + e.Project }

// Predefined returns the predefined variables of all jobs in the event's
// pipeline, sorted by name. Variables that only a server can know, such as the
// pipeline's ID, have placeholder values.
func Predefined(e Event) []Variable {
	e = e.filled()
	return e.predefined().list()
}

// set sets predefined variables, given as names and values in turn.
func (s settings) set(pairs ...string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		s[pairs[i]] = setting{value: pairs[i+1], raw: true, from: FromGitLab}
	}
}

// list returns predefined variables, in which nothing is expanded, sorted by name.
func (s settings) list() []Variable { return newExpander(layers{s}, nil).list(layers{s}) }

func (e *Event) predefined() settings {
	out := settings{}
	set := out.set
	url, registry := "https://"+e.Host, "registry."+e.Host
	root, _, _ := strings.Cut(e.Namespace, "/")
	path := e.projectPath()
	ref := e.ref()
	set("CI", "true", "GITLAB_CI", "true", "CI_SERVER", "yes", "CI_SERVER_NAME", "GitLab",
		"CI_SERVER_HOST", e.Host, "CI_SERVER_FQDN", e.Host, "CI_SERVER_URL", url, "CI_SERVER_PROTOCOL", "https", "CI_SERVER_PORT", "443",
		"CI_API_V4_URL", url+"/api/v4", "CI_API_GRAPHQL_URL", url+"/api/graphql",
		"CI_CONFIG_PATH", ".gitlab-ci.yml", "CI_DEFAULT_BRANCH", e.DefaultBranch, "CI_DEFAULT_BRANCH_SLUG", slug(e.DefaultBranch),
		"CI_PROJECT_NAME", e.Project, "CI_PROJECT_TITLE", e.Project, "CI_PROJECT_NAMESPACE", e.Namespace,
		"CI_PROJECT_ROOT_NAMESPACE", root, "CI_PROJECT_PATH", path, "CI_PROJECT_PATH_SLUG", slug(path),
		"CI_PROJECT_URL", url+"/"+path, "CI_PROJECT_DIR", e.Directory, "CI_BUILDS_DIR", "/builds",
		"CI_PROJECT_VISIBILITY", "public", "CI_REPOSITORY_URL", url+"/"+path+".git",
		"CI_REGISTRY", registry, "CI_REGISTRY_IMAGE", registry+"/"+strings.ToLower(path),
		"CI_PIPELINE_SOURCE", e.source(),
		"CI_COMMIT_SHA", e.Commit, "CI_COMMIT_SHORT_SHA", e.Commit[:min(8, len(e.Commit))], "CI_COMMIT_REF_NAME", ref, "CI_COMMIT_REF_SLUG", slug(ref),
		"CI_COMMIT_REF_PROTECTED", strconv.FormatBool(e.isProtected()), "CI_COMMIT_BEFORE_SHA", strings.Repeat("0", 40))
	for _, prefix := range []string{"CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX", "CI_DEPENDENCY_PROXY_DIRECT_GROUP_IMAGE_PREFIX"} {
		set(prefix, "docker.io") // what the dependency proxy is a proxy for
	}
	e.addLocal(set)
	switch {
	case e.Source == MergeRequest:
		set("CI_MERGE_REQUEST_EVENT_TYPE", "detached",
			"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", e.Branch, "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH", path,
			"CI_MERGE_REQUEST_SOURCE_PROJECT_URL", url+"/"+path, "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", e.TargetBranch)
	case e.Tag != "":
		set("CI_COMMIT_TAG", e.Tag)
	default:
		set("CI_COMMIT_BRANCH", e.Branch)
	}
	if e.Source == Trigger {
		set("CI_PIPELINE_TRIGGERED", "true", "CI_TRIGGER_SHORT_TOKEN", localShortToken) // its child pipelines are as well
	}
	switch e.source() {
	case Trigger:
		set("TRIGGER_PAYLOAD", "")
	case Schedule:
		set("CI_PIPELINE_SCHEDULE_DESCRIPTION", "")
	}
	for name, value := range e.Predefined {
		set(name, value)
	}
	return out
}

// predefined returns the predefined variables of a job. pipeline has those of
// its pipeline.
func (j *Job) predefined(pipeline settings) settings {
	id := localJobID(j.Name)
	url := pipeline["CI_PROJECT_URL"].value
	out := make(settings, 12) // with those of a parallel or manual job
	out.set("CI_JOB_ID", id, "CI_JOB_URL", url+"/-/jobs/"+id, "CI_JOB_TOKEN", localToken,
		"CI_JOB_NAME", j.Name, "CI_JOB_NAME_SLUG", slug(j.Name), "CI_JOB_GROUP_NAME", groupName(j.Name), "CI_JOB_STAGE", j.Stage,
		"CI_JOB_STATUS", "running", "CI_NODE_TOTAL", "1")
	return out
}

// variant matches what GitLab takes for the instances of a parallel job at the end
// of a name: " 1/3" or ": [a, b]", up to three of them.
var variant = lazyregexp.New(`(?:[\x08\s:]+(?:\[.*\]|\d+[\s:/\\]+\d+)){1,3}\s*$`)

// groupName returns the name under which GitLab shows a job and those like it.
func groupName(name string) string {
	if !strings.ContainsAny(name, "\b\t\n\f\r :") {
		return strings.TrimSpace(name) // what variant matches has one of them
	}
	return strings.TrimSpace(strings.TrimSuffix(name, variant.FindString(name)))
}

// jobOnly returns the predefined variables that exist only in jobs of a pipeline
// that was created, so that no condition and no include sees them.
func jobOnly() []string {
	return []string{
		"CI_BUILDS_DIR", "CI_PROJECT_DIR", "CI_SERVER", "CI_JOB_ID", "CI_JOB_STATUS", "CI_JOB_TOKEN", "CI_JOB_URL", "CI_PIPELINE_ID", "CI_PIPELINE_NAME",
		"CI_PIPELINE_URL", "CI_REGISTRY_USER", "CI_REGISTRY_PASSWORD", "CI_REPOSITORY_URL", "CI_DEPENDENCY_PROXY_USER", "CI_DEPENDENCY_PROXY_PASSWORD",
	}
}

// beforeJobs returns predefined variables without those of jobOnly.
func (s settings) beforeJobs() settings {
	out := maps.Clone(s)
	for _, name := range jobOnly() {
		delete(out, name)
	}
	return out
}

// user returns the predefined variables about the user. Variables in the files
// do not override them.
func (s settings) user() settings {
	out := settings{}
	for name, v := range s {
		if strings.HasPrefix(name, "GITLAB_USER_") {
			out[name] = v
		}
	}
	return out
}

// slug returns a name for use in a host name: lower case, at most 63 letters,
// digits and hyphens.
func slug(s string) string {
	s = strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(s))
	return strings.Trim(s[:min(63, len(s))], "-")
}

// squeeze matches characters that an environment's slug cannot contain.
var squeeze = lazyregexp.New(`[^a-z0-9]+`)

// environmentSlug returns CI_ENVIRONMENT_SLUG. It begins with a letter and has
// at most 24 characters. If the name had to be changed, it ends with six
// characters of a hash.
func environmentSlug(name string) string {
	s := squeeze.ReplaceAllString(strings.ToLower(name), "-")
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		s = squeeze.ReplaceAllString("env-"+s, "-")
	}
	if s == name && len(s) <= 24 {
		return strings.TrimSuffix(s, "-")
	}
	sum := sha256.Sum256([]byte(name))
	hash := new(big.Int).SetBytes(sum[:]).Text(36)
	return strings.TrimSuffix(s[:min(17, len(s))], "-") + "-" + hash[len(hash)-6:]
}

// FileVariable returns the value of a variable of type file: the path of the
// file, which is outside of the tree.
func FileVariable(e Event, name string) string { return fileIn(ProjectDir(e), name) }

func fileIn(projectDir, name string) string { return projectDir + ".tmp/" + name }
