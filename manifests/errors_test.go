// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"strings"
	"testing"
	"testing/fstest"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/targets"
)

const head = "projects: [libvirt]\ngitlab: {namespace: n, project: p}\n"

// TestErrors has each message of the original followed by its position, and a message with a
// position for each exception of the original.
func TestErrors(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string // one a line, in order
	}{
		{"no projects", "gitlab: {namespace: n, project: p}\ntargets: {}\n", []string{"No project list defined (m.yml:1:1)"}},
		{"projects is a string", "projects: libvirt\ngitlab: {namespace: n, project: p}\ntargets: {}\n", []string{"projects must be a list (m.yml:1:11: projects)"}},
		{"projects is null", "projects:\ngitlab: {namespace: n, project: p}\ntargets: {}\n", []string{"projects must be a list (m.yml:1:10: projects)"}},
		{"projects is empty", "projects: []\ngitlab: {namespace: n, project: p}\ntargets: {}\n", []string{"at least one project must be listed (m.yml:1:11: projects)"}},
		{"no namespace", "projects: [libvirt]\ngitlab: {project: p}\ntargets: {}\n", []string{"gitlab namespace is required (m.yml:2:9: gitlab)"}},
		{"no project", "projects: [libvirt]\ngitlab:\n  namespace: n\ntargets: {}\n", []string{"gitlab project is required (m.yml:3:3: gitlab)"}},
		{"no gitlab", "projects: [libvirt]\ntargets: {}\n", []string{
			"gitlab namespace is required (m.yml:1:1: gitlab)", "gitlab project is required (m.yml:1:1: gitlab)"}},
		{"unknown target", head + "targets:\n  debian-21: x86_64\n", []string{"Invalid target 'debian-21' (m.yml:4:3: targets.debian-21)"}},
		{"disabled unknown target", head + "targets:\n  nosuch: {enabled: false, jobs: []}\n", []string{"Invalid target 'nosuch' (m.yml:4:3: targets.nosuch)"}},
		{"missing arch", head + "targets:\n  debian-12:\n    jobs:\n      - arch: x86_64\n      - suffix: -x\n", []string{
			"target debian-12 job 1 missing arch (m.yml:7:9: targets.debian-12.jobs[1])"}},
		{"arch is a number", head + "targets: {debian-12: {jobs: [{arch: 5}]}}\n", []string{
			"m.yml:3:37: targets.debian-12.jobs[0].arch: expected a string, got a number: quote it as \"5\""}},
		{"job is a string", head + "targets: {debian-12: {jobs: [x86_64]}}\n", []string{
			"m.yml:3:30: targets.debian-12.jobs[0]: expected a mapping, got a string"}},
		{"duplicate arch", head + "targets:\n  debian-12:\n    jobs:\n      - arch: x86_64\n      - arch: x86_64\n        enabled: false\n", []string{
			"target debian-12 duplicate arch x86_64 missing suffix (m.yml:7:9: targets.debian-12.jobs[1])"}},
		{"Cirrus arch", head + "targets:\n  freebsd-15: aarch64\n", []string{
			"target freebsd-15 only supports x86_64 architecture (m.yml:4:15: targets.freebsd-15)"}},
		{"reserved", head + "targets:\n  debian-12:\n    jobs:\n      - arch: x86_64\n        variables:\n          NAME: x\n", []string{
			"Attempt to override system variable 'NAME' in manifest (m.yml:8:11: targets.debian-12.jobs[0].variables.NAME)"}},
		{"reserved on cross", head + "targets:\n  debian-12:\n    jobs: [{arch: s390x, variables: {CROSS: x}}]\n", []string{
			"Attempt to override system variable 'CROSS' in manifest (m.yml:5:38: targets.debian-12.jobs[0].variables.CROSS)"}},
		{"reserved on Cirrus", head + "targets:\n  freebsd-15:\n    jobs: [{arch: x86_64, variables: {UPDATE_COMMAND: x}}]\n", []string{
			"Attempt to override system variable 'UPDATE_COMMAND' in manifest (m.yml:5:39: targets.freebsd-15.jobs[0].variables.UPDATE_COMMAND)"}},
		{"unsupported arch", head + "targets: {debian-12: bogus}\n", []string{"Unsupported architecture bogus (m.yml:3:22: targets.debian-12)"}},
		{"no cross compiling", head + "targets: {alpine-323: s390x}\n", []string{"Cannot cross compile on Alpine (m.yml:3:23: targets.alpine-323)"}},
		{"cross arch", head + "targets: {debian-12: riscv64}\n", []string{"Cross compiling for riscv64 is not supported on Debian < 13 (m.yml:3:22: targets.debian-12)"}},

		{"empty", "", []string{"m.yml:1:1: expected a mapping with the keys projects, gitlab and targets, got nothing"}},
		{"no YAML", "projects: [\n", []string{"m.yml:1:1: invalid YAML: did not find expected node content"}},
		{"a list", "- a\n", []string{"m.yml:1:1: expected a mapping, got a list"}},
		{"no targets", head, []string{"m.yml:1:1: no targets: expected a mapping under the key targets"}},
		{"no jobs", head + "targets:\n  debian-12: {enabled: true}\n", []string{"m.yml:4:3: targets.debian-12: no jobs: expected a list under the key jobs"}},
		{"null target", head + "targets:\n  debian-12:\n", []string{"m.yml:4:3: targets.debian-12: expected an architecture or a mapping with the key jobs, got nothing"}},
		{"target is a list", head + "targets:\n  debian-12: [x86_64]\n", []string{"m.yml:4:3: targets.debian-12: expected an architecture or a mapping with the key jobs, got a list"}},
		{"null containers", head + "containers:\ntargets: {}\n", []string{"m.yml:3:12: containers: expected a mapping, got nothing"}},
		{"null checks", "projects: [libvirt]\ngitlab:\n  namespace: n\n  project: p\n  jobs:\ntargets: {}\n", []string{"m.yml:5:8: gitlab.jobs: expected a mapping, got nothing"}},
		{"targets is a list", head + "targets: [debian-12]\n", []string{"m.yml:3:10: targets: expected a mapping, got a list"}},
		{"jobs is a mapping", head + "targets: {debian-12: {jobs: {arch: x86_64}}}\n", []string{"m.yml:3:29: targets.debian-12.jobs: expected a list, got a mapping"}},
		{"no paths", head + "targets: {debian-12: {jobs: [{arch: x86_64, artifacts: {expire_in: 1 day}}]}}\n", []string{
			"m.yml:3:56: targets.debian-12.jobs[0].artifacts: no paths: expected a list of files under the key paths"}},
		{"artifacts when", head + "targets: {debian-12: {jobs: [{arch: x86_64, artifacts: {paths: [a], when: never}}]}}\n", []string{
			"m.yml:3:56: targets.debian-12.jobs[0].artifacts: when is \"never\", expected on_success, on_failure or always"}},
		{"builder", "projects: [libvirt]\ngitlab: {namespace: n, project: p, container-builder: kaniko}\ntargets: {}\n", []string{
			"m.yml:2:55: gitlab.container-builder: \"kaniko\" builds no containers, expected docker or podman"}},
		{"several", "projects: []\ngitlab: {enabled: 3}\ntargets: {nosuch: x86_64}\n", []string{
			"at least one project must be listed (m.yml:1:11: projects)",
			"gitlab namespace is required (m.yml:2:9: gitlab)",
			"gitlab project is required (m.yml:2:9: gitlab)",
			"m.yml:2:19: gitlab.enabled: expected true or false, got a number",
			"Invalid target 'nosuch' (m.yml:3:11: targets.nosuch)"}},
		{"a job name that GitLab reads otherwise", head + "targets: {debian-12: {jobs: [{arch: x86_64, suffix: -container}]}}\n", []string{
			`m.yml:3:30: targets.debian-12.jobs[0]: job name "x86_64-debian-12-container" is taken already: give the job another suffix`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := generate(t, c.text)
			var got []string
			for _, e := range diag.Parts(err) {
				got = append(got, e.Error())
			}
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// TestUnknownPackageCommand needs its own target: no built-in target has an unknown command.
func TestUnknownPackageCommand(t *testing.T) {
	data, err := targets.BuiltIn().Read("freebsd-15.yml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("version: '15'", "version: '99'", "command: pkg\n", "command: pkgin\n").Replace(string(data))
	own := facts.Layer{Name: "own", FS: fstest.MapFS{"freebsd-99.yml": {Data: []byte(text)}}}
	manifest := head + "targets:\n  freebsd-99: x86_64\n"
	_, err = Load([]byte(manifest), LoadOptions{File: "m.yml", Releases: catalogue(t, own)})
	if err == nil || err.Error() != "Unknown package command pkgin (m.yml:4:3: targets.freebsd-99)" {
		t.Errorf("error is %v", err)
	}
}

func TestWarnings(t *testing.T) {
	_, warnings, err := load(t, head+`
containres: {enabled: false}
targets:
  debian-12:
    jobs:
      - arch: x86_64
        allow_failure: true
        artifacts:
          expiry: 2 days
          paths: [a]
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`m.yml:4:1: containres: unknown key "containres" (did you mean "containers"?)`,
		`m.yml:9:9: targets.debian-12.jobs[0].allow_failure: unknown key "allow_failure" (did you mean "allow-failure"?)`,
		`m.yml:11:11: targets.debian-12.jobs[0].artifacts.expiry: unknown key "expiry" (did you mean "expire_in"?)`,
	}
	if strings.Join(warnings, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s", strings.Join(warnings, "\n"))
	}
}
