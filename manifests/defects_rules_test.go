// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/diag"
)

// These tests are named after numbered defects of the original. TestRulesDecideAsTheTables
// tests all rules.

type decided struct {
	job  string
	in   situation
	want string
}

func checkDecided(t *testing.T, rows []decided) {
	t.Helper()
	_, files := mustGenerate(t, rulesManifest)
	p := readPipeline(t, files)
	for _, r := range rows {
		in := r.in
		for _, word := range []*string{&in.rp, &in.rpu, &in.builds} {
			if *word == "" {
				*word = "unset"
			}
		}
		if in.change == "" {
			in.change = "none"
		}
		env, changed := in.env("debian-13")
		if got := outcome(t, p.job(t, r.job), env, changed); got != r.want {
			t.Errorf("%s in %+v: got %s, want %s", r.job, in, got, r.want)
		}
	}
}

// Builds test RUN_PIPELINE_UPSTREAM_ENV first, all other jobs RUN_PIPELINE.
func TestD43EachTemplateKeepsItsPrecedence(t *testing.T) {
	zeroOne := situation{event: "push", place: "fork", branch: "other", rp: "0", rpu: "1"}
	oneZero := situation{event: "push", place: "fork", branch: "other", rp: "1", rpu: "0"}
	checkDecided(t, []decided{
		{"x86_64-debian-13", zeroOne, "auto prebuilt"},
		{"x86_64-debian-13", oneZero, "manual prebuilt"},
		{"x86_64-freebsd-15", zeroOne, "manual"},
		{"x86_64-freebsd-15", oneZero, "auto"},
		{"check-dco", zeroOne, "manual"},
		{"check-dco", oneZero, "auto"},
		{"black", zeroOne, "manual"},
		{"black", oneZero, "auto"},
	})
}

func TestD44PushesToOtherUpstreamBranchesBuildOnCirrusAlone(t *testing.T) {
	push := situation{event: "push", place: "upstream", branch: "other", rp: "1", rpu: "1"}
	checkDecided(t, []decided{
		{"x86_64-debian-13", push, "-"},
		{"s390x-debian-13", push, "-"},
		{"x86_64-freebsd-15", push, "auto"},
		{"check-dco", push, "-"},
	})
}

func TestD45ContainerBuildsAreAskedForByExactlyOne(t *testing.T) {
	web := func(builds, opt string) situation {
		return situation{event: "web", place: "upstream", branch: "default", builds: builds, opt: opt}
	}
	checkDecided(t, []decided{
		{"x86_64-debian-13-container", web("1", ""), "auto"},
		{"x86_64-debian-13-container", web("1", "1"), "auto"},
		{"x86_64-debian-13-container", web("yes", ""), "-"},
		{"x86_64-debian-13-container", web("0", ""), "-"},
		{"x86_64-debian-13-container", web("unset", ""), "-"},
	})
	_, files := mustGenerate(t, rulesManifest)
	said := body(t, files, "gitlab.yml")
	at := strings.Index(said, "RUN_CONTAINER_BUILDS")
	if at < 0 || strings.Contains(said[at:min(at+200, len(said))], "non-empty") {
		t.Errorf("the comment promises what the rules do not:\n%s", said)
	}
}

func TestD46AManualJobNeverBlocks(t *testing.T) {
	_, files := mustGenerate(t, rulesManifest)
	p := readPipeline(t, files)
	manual := 0
	for name := range p {
		rules, _ := p.job(t, name)["rules"].([]any)
		for _, r := range rules {
			rule := r.(map[string]any)
			if rule["when"] != "manual" {
				continue
			}
			manual++
			if rule["allow_failure"] != true {
				t.Errorf("%s: %v blocks the pipeline", name, rule)
			}
		}
	}
	if manual < 6 {
		t.Errorf("only %d manual rules", manual)
	}
}

func TestD47OtherWordsThanZeroAndOneCountAsNone(t *testing.T) {
	push := func(rp, rpu string) situation {
		return situation{event: "push", place: "fork", branch: "other", rp: rp, rpu: rpu}
	}
	checkDecided(t, []decided{
		{"x86_64-debian-13", push("yes", "true"), "-"},
		{"x86_64-debian-13", push("1", "true"), "auto base"},
		{"x86_64-freebsd-15", push("yes", "1"), "auto"},
		{"check-dco", push("yes", "true"), "-"},
		{"check-dco", situation{event: "merge_request_event", place: "fork", branch: "other"}, "auto"},
	})
}

func TestD35AnUnknownKeyIsNamedAtEveryLevel(t *testing.T) {
	for text, want := range map[string]string{
		simple + "project: x\n": `m.yml:5:1: project: unknown key "project" (did you mean "projects"?)`,
		"projects: [libvirt]\ngitlab: {namespace: n, project: p, name-space: x}\ntargets: {}\n": `m.yml:2:36: gitlab.name-space: unknown key "name-space" (did you mean "namespace"?)`,
		simple + "containers: {enable: true}\n":                                                 `m.yml:5:14: containers.enable: unknown key "enable" (did you mean "enabled"?)`,
		simple + "cirrus: {enabeld: true}\n":                                                    `m.yml:5:10: cirrus.enabeld: unknown key "enabeld" (did you mean "enabled"?)`,
		head + "targets: {debian-12: {job: [], jobs: []}}\n":                                    `m.yml:3:23: targets.debian-12.job: unknown key "job" (did you mean "jobs"?)`,
		head + "targets: {debian-12: {jobs: [{arch: x86_64, sufix: -x}]}}\n":                    `m.yml:3:45: targets.debian-12.jobs[0].sufix: unknown key "sufix" (did you mean "suffix"?)`,
	} {
		_, warnings, err := load(t, text)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(warnings, []string{want}) {
			t.Errorf("%s: got %q\nwant %q", text, warnings, want)
		}
	}
}

// Messages that were Python exceptions in the original name a position and the expected
// value. TestErrors has the exact texts.
func TestD37NoFaultComesWithoutItsPlace(t *testing.T) {
	for _, text := range []string{
		"", "- a\n", "5\n", "projects: [\n", head, head + "targets:\n  debian-12:\n",
		head + "targets:\n  debian-12: {enabled: true}\n", head + "containers:\ntargets: {}\n",
		head + "targets: {debian-12: {jobs: [x86_64]}}\n", head + "targets: {debian-12: {jobs: [{arch: x86_64, artifacts: {}}]}}\n",
		head + "targets: {debian-12: {jobs: [{arch: x86_64, variables: [A]}]}}\n",
		"projects: [libvirt]\ngitlab:\n  namespace: n\n  project: p\n  jobs:\ntargets: {}\n",
	} {
		_, _, err := load(t, text)
		if err == nil {
			t.Errorf("%q is taken", text)
			continue
		}
		for _, e := range diag.Parts(err) {
			if !strings.HasPrefix(e.Error(), "m.yml:") || !strings.Contains(e.Error(), "expected") {
				t.Errorf("%q: %v", text, e)
			}
		}
	}
}
