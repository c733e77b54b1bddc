// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/artifacts"
	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

const withChildren = `
stages: [one, two]
variables: {GLOBAL: g}
gen:
  stage: one
  script: [x]
  artifacts: {paths: ["*.yml"], reports: {dotenv: x.env}}
noise: {stage: one, script: [x], artifacts: {paths: [noise]}}
local:
  stage: two
  variables: {OWN: "own $GLOBAL"}
  trigger: {include: child.yml, strategy: depend}
kept:
  stage: two
  variables: {OWN: own}
  trigger: {include: child.yml, forward: {yaml_variables: false, pipeline_variables: true}}
dynamic:
  stage: two
  trigger: {include: [{artifact: made.yml, job: gen}, {local: child.yml, inputs: {word: given}}]}
lost:
  stage: two
  trigger: {include: [{artifact: nosuch.yml, job: gen}]}
remote: {stage: two, trigger: {include: [{remote: "https://example.org/x.yml"}]}}
other: {stage: two, trigger: {project: group/other}}
`

const childFile = `spec: {inputs: {word: {default: none}}}
---
stages: [build, test]
c: {stage: build, script: ["echo $[[ inputs.word ]]"], artifacts: {paths: [c]}}
use: {stage: test, script: [x], needs: [{pipeline: $PARENT, job: gen}, c]}
mine: {stage: test, script: [x], rules: [{if: '$CI_PIPELINE_SOURCE == "parent_pipeline" && $OWN'}]}
`

// opened returns a project with some files.
func opened(t *testing.T, files map[string]string) *Source {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "Proj")
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(t.Context(), SourceOptions{Project: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func project(t *testing.T, files map[string]string, names ...string) (*localRun, *Plan) {
	t.Helper()
	s := opened(t, files)
	p, err := s.Evaluate(t.Context(), gitlabci.Event{Variables: map[string]string{"GIVEN": "by hand"}}).Plan(t.Context(), Choice{Names: names})
	if err != nil {
		t.Fatal(err)
	}
	return &localRun{runner: &jobrun.Runner{Artifacts: artifacts.In(t.TempDir())}}, p
}

func (p *Plan) job(name string) *jobrun.Job {
	for _, j := range p.Jobs {
		if j.Name == name {
			return j
		}
	}
	return nil
}

func TestChildPipelines(t *testing.T) {
	l, p := project(t, map[string]string{PipelineFile: withChildren, "child.yml": childFile}, "*")
	if got, want := p.text(), "gen noise local<gen,noise>gen kept<gen,noise>gen dynamic<gen,noise>gen lost<gen,noise>gen"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := strings.Join(p.Skipped, "\n"), "remote: starts a pipeline from remote \"https://example.org/x.yml\", which is not here\n"+
		"other: starts a pipeline of project \"group/other\", which only GitLab can"; got != want {
		t.Errorf("left out %s, want %s", got, want)
	}
	err := l.runner.Artifacts.Replace("gen", func(d *safefs.Dir) error {
		return d.WriteFile("made.yml", []byte("stages: [build, test]\nmade: {stage: build, script: [x]}\n"), 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, jobs, variables string }{
		{"local", "local/c local/use<local/c>local/c,gen local/mine<local/c>local/c", "GLOBAL=g OWN=own g"},
		{"kept", "kept/c kept/use<kept/c>kept/c,gen", "GIVEN=by hand"},
		{"dynamic", "dynamic/made dynamic/c dynamic/use<dynamic/c>dynamic/c,gen", "GLOBAL=g"},
	} {
		child, err := l.child(t.Context(), p, p.job(test.name))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if got := child.text(); got != test.jobs {
			t.Errorf("%s: got %s, want %s", test.name, got, test.jobs)
		}
		var given []string
		for v := range child.Jobs[0].Variables.All() {
			if v.From == gitlabci.FromEvent {
				given = append(given, v.Name+"="+v.Value)
			}
		}
		if got := strings.Join(given, " "); got != test.variables {
			t.Errorf("%s: given %s, want %s", test.name, got, test.variables)
		}
		if test.name == "dynamic" && child.Jobs[1].Script[0] != "echo given" {
			t.Errorf("input: %s", child.Jobs[1].Script)
		}
	}
	if _, err := l.child(t.Context(), p, p.job("lost")); err == nil || err.Error() != `nosuch.yml is not among the artifacts of job "gen"` {
		t.Errorf("lost: %v", err)
	}
}

// TestChildrenThatGitLabRefuses: a child pipeline that GitLab refuses fails its trigger job.
func TestChildrenThatGitLabRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"a: {script: [x], needs: [nosuch]}":                                 "GitLab refuses it: c.yml:1: job \"a\": needs \"nosuch\", which is not defined",
		"a: {script: [x], rules: [{when: never}]}":                          "there are no jobs in it",
		"workflow: {rules: [{if: $NO}]}\na: {script: [x]}":                  "there are no jobs in it",
		"a: {script: [x], only: [merge_requests]}":                          "there are no jobs in it",
		"a: {script: [x], rules: [{if: $CI_PIPELINE_SOURCE == 'push'}]}":    "there are no jobs in it",
		"a: {script: [x], needs: [{pipeline: $P, job: other}]}":             "",
		"a: {script: [x], rules: [{if: $CI_COMMIT_BRANCH, when: manual}]}":  "",
		"a: {trigger: {include: c.yml}}":                                    "",
		"a: {script: [x], only: [parent_pipelines]}\nb: {script: [x, 1: ]}": "x",
	} {
		l, p := project(t, map[string]string{PipelineFile: "t: {trigger: {include: c.yml}}", "c.yml": text}, "t")
		child, err := l.child(t.Context(), p, p.Jobs[0])
		switch {
		case want == "x" && err != nil, want == "" && err == nil, err != nil && err.Error() == want:
		default:
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
		if strings.HasPrefix(text, "a: {trigger") {
			if child, err = l.child(t.Context(), child, child.Jobs[0]); err != nil {
				t.Fatal(err)
			}
			if _, err := l.child(t.Context(), child, child.Jobs[0]); err == nil || err.Error() != "there are already 2 pipelines above it" {
				t.Errorf("third generation: %v", err)
			}
		}
	}
	l, p := project(t, map[string]string{PipelineFile: "t: {trigger: {include: nosuch.yml}}"}, "t")
	if _, err := l.child(t.Context(), p, p.Jobs[0]); err == nil || !strings.Contains(err.Error(), `local include "nosuch.yml": there is no such file`) {
		t.Errorf("got %v", err)
	}
}
