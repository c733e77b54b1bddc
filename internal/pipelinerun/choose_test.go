// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"strings"
	"testing"
	"testing/fstest"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
	"gitlab.com/lcitool/lcitool/internal/scheduler"
)

const pipeline = `
stages: [containers, builds, checks]
x86_64-debian-12-container:
  stage: containers
  variables: {NAME: debian-12}
  script: [build]
.build:
  stage: builds
  script: [make]
  variables: {TARGET_BASE_IMAGE: base}
x86_64-debian-12:
  extends: .build
  needs: [{job: x86_64-debian-12-container, artifacts: false}]
  variables: {NAME: debian-12}
  artifacts: {paths: [out]}
x86_64-debian-13:
  extends: .build
  variables: {NAME: debian-13}
  artifacts: {reports: {junit: r.xml}}
debian-13-optional:
  extends: .build
  when: manual
  variables: {NAME: debian-13}
never:
  script: [x]
  rules: [{if: $NO}]
  stage: builds
test/all:
  stage: checks
  needs: [x86_64-debian-12]
  script: [check]
deploy:
  stage: checks
  script: [check]
both:
  stage: checks
  needs: [test/all, x86_64-debian-12]
  dependencies: []
  script: [check]
`

func evaluated(t *testing.T, text string) *gitlabci.Evaluation {
	t.Helper()
	p, err := gitlabci.Load(fstest.MapFS{".gitlab-ci.yml": {Data: []byte(text)}}, ".gitlab-ci.yml", gitlabci.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p.Evaluate(gitlabci.Event{})
}

// text returns "job<needs>artifacts" of each job.
func (c *Chosen) text() string {
	var all []string
	for _, j := range c.Jobs {
		text := j.Name
		if len(j.WaitsFor) > 0 {
			text += "<" + strings.Join(j.WaitsFor, ",")
		}
		var from []string
		for _, f := range j.ArtifactsFrom {
			from = append(from, f.Name)
		}
		if len(from) > 0 {
			text += ">" + strings.Join(from, ",")
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

func TestChoose(t *testing.T) {
	e := evaluated(t, pipeline)
	for _, test := range []struct {
		names  string
		choice Choice
		want   string
		added  string
		left   string
	}{
		{names: "x86_64-debian-12", want: "x86_64-debian-12"},
		{names: "x86*", want: "x86_64-debian-12 x86_64-debian-13", left: "x86_64-debian-12-container: only builds an image, and the jobs that use the image build it"},
		{names: "x86_64-debian-12-container", want: "x86_64-debian-12-container"},
		{names: "test*", want: "x86_64-debian-12 test/all<x86_64-debian-12>x86_64-debian-12", added: "x86_64-debian-12"},
		{names: "test/all", choice: Choice{Alone: true}, want: "test/all>x86_64-debian-12"},
		{names: "both", want: "both"},
		{names: "both test/all", want: "x86_64-debian-12 test/all<x86_64-debian-12>x86_64-debian-12 both<x86_64-debian-12,test/all", added: "x86_64-debian-12"},
		{names: "deploy x86_64-debian-1?", want: "x86_64-debian-12 x86_64-debian-13 deploy<x86_64-debian-12,x86_64-debian-13>x86_64-debian-12"},
		{names: "deploy", want: "x86_64-debian-12 deploy<x86_64-debian-12>x86_64-debian-12", added: "x86_64-debian-12"},
		{names: "deploy", choice: Choice{Alone: true}, want: "deploy>x86_64-debian-12"},
		{names: "never debian-13-optional", want: "debian-13-optional never"},
		{names: "*", choice: Choice{Targets: []string{"debian-13"}}, want: "x86_64-debian-13", left: "debian-13-optional: is started by hand"},
		{choice: Choice{Targets: []string{"debian-12"}, Arches: []string{"x86_64"}}, want: "x86_64-debian-12",
			left: "x86_64-debian-12-container: only builds an image, and the jobs that use the image build it"},
		{choice: Choice{Targets: []string{"debian-12"}, Arches: []string{"arm64", "amd64"}}, want: "x86_64-debian-12",
			left: "x86_64-debian-12-container: only builds an image, and the jobs that use the image build it"},
		{names: "neve?", left: "never: is not in the pipeline of this event"},
	} {
		test.choice.Names = strings.Fields(test.names)
		c, err := Choose(e, test.choice)
		if err != nil {
			t.Errorf("%s: %v", test.names, err)
			continue
		}
		if got := c.text(); got != test.want || strings.Join(c.Implied, " ") != test.added || strings.Join(c.Skipped, "\n") != test.left {
			t.Errorf("%s: got %s, added %v, left %v\nwant %s, %s, %s", test.names, got, c.Implied, c.Skipped, test.want, test.added, test.left)
		}
	}
	for _, wrong := range []Choice{
		{Names: []string{"nosuch"}}, {Names: []string{"[x"}}, {Names: []string{"deploy"}, Targets: []string{"debian-12"}}, {Arches: []string{"arm64"}}, {Arches: []string{"vax"}}, {Targets: []string{"fedora-44"}},
	} {
		if c, err := Choose(e, wrong); err == nil {
			t.Errorf("%+v: chose %s", wrong, c.text())
		}
	}
}

// TestProducers: selecting a job also selects the jobs whose artifacts it would get from
// GitLab, and no others.
func TestProducers(t *testing.T) {
	e := evaluated(t, `
stages: [one, two, three]
default: {artifacts: {paths: [out]}}
a: {stage: one, script: [x]}
hand: {stage: one, script: [x], when: manual, allow_failure: true}
mend: {stage: one, script: [x], when: on_failure}
other: {stage: one, script: [x], rules: [{if: $NO}]}
image: {stage: one, script: [x], artifacts: {reports: {junit: r.xml}}}
env: {stage: one, script: [x], artifacts: {reports: {dotenv: r.env}}}
b: {stage: two, script: [x]}
beside: {stage: three, script: [x]}
all: {stage: three, script: [x]}
none: {stage: three, script: [x], dependencies: []}
one: {stage: three, script: [x], dependencies: [a]}
by-hand: {stage: three, script: [x], dependencies: [hand]}
unordered: {stage: three, script: [x], needs: []}
narrow: {stage: three, script: [x], needs: [{job: a, artifacts: false}, b], dependencies: [a, b]}
elsewhere: {stage: two, script: [x], image: $A, tags: [macos], variables: {NAME: macos-14, CIRRUS_VM_INSTANCE_TYPE: x}}
`)
	for name, want := range map[string]string{
		"all":       "a env b<a,env>a,env all<a,env,b>a,env,b",
		"none":      "none",
		"one":       "a one<a>a",
		"by-hand":   "hand by-hand<hand>hand",
		"unordered": "unordered",
		"narrow":    "a env b<a,env>a,env narrow<a,b>b",
		"all hand":  "a hand env b<a,hand,env>a,hand,env all<a,hand,env,b>a,hand,env,b",
	} {
		c, err := Choose(e, Choice{Names: strings.Fields(name)})
		if err != nil {
			t.Fatal(err)
		}
		if got := c.text(); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
		if missing := strings.Join(c.Missing, "\n"); strings.HasPrefix(name, "all") != (missing == `all: gets no artifacts of job "elsewhere", which runs on a machine of another service`) {
			t.Errorf("%s: missing %q", name, missing)
		}
	}
}

// TestLeftOut: a job that is named runs even if a pattern excludes it, and is not reported
// as excluded.
func TestLeftOut(t *testing.T) {
	e := evaluated(t, "hand: {script: [x], when: manual}\nother: {script: [x], when: manual}\nauto: {script: [x]}\n")
	for _, names := range [][]string{{"hand", "*"}, {"*", "hand"}, {"*", "hand", "*", "h*"}} {
		c, err := Choose(e, Choice{Names: names})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(c.Skipped, ", "); got != "other: is started by hand" {
			t.Errorf("%q: left out %q", names, got)
		}
	}
}

// TestOrder: no job comes before one that it needs, wherever it is defined.
func TestOrder(t *testing.T) {
	e := evaluated(t, "a: {script: [x], needs: [c]}\nb: {script: [x]}\nc: {script: [x], needs: [d]}\nd: {script: [x]}\n")
	c, err := Choose(e, Choice{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, j := range c.Jobs {
		names = append(names, j.Name)
	}
	if got := strings.Join(names, " "); got != "d c a b" {
		t.Errorf("order %q", got)
	}
}

// TestNamedOnFailure: a job with when: on_failure runs if its name alone is given: no job
// before it runs that could fail.
func TestNamedOnFailure(t *testing.T) {
	e := evaluated(t, "stages: [a, b]\nbuild: {stage: a, script: [x]}\nreport: {stage: b, script: [x], when: on_failure}\n")
	for names, want := range map[string]scheduler.When{
		"report": scheduler.OnSuccess, "repor*": scheduler.OnFailure, "build report": scheduler.OnFailure, "*": scheduler.OnFailure,
	} {
		chosen, err := Choose(e, Choice{Names: strings.Fields(names)})
		if err != nil {
			t.Fatal(err)
		}
		if last := chosen.Jobs[len(chosen.Jobs)-1]; last.Name != "report" || when(last) != want {
			t.Errorf("%s: %s runs when %v", names, last.Name, when(last))
		}
	}
}
