// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

// exampleTree is the example project's pipeline with an additional optional copy of a build.
func exampleTree(t *testing.T) fs.FS {
	t.Helper()
	tree := fstest.MapFS{}
	from := os.DirFS("../../examples/hello")
	names, err := fs.Glob(from, "ci/gitlab/*.yml")
	if err != nil || len(names) < 4 {
		t.Fatal(names, err)
	}
	for _, name := range append(names, ".gitlab-ci.yml", "ci/gitlab.yml") {
		data, err := fs.ReadFile(from, name)
		if err != nil {
			t.Fatal(err)
		}
		tree[name] = &fstest.MapFile{Data: data}
	}
	tree[".gitlab-ci.yml"].Data = append(tree[".gitlab-ci.yml"].Data, `
optional-build:
  extends: .native_build_job
  variables: {NAME: debian-12, TARGET_BASE_IMAGE: "docker.io/library/debian:12-slim", JOB_OPTIONAL: "1"}
`...)
	return tree
}

// decided returns when a job runs, as in the tables: auto, manual, manual! for one that may
// not fail, - for one that is not in the pipeline.
func decided(e *Evaluation, name string) string {
	for _, job := range e.Jobs {
		switch {
		case job.Name != name:
		case job.When == Never:
			return "-"
		case job.When == Manual && job.AllowFailure:
			return "manual"
		case job.When == Manual:
			return "manual!"
		case job.When == OnSuccess:
			return "auto"
		default:
			return job.When
		}
	}
	return "absent"
}

// TestDecisionTables compares the documented decisions of generated pipelines with this
// package: a build, its optional copy, a container job and the check of sign-offs.
func TestDecisionTables(t *testing.T) {
	p, err := Load(exampleTree(t), ".gitlab-ci.yml", Options{})
	if err != nil {
		t.Fatal(err)
	}
	upstream, ok := p.Default(Event{}, "RUN_UPSTREAM_NAMESPACE")
	if !ok {
		t.Fatal("RUN_UPSTREAM_NAMESPACE is not set")
	}
	const dockerfile = "ci/containers/debian-12.Dockerfile"
	rows := 0
	for line := range strings.Lines(`
		# source place branch RPU RP changed: build optional image container dco
		push   upstream main   -  - no : auto   manual prebuilt - -
		push   upstream main   0  0 yes: auto   manual prebuilt auto -
		push   upstream topic  1  1 yes: -      -      any  - -
		push   fork     topic  0  - no : manual manual prebuilt - manual
		push   fork     main   0  1 no : manual manual prebuilt - auto
		push   fork     topic  1  - no : auto   manual prebuilt - auto
		push   fork     topic  1  0 no : auto   manual prebuilt - manual
		push   fork     topic  -  0 no : manual manual base - manual
		push   fork     topic  -  1 no : auto   manual base - auto
		push   fork     topic  -  - no : -      -      any  - -
		push   fork     topic  2  yes no : -    -      any  - -
		merge_request_event fork main   - - yes: auto manual base - auto
		merge_request_event fork main   - 1 no : auto manual prebuilt - auto
		merge_request_event upstream main - - no : auto manual prebuilt - auto
		merge_request_event fork stable - - no : auto manual base - auto
		merge_request_event upstream stable 1 1 yes : auto manual base - auto
		web      upstream main   - - no : auto manual prebuilt - -
		api      upstream stable - - no : auto manual base - -
		schedule fork     main   - - no : auto manual base - -
		schedule fork     topic  1 1 no : auto manual base - -
	`) {
		f := strings.Fields(strings.Replace(line, ":", " ", 1))
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		rows++
		e := Event{Source: f[0], Namespace: "fork", Branch: f[2], TargetBranch: f[2], Changed: []string{"README"}, Variables: map[string]string{}}
		if f[1] == "upstream" {
			e.Namespace = upstream
		}
		for i, name := range []string{"RUN_PIPELINE_UPSTREAM_ENV", "RUN_PIPELINE"} {
			if f[3+i] != "-" {
				e.Variables[name] = f[3+i]
			}
		}
		if f[5] == "yes" {
			e.Changed = append(e.Changed, dockerfile)
		}
		got := p.Evaluate(e)
		if got.Refused() || !got.Created {
			t.Errorf("%s: %v", strings.TrimSpace(line), got.Problems)
			continue
		}
		for i, name := range []string{"x86_64-debian-12", "optional-build", "", "x86_64-debian-12-container", "check-dco"} {
			if d := decided(got, name); name != "" && d != f[6+i] {
				t.Errorf("%s: %s is %q", strings.TrimSpace(line), name, d)
			}
		}
		for _, job := range got.Jobs {
			prebuilt := job.Image != nil && strings.HasPrefix(job.Image.Name, "registry.gitlab.com/")
			if job.Name == "x86_64-debian-12" && f[8] != "any" && prebuilt != (f[8] == "prebuilt") {
				t.Errorf("%s: the image is %s", strings.TrimSpace(line), job.Image.Name)
			}
		}
	}
	if rows != 20 {
		t.Errorf("%d rows", rows)
	}
	for name, e := range map[string]Event{
		"a push with a merge request": {Source: Push, Variables: map[string]string{"CI_OPEN_MERGE_REQUESTS": "a!1"}},
		"a tag":                       {Source: Push, Tag: "v1"}, "a trigger": {Source: Trigger}, "a parent": {Source: Parent},
	} {
		if got := p.Evaluate(e); got.Refused() || got.Created {
			t.Errorf("%s makes a pipeline, %v", name, got.Problems)
		}
	}
}
