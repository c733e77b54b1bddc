// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// This evaluator of rules follows GitLab's documentation: the first rule applies whose "if"
// is true and one of whose "changes" matches.

// vars are a pipeline's variables; an absent one is null.
type vars map[string]string

var (
	comparison = regexp.MustCompile(`^(\$\w+)(?: (==|!=|=~) (null|"[^"]*"|/[^/]*/|\$\w+))?$`)
	variable   = regexp.MustCompile(`\$\w+`)
	choice     = regexp.MustCompile(`^/\^\(([a-z_|]+)\)\$/$`) // the only kind of pattern in use
)

// A term compares a variable; without an operator it tests that the variable is not empty.
type term struct {
	name, operator, operand string
	words                   []string // what a pattern matches
}

// expressions caches the few parsed expressions, which are evaluated thousands of times.
var expressions sync.Map // string to [][]term

// parseExpression returns terms joined by && within terms joined by ||.
func parseExpression(t testing.TB, expression string) [][]term {
	if parsed, ok := expressions.Load(expression); ok {
		return parsed.([][]term)
	}
	t.Helper()
	var alternatives [][]term
	for _, alternative := range strings.Split(expression, " || ") {
		var terms []term
		for _, text := range strings.Split(alternative, " && ") {
			m := comparison.FindStringSubmatch(text)
			if m == nil {
				t.Fatalf("cannot evaluate %q", text)
			}
			parsed := term{name: m[1][1:], operator: m[2], operand: m[3]}
			if parsed.operator == "=~" && strings.HasPrefix(parsed.operand, "/") {
				words := choice.FindStringSubmatch(parsed.operand)
				if words == nil {
					t.Fatalf("cannot evaluate %q", text)
				}
				parsed.words = strings.Split(words[1], "|")
			}
			terms = append(terms, parsed)
		}
		alternatives = append(alternatives, terms)
	}
	expressions.Store(expression, alternatives)
	return alternatives
}

func (v vars) holds(t testing.TB, expression string) bool {
	return slices.ContainsFunc(parseExpression(t, expression), func(terms []term) bool {
		return !slices.ContainsFunc(terms, func(o term) bool { return !o.holds(v) })
	})
}

func (o term) holds(v vars) bool {
	left, defined := v[o.name]
	right, rightDefined := strings.Trim(o.operand, `"`), true
	switch {
	case o.operand == "null":
		right, rightDefined = "", false
	case strings.HasPrefix(o.operand, "$"):
		right, rightDefined = v[o.operand[1:]]
	}
	switch o.operator {
	case "":
		return left != ""
	case "=~":
		return defined && slices.Contains(o.words, left)
	case "==":
		return defined == rightDefined && left == right
	default:
		return defined != rightDefined || left != right
	}
}

// outcome returns GitLab's decision: "auto", "manual" (allowed to fail), "manual!" (not
// allowed to fail), "always", or "-", followed by the job's image if it has one.
func outcome(t testing.TB, job map[string]any, env vars, changed []string) string {
	all := maps.Clone(env)
	if own, ok := job["variables"].(map[string]any); ok {
		for name, value := range own {
			all[name] = fmt.Sprint(value)
		}
	}
	rules, ok := job["rules"].([]any)
	if !ok {
		t.Fatalf("no rules in %v", job)
	}
	for _, r := range rules {
		rule := r.(map[string]any)
		if !all.holds(t, rule["if"].(string)) || !touches(rule["changes"], all, changed) {
			continue
		}
		return decision(job, rule, all)
	}
	return "-"
}

func touches(patterns any, all vars, changed []string) bool {
	list, ok := patterns.([]any)
	if !ok {
		return true
	}
	return slices.ContainsFunc(list, func(p any) bool {
		file := variable.ReplaceAllStringFunc(p.(string), func(name string) string { return all[name[1:]] })
		return slices.Contains(changed, file)
	})
}

func decision(job, rule map[string]any, all vars) string {
	image := ""
	if all["IMAGE"] != "" {
		image = " prebuilt"
		if own, ok := rule["variables"].(map[string]any); ok && own["IMAGE"] == "$TARGET_BASE_IMAGE" {
			image = " base"
		}
	}
	allow := job["allow_failure"]
	if own, ok := rule["allow_failure"]; ok {
		allow = own
	}
	switch when := rule["when"]; {
	case when == nil, when == "on_success":
		return "auto" + image
	case when == "never":
		return "-"
	case when == "manual" && allow != true:
		return "manual!" + image
	default:
		return when.(string) + image
	}
}

// A situation is one row of variables, with the values of the tables.
type situation struct {
	event, place, branch, rp, rpu, opt, change, builds string
}

// situations yields all combinations, more than five thousand.
func situations(yield func(situation) bool) {
	sets := [][]string{
		{"push", "merge_request_event", "web", "api", "schedule", "trigger", "pipeline"},
		{"upstream", "fork"}, {"default", "other"},
		{"unset", "0", "1", "yes"}, {"unset", "0", "1", "true"},
		{"", "1", "0"}, {"none", "dockerfile", "template"}, {"unset", "1", "yes"},
	}
	index := make([]int, len(sets))
	for {
		v := make([]string, len(sets))
		for i := range sets {
			v[i] = sets[i][index[i]]
		}
		if !yield(situation{v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]}) {
			return
		}
		i := 0
		for ; i < len(sets); i++ {
			if index[i]++; index[i] < len(sets[i]) {
				break
			}
			index[i] = 0
		}
		if i == len(sets) {
			return
		}
	}
}

// env returns the variables that GitLab would set, and the changed files.
func (s situation) env(environment string) (vars, []string) {
	v := vars{
		"CI_PIPELINE_SOURCE": s.event, "CI_DEFAULT_BRANCH": "main",
		"RUN_UPSTREAM_NAMESPACE": "up", "CI_PROJECT_NAMESPACE": map[string]string{"upstream": "up", "fork": "me"}[s.place],
		"CIRRUS_GITHUB_REPO": "me/repo", "CIRRUS_API_TOKEN": "token",
	}
	branch := map[string]string{"default": "main", "other": "topic"}[s.branch]
	v["CI_COMMIT_REF_NAME"] = branch
	if s.event == "merge_request_event" {
		v["CI_MERGE_REQUEST_TARGET_BRANCH_NAME"] = branch
		v["CI_COMMIT_REF_NAME"] = "topic"
	} else {
		v["CI_COMMIT_BRANCH"] = branch
	}
	for name, value := range map[string]string{"RUN_PIPELINE": s.rp, "RUN_PIPELINE_UPSTREAM_ENV": s.rpu, "RUN_CONTAINER_BUILDS": s.builds} {
		if value != "unset" {
			v[name] = value
		}
	}
	if s.opt != "" {
		v["JOB_OPTIONAL"] = s.opt
	}
	return v, map[string][]string{
		"none":       {"src/a.c"},
		"dockerfile": {"src/a.c", "ci/containers/" + environment + ".Dockerfile"},
		"template":   {"ci/gitlab/container-templates.yml"},
	}[s.change]
}

// started lists sources of pipelines other than a push.
const started = "web|api|schedule"

// A row is a row of a decision table; an empty cell matches any value.
type row struct {
	event, place, branch, rpu, rp, change string
	notOpt, opt                           string
}

func (r row) matches(s situation) bool {
	in := func(cell, value string) bool { return cell == "" || slices.Contains(strings.Split(cell, "|"), value) }
	switchWord := func(v string) string {
		if v != "0" && v != "1" {
			return "unset" // any other value counts as none
		}
		return v
	}
	change := "yes"
	if s.change == "none" {
		change = "no"
	}
	return in(r.event, s.event) && in(r.place, s.place) && in(r.branch, s.branch) &&
		in(r.rpu, switchWord(s.rpu)) && in(r.rp, switchWord(s.rp)) && in(r.change, change)
}

// containerRows has no column RUN_CONTAINER_BUILDS; the test handles it.
func containerRows() []row {
	return []row{
		{"push", "upstream", "default", "", "", "yes", "auto", "auto"},
		{started, "upstream", "default", "", "", "", "auto if asked", "auto if asked"},
	}
}

func buildRows() []row {
	return []row{
		{"push", "upstream", "default", "", "", "", "auto prebuilt", "manual prebuilt"},
		{"push", "fork", "", "0", "", "", "manual prebuilt", "manual prebuilt"},
		{"push", "fork", "", "1", "", "", "auto prebuilt", "manual prebuilt"},
		{"push", "fork", "", "unset", "0", "", "manual base", "manual base"},
		{"push", "fork", "", "unset", "1", "", "auto base", "manual base"},
		{"merge_request_event", "", "default", "", "", "yes", "auto base", "manual base"},
		{"merge_request_event", "", "default", "", "", "no", "auto prebuilt", "manual prebuilt"},
		{"merge_request_event", "", "other", "", "", "", "auto base", "manual base"},
		{started, "upstream", "default", "", "", "", "auto prebuilt", "manual prebuilt"},
		{started, "upstream", "other", "", "", "", "auto base", "manual base"},
		{started, "fork", "", "", "", "", "auto base", "manual base"},
	}
}

func cirrusRows() []row {
	return []row{
		{"push", "upstream", "", "", "", "", "auto", "manual"},
		{"push", "fork", "", "", "0", "", "manual", "manual"},
		{"push", "fork", "", "", "1", "", "auto", "manual"},
		{"push", "fork", "", "0", "unset", "", "manual", "manual"},
		{"push", "fork", "", "1", "unset", "", "auto", "manual"},
		{"merge_request_event|" + started, "", "", "", "", "", "auto", "manual"},
	}
}

// Jobs that block the pipeline in the original do not block it here (D-46).
func dcoRows() []row {
	return []row{
		{"merge_request_event", "", "", "", "", "", "auto", "auto"},
		{"push", "fork", "", "", "0", "", "manual", "manual"},
		{"push", "fork", "", "", "1", "", "auto", "auto"},
		{"push", "fork", "", "0", "unset", "", "manual", "manual"},
		{"push", "fork", "", "1", "unset", "", "auto", "auto"},
	}
}

func formatRows() []row {
	return append(dcoRows(), row{started, "", "", "", "", "", "auto", "auto"})
}

const rulesManifest = `
projects: [libvirt]
gitlab:
  namespace: Up
  project: Proj
  jobs: {go-fmt: true, black: true}
targets:
  debian-13:
    jobs:
      - arch: x86_64
        allow-failure: true
      - arch: x86_64
        suffix: -clang
      - arch: s390x
  freebsd-15: x86_64
`

func TestRulesDecideAsTheTables(t *testing.T) {
	_, files := mustGenerate(t, rulesManifest)
	p := readPipeline(t, files)
	for _, c := range []struct {
		job, environment string
		rows             []row
	}{
		{"x86_64-debian-13-container", "debian-13", containerRows()},
		{"s390x-debian-13-container", "debian-13-cross-s390x", containerRows()},
		{"x86_64-debian-13", "debian-13", buildRows()},
		{"x86_64-debian-13-clang", "debian-13", buildRows()},
		{"s390x-debian-13", "debian-13-cross-s390x", buildRows()},
		{"x86_64-freebsd-15", "freebsd-15", cirrusRows()},
		{"check-dco", "", dcoRows()},
		{"go-fmt", "", formatRows()},
		{"black", "", formatRows()},
	} {
		t.Run(c.job, func(t *testing.T) {
			job := p.job(t, c.job)
			count, hit := 0, make([]bool, len(c.rows))
			for s := range situations {
				count++
				env, changed := s.env(c.environment)
				want := "-"
				for i, r := range c.rows {
					if !r.matches(s) {
						continue
					}
					hit[i] = true
					want = r.notOpt
					if s.opt != "" {
						want = r.opt
					}
				}
				if want == "auto if asked" {
					want = map[bool]string{true: "auto", false: "-"}[s.builds == "1"]
				}
				if got := outcome(t, job, env, changed); got != want {
					t.Fatalf("%+v: got %s, want %s", s, got, want)
				}
			}
			if count < 5000 || slices.Contains(hit, false) {
				t.Errorf("%d situations, rows met: %v", count, hit)
			}
		})
	}
}

func TestCirrusJobsNeedBothOfTheirVariables(t *testing.T) {
	_, files := mustGenerate(t, rulesManifest)
	job := readPipeline(t, files).job(t, "x86_64-freebsd-15")
	for _, missing := range []string{"CIRRUS_GITHUB_REPO", "CIRRUS_API_TOKEN"} {
		env, _ := situation{event: "merge_request_event", place: "upstream", branch: "default", rp: "1", rpu: "1", builds: "unset"}.env("")
		if got := outcome(t, job, env, nil); got != "auto" {
			t.Fatalf("with both: %s", got)
		}
		delete(env, missing)
		if got := outcome(t, job, env, nil); got != "-" {
			t.Errorf("without %s: %s", missing, got)
		}
	}
}

func TestWorkflow(t *testing.T) {
	_, files := mustGenerate(t, rulesManifest)
	workflow := readPipeline(t, files)["workflow"]
	for _, event := range []string{"push", "merge_request_event", "api", "web", "schedule", "trigger", "pipeline", "parent_pipeline", "chat", "webide", "external"} {
		for _, tag := range []string{"", "v1"} {
			for _, open := range []string{"", "up/proj!1"} {
				env := vars{"CI_PIPELINE_SOURCE": event}
				if tag != "" {
					env["CI_COMMIT_TAG"] = tag
				}
				if open != "" {
					env["CI_OPEN_MERGE_REQUESTS"] = open
				}
				want := "-"
				switch event {
				case "push":
					if tag == "" && open == "" {
						want = "auto"
					}
				case "merge_request_event", "api", "web", "schedule":
					want = "auto"
				}
				if got := outcome(t, workflow, env, nil); got != want {
					t.Errorf("%v: %s, want %s", env, got, want)
				}
			}
		}
	}
}

func TestDebugJobIsThereWhenAsked(t *testing.T) {
	_, files := mustGenerate(t, rulesManifest)
	job := readPipeline(t, files)["debug"]
	for value, want := range map[string]string{"1": "always", "0": "always", "": "-"} {
		if got := outcome(t, job, vars{"RUN_DEBUG": value}, nil); got != want {
			t.Errorf("RUN_DEBUG=%q: %s, want %s", value, got, want)
		}
	}
	if got := outcome(t, job, vars{}, nil); got != "-" {
		t.Errorf("without RUN_DEBUG: %s", got)
	}
}
