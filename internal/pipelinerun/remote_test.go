// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The needs of a job run on GitLab before it.
func TestRemoteNeeds(t *testing.T) {
	dir := t.TempDir()
	err := os.WriteFile(filepath.Join(dir, PipelineFile), []byte(`
stages: [containers, builds]
prepare:
  stage: containers
  script: [make image]
x86_64-debian-13:
  stage: builds
  script: [make]
  artifacts: {reports: {junit: build/*.xml}}
lint:
  stage: builds
  needs: []
  script: [make lint]
`), 0o644)
	if err != nil {
		t.Fatal(err)
	}
	known := readKnownJobs(t.Context(), RemoteOptions{Project: dir})
	needs := known.needs()
	if len(needs) != 1 || len(needs["x86_64-debian-13"]) != 1 || needs["x86_64-debian-13"][0] != "prepare" {
		t.Errorf("needs %v", needs)
	}
	if globs := known.junit(); len(globs) != 1 || globs["x86_64-debian-13"][0] != "build/*.xml" {
		t.Errorf("globs %v", globs)
	}
}

// TestRemoteChildren: jobs of child pipelines are selected by their names in the result.
func TestRemoteChildren(t *testing.T) {
	_, p := project(t, map[string]string{PipelineFile: `
stages: [one, two]
make: {stage: one, script: [x], artifacts: {paths: [made.yml]}}
more: {stage: two, trigger: {include: child.yml}}
made: {stage: two, trigger: {include: [{artifact: made.yml, job: make}]}}
never: {stage: two, rules: [{when: never}], trigger: {include: child.yml}}
broken: {stage: two, trigger: {include: broken.yml}}
`, "child.yml": `
stages: [build, test]
build: {stage: build, script: [x], artifacts: {reports: {junit: [build.xml]}}}
test: {stage: test, script: [x], needs: [build]}
check: {stage: test, script: [x]}
again: {stage: build, trigger: {include: grandchild.yml}}
`, "grandchild.yml": `
deep: {script: [x], artifacts: {reports: {junit: deep.xml}}}
deeper: {trigger: {include: grandchild.yml}}
`, "broken.yml": "stages: [a\n"})
	known := readKnownJobs(t.Context(), RemoteOptions{Project: p.source.Project})
	needs := known.needs()
	for name, want := range map[string]string{
		"more/test": "more/build", "more/check": "more/build more/again", "more/build": "", "more": "make", "more/again/deep": "",
	} {
		if got := strings.Join(needs[name], " "); got != want {
			t.Errorf("%s needs %q, want %q", name, got, want)
		}
	}
	globs := known.junit()
	if len(globs) != 2 || !slices.Equal(globs["more/build"], []string{"build.xml"}) || !slices.Equal(globs["more/again/deep"], []string{"deep.xml"}) {
		t.Errorf("globs %v", globs)
	}
	for name, found := range map[string]bool{"more/test": true, "more/again/deep": true, "test": false, "never/test": false, "made": true, "more/again/deeper/deep": false} {
		if job := known.find(name); (job != nil) != found {
			t.Errorf("%s: %v", name, job)
		}
	}
	if known.count() != 11 {
		t.Errorf("%d jobs", known.count())
	}
}

// TestRemoteTargets: --target also selects jobs of child pipelines.
func TestRemoteTargets(t *testing.T) {
	_, p := project(t, map[string]string{PipelineFile: `
stages: [one, two]
here: {stage: one, script: [x], variables: {NAME: debian-12, TARGET_BASE_IMAGE: x}}
more: {stage: two, trigger: {include: child.yml}}
`, "child.yml": `
debian: {script: [x], variables: {NAME: debian-12, TARGET_BASE_IMAGE: x}}
fedora: {script: [x], variables: {NAME: fedora-40, TARGET_BASE_IMAGE: x}}
hand: {when: manual, script: [x], variables: {NAME: fedora-40, TARGET_BASE_IMAGE: x}}
`})
	known := readKnownJobs(t.Context(), RemoteOptions{Project: p.source.Project})
	for want, c := range map[string]Choice{
		"here more/debian": {Targets: []string{"debian-12"}},
		"more/fedora":      {Targets: []string{"fedora-40"}},
		"more/debian":      {Targets: []string{"debian-12"}, Names: []string{"more/*"}},
		"here":             {Targets: []string{"debian-12"}, Names: []string{"here"}},
		"":                 {Targets: []string{"alpine-edge"}},
	} {
		names, err := known.choose(c)
		if got := strings.Join(names, " "); got != want || (err != nil) != (want == "") {
			t.Errorf("%+v: %q, %v, want %q", c, got, err, want)
		}
	}
}
