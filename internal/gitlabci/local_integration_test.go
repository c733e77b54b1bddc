// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package gitlabci

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// gitlab-ci-local, with which this package is compared.
const (
	otherPackage = "gitlab-ci-local"
	otherVersion = "4.61.1"
)

// deviations lists where gitlab-ci-local differs from GitLab's documentation, by "directory
// event job field" with "*" for any, and GitLab's rule. An unused entry fails the test.
var deviations = map[string]string{
	"hello merge-request * needs":                     "needs:optional: a job that is not in the pipeline is not waited for; the other lists it",
	"includes * job-e presence":                       "include:local: **/ also matches no directory",
	"includes * job-e preview":                        "include:local: as above",
	"needs merge-request optional needs":              "needs:optional: as above",
	"needs merge-request by-rule needs":               "rules:needs: the needs of the rule that matches replace those of the job",
	"parallel * * name":                               "parallel:matrix: names of jobs have a blank after each comma",
	"parallel * numbered1/3 presence":                 "parallel: jobs are named \"numbered 1/3\", without brackets",
	"parallel * numbered2/3 presence":                 "parallel: as above",
	"parallel * numbered3/3 presence":                 "parallel: as above",
	"parallel * numbered:[1/3] presence":              "parallel: as above",
	"parallel * numbered:[2/3] presence":              "parallel: as above",
	"parallel * numbered:[3/3] presence":              "parallel: as above",
	"parallel * all-of-it needs":                      "needs: a parallel job stands for all its instances",
	"parallel * part-of-it needs":                     "needs:parallel:matrix: only the instances named",
	"policies merge-request neither when":             "only: the default is branches and tags, so not merge requests",
	"policies merge-request only-default-branch when": "only:refs: names are those of branches and tags",
	"policies merge-request only-pattern when":        "only:refs: patterns are compared with branches and tags",
	"policies merge-request except-variables when":    "only: the default is branches and tags, so not merge requests",
	"policies push only-merge-requests when":          "only:refs: merge_requests is for pipelines of merge requests",
	"policies push except-branches when":              "except:refs: branches is for pipelines of branches",
	"policies push only-variables when":               "only:variables: one of the expressions must hold",
	"policies push except-variables when":             "except:variables: none of the expressions may hold",
	"rules push job-when allow_failure":               "allow_failure: the default is true for manual jobs outside of rules",
	"rules merge-request job-when when":               "only: the default is branches and tags, so not merge requests",
	"workflow merge-request by-kind when":             "workflow:rules:variables: they take the place of the default variables, for all jobs",
}

// other installs gitlab-ci-local once in the user's cache, and returns the program.
func other(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "lcitool", "tests", otherPackage+"-"+otherVersion)
	program := filepath.Join(dir, "node_modules", otherPackage, "src", "index.js")
	if _, err := os.Stat(program); err == nil {
		return program
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "npm", "install", "--no-audit", "--no-fund", "--prefix", dir, otherPackage+"@"+otherVersion)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("cannot install %s: %v\n%s", otherPackage, err, out)
	}
	return program
}

type otherJob struct {
	Name         string
	Stage        string
	When         string
	AllowFailure any `json:"allow_failure"` // a boolean, or exit codes
	Needs        *[]struct {
		Job       string
		Artifacts bool
		Optional  bool
	}
}

// checkout copies a directory to a new repository, because gitlab-ci-local calls git.
func checkout(t *testing.T, folder string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "project")
	if err := os.CopyFS(dir, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"init -q -b main", "remote add origin git@gitlab.com:fork/project.git", "add -A",
		"-c user.email=a@example.org -c user.name=a commit -q -m x", "update-ref refs/remotes/origin/main HEAD",
		"symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/main",
	} {
		cmd := exec.CommandContext(t.Context(), "git", strings.Fields(line)...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", line, err, out)
		}
	}
	return dir
}

func ask(t *testing.T, program, dir string, args ...string) []byte {
	t.Helper()
	home := t.TempDir()
	all := append([]string{program, "--home", home, "--no-json-schema-validation", "--no-evaluate-rule-changes"}, args...)
	cmd := exec.CommandContext(t.Context(), "node", all...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w\n%s%s", err, out, exit.Stderr)
		}
		t.Fatalf("%s %s: %v", otherPackage, strings.Join(args, " "), err)
	}
	return out
}

func TestAgainstOther(t *testing.T) {
	program := other(t)
	folders := corpus(t)
	folders["hello"] = "../../examples/hello"
	met := map[string]bool{}
	events := map[string][]string{
		"merge-request": {"CI_PIPELINE_SOURCE=merge_request_event", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main"},
		"push":          {"CI_PIPELINE_SOURCE=push"},
	}
	compared := 0
	for name, folder := range folders {
		dir := checkout(t, folder)
		p, err := Load(os.DirFS(folder), ".gitlab-ci.yml", Options{})
		if err != nil {
			t.Fatal(err)
		}
		preview := ask(t, program, dir, "--preview")
		for eventName, variables := range events {
			event := Event{Source: Push, Branch: "main", Project: "project"}
			args := []string{"--list-json"}
			for _, v := range variables {
				args = append(args, "--variable", v)
			}
			if eventName == "merge-request" {
				event.Source = MergeRequest
				args = append(args, "--unset-variable", "CI_COMMIT_BRANCH")
			}
			e := p.Evaluate(event)
			if e.Refused() {
				t.Fatal(e.text(Refused))
			}
			c := &comparison{t: t, where: name + " " + eventName, met: met}
			c.lists(e, ask(t, program, dir, args...))
			c.previews(e, preview)
			compared += c.compared
		}
	}
	for key := range deviations {
		if !met[key] {
			t.Errorf("the deviation %q is not there any more", key)
		}
	}
	t.Logf("%d facts compared", compared)
}

type comparison struct {
	t        *testing.T
	where    string
	met      map[string]bool
	compared int
}

func (c *comparison) same(job, field string, ours, theirs any) {
	c.t.Helper()
	c.compared++
	a, b := fmt.Sprintf("%v", ours), fmt.Sprintf("%v", theirs)
	if a == b {
		return
	}
	folder, event, _ := strings.Cut(c.where, " ")
	for key := range deviations {
		want := strings.Fields(key)
		if (want[0] == "*" || want[0] == folder) && (want[1] == "*" || want[1] == event) && (want[2] == "*" || want[2] == strings.ReplaceAll(job, " ", "")) && want[3] == field {
			c.met[key] = true
			return
		}
	}
	c.t.Errorf("%s: job %q: %s: we have %s, %s has %s", c.where, job, field, a, otherPackage, b)
}

func (c *comparison) lists(e *Evaluation, data []byte) {
	var theirs []otherJob
	if at := bytes.Index(data, []byte("\n[\n")); at >= 0 {
		data = data[at:] // warnings stand before it
	}
	if err := json.Unmarshal(data, &theirs); err != nil {
		c.t.Fatalf("%s: %v\n%s", c.where, err, data)
	}
	byName := map[string]otherJob{}
	for _, j := range theirs {
		byName[tight(j.Name)] = j
	}
	if len(byName) == 0 {
		c.t.Fatalf("%s: %s lists no jobs", c.where, otherPackage)
	}
	for _, job := range e.Jobs {
		o, ok := byName[tight(job.Name)]
		c.same(job.Name, "presence", true, ok)
		if !ok {
			continue
		}
		delete(byName, tight(job.Name))
		c.same(job.Name, "name", job.Name, o.Name)
		c.same(job.Name, "stage", job.Stage, o.Stage)
		c.same(job.Name, "when", job.When, o.When)
		if allow, ok := o.AllowFailure.(bool); ok && job.When != Never {
			c.same(job.Name, "allow_failure", job.AllowFailure, allow)
		}
		if job.When != Never {
			c.needs(job, o)
		}
	}
	for name := range byName {
		c.same(name, "presence", false, true)
	}
}

// tight removes the spaces in which the names of jobs differ.
func tight(name string) string { return strings.ReplaceAll(name, ", ", ",") }

func (c *comparison) needs(job Job, o otherJob) {
	c.same(job.Name, "ordered", job.Ordered, o.Needs != nil)
	if !job.Ordered || o.Needs == nil {
		return
	}
	var ours, theirs []string
	for _, n := range job.Needs {
		ours = append(ours, fmt.Sprint(tight(n.Job), n.Artifacts, n.Optional))
	}
	for _, n := range *o.Needs {
		theirs = append(theirs, fmt.Sprint(tight(n.Job), n.Artifacts, n.Optional))
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	c.same(job.Name, "needs", ours, theirs)
}

func (c *comparison) previews(e *Evaluation, data []byte) {
	var theirs map[string]yaml.Node
	if err := yaml.Unmarshal(data, &theirs); err != nil {
		c.t.Fatalf("%s: %v\n%s", c.where, err, data)
	}
	for _, job := range e.Jobs {
		node, ok := theirs[job.Base]
		c.same(job.Name, "preview", true, ok)
		if !ok {
			continue
		}
		var o struct {
			Image  struct{ Name string }
			Before []string `yaml:"before_script"`
			Script []string
			After  []string `yaml:"after_script"`
		}
		if err := node.Decode(&o); err != nil {
			c.t.Errorf("%s: %s: %v", c.where, job.Base, err)
			continue
		}
		c.same(job.Name, "before_script", job.BeforeScript, o.Before)
		c.same(job.Name, "script", job.Script, o.Script)
		c.same(job.Name, "after_script", job.AfterScript, o.After)
		vars := settings{}
		for v := range job.Variables.All() {
			vars[v.Name] = setting{value: v.Value, raw: true}
		}
		image := cmp.Or(job.Image, &Image{}).Name
		c.same(job.Name, "image", image, newExpander(layers{vars}, nil).text(o.Image.Name))
	}
}
