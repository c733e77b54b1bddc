// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestTrigger(t *testing.T) {
	for trigger, want := range map[string]string{
		"group/$NAME": "{Project:group/lib Branch: Include:[] Strategy: Inputs:map[] YAMLVariables:true PipelineVariables:false}",
		"{project: a/b, branch: $NAME, strategy: depend}":                            "{Project:a/b Branch:lib Include:[] Strategy:depend Inputs:map[] YAMLVariables:true PipelineVariables:false}",
		"{include: a.yml, forward: {yaml_variables: false, pipeline_variables: on}}": "{Project: Branch: Include:[{Kind:local Location:a.yml Job: Inputs:map[] Ref: Files:[] Integrity:}] Strategy: Inputs:map[] YAMLVariables:false PipelineVariables:true}",
		"{include: [{artifact: $NAME.yml, job: make}, {local: b.yml, inputs: {n: [1, x]}}], strategy: mirror}": "{Project: Branch: Include:[{Kind:artifact Location:lib.yml Job:make Inputs:map[] Ref: Files:[] Integrity:} " +
			`{Kind:local Location:b.yml Job: Inputs:map[n:[1,"x"]] Ref: Files:[] Integrity:}] Strategy:mirror Inputs:map[] YAMLVariables:true PipelineVariables:false}`,
	} {
		e, err := evaluate(files(map[string]string{"": "variables: {NAME: lib}\nmake: {script: [x]}\nt:\n  trigger: " + trigger + "\n"}), Event{})
		if err != nil {
			t.Fatal(trigger, err)
		}
		if got := fmt.Sprintf("%+v", *e.Jobs[1].Downstream); got != want || !e.Jobs[1].Trigger {
			t.Errorf("%s: got\n%s\nwant\n%s", trigger, got, want)
		}
	}
	for trigger, want := range map[string]string{
		"[a]":                            `.gitlab-ci.yml:2: job "t": trigger takes a project or a mapping, got a list`,
		"{branch: a}":                    `.gitlab-ci.yml:2: job "t": trigger names neither a project nor files to include`,
		"{include: a.yml, project: a/b}": `.gitlab-ci.yml:2: job "t": trigger has the unknown key "project"`,
		"{project: a/b, strategy: wait}": `.gitlab-ci.yml:2: job "t": trigger: strategy takes one of depend, mirror`,
		"{include: [{artifact: a.yml}]}": `.gitlab-ci.yml:2: job "t": trigger: include: artifact needs the job that makes it`,
		"{include: [{project: a/b}]}":    `.gitlab-ci.yml:2: job "t": trigger: include: project needs file`,
		"{include: [a, b, c, d]}":        `.gitlab-ci.yml:2: job "t": trigger: include has more than 3 files`,
		"{include: [{nothing: a}]}":      ".gitlab-ci.yml:2: job \"t\": trigger: include names no file\n.gitlab-ci.yml:2: job \"t\": trigger: include has the unknown key \"nothing\"",
	} {
		_, err := evaluate(files(map[string]string{"": "t:\n  trigger: " + trigger + "\n"}), Event{})
		if err == nil || err.Error() != want {
			t.Errorf("%s: got\n%v\nwant\n%s", trigger, err, want)
		}
	}
}

// TestForwarded: the files' values are handed on even if the event overrides them, with
// references replaced once. Nothing in a raw variable is replaced.
func TestForwarded(t *testing.T) {
	const text = `
variables: {REF1: ref 1, TOP: top, OVER: files}
make: {script: [x], artifacts: {reports: {dotenv: d}}}
t:
  needs: [make]
  trigger: {include: a.yml, forward: {yaml_variables: %v, pipeline_variables: %v}}
  variables: {RAW: {value: $REF1, expand: false}, ONCE: "a $REF1 $NONE $NEXT", NEXT: $REF1, KEPT: $$REF1 %%%%REF1, TOP: job}
`
	event := Event{Source: Push, Variables: map[string]string{"OVER": "event", "GIVEN": "$REF1", "GIVEN_RAW": "$REF1"}, Raw: map[string]bool{"GIVEN_RAW": true}}
	const ofFiles = "KEPT=$$REF1 %%REF1 NEXT=ref 1 ONCE=a ref 1  $REF1 OVER=files RAW=$REF1! REF1=ref 1 TOP=job"
	for _, c := range []struct {
		yaml, pipeline bool
		want           string
	}{
		{true, false, ofFiles},
		{false, false, ""},
		{false, true, "DOTENV=b ref 1 GIVEN=ref 1 GIVEN_RAW=$REF1! OVER=event"},
		{true, true, "DOTENV=b ref 1 GIVEN=ref 1 GIVEN_RAW=$REF1! " + strings.Replace(ofFiles, "OVER=files", "OVER=event", 1)},
	} {
		e, err := evaluate(files(map[string]string{"": fmt.Sprintf(text, c.yaml, c.pipeline)}), event)
		if err != nil {
			t.Fatal(err)
		}
		job := e.Jobs[1].WithDotenv(map[string]string{"DOTENV": "b $REF1"})
		variables, raw := job.Forwarded(event)
		var got []string
		for _, name := range slices.Sorted(maps.Keys(variables)) {
			mark := ""
			if raw[name] {
				mark = "!"
			}
			got = append(got, name+"="+variables[name]+mark)
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%v, %v: got  %s\nwant %s", c.yaml, c.pipeline, text, c.want)
		}
	}
	e, err := evaluate(files(map[string]string{"": "j: {script: [x]}\n"}), event)
	if err != nil || e.Jobs[0].variable("GIVEN_RAW") != "$REF1" || e.Jobs[0].variable("GIVEN") != "" {
		t.Errorf("given: %v, %v", err, e.Jobs[0].Variables)
	}
}

func TestServiceVariables(t *testing.T) {
	e, err := evaluate(files(map[string]string{"": `
variables: {USER_NAME: joe}
j:
  script: [x]
  services:
    - name: postgres
      alias: db,sql
      command: [postgres, -c, a=$USER_NAME]
      entrypoint: [""]
      variables: {POSTGRES_USER: $USER_NAME, PORT: 5432, ON: yes}
`}), Event{})
	if err != nil {
		t.Fatal(err)
	}
	want := "[{Name:postgres Entrypoint:[] Command:[postgres -c a=$USER_NAME] Alias:db,sql Variables:map[ON:true PORT:5432 POSTGRES_USER:joe] PullPolicy:[] Platform: User:}]"
	if got := fmt.Sprintf("%+v", e.Jobs[0].Services); got != want {
		t.Errorf("got %s", got)
	}
}

// TestDefaultsOfTriggers: a trigger has nothing of default, so nothing about it is reported.
func TestDefaultsOfTriggers(t *testing.T) {
	const text = "default:\n  image: $NONE\n  services: [s]\n  tags: [t]\n  id_tokens: {A: {aud: x}}\n  artifacts: {paths: [p]}\n  before_script: [b]\n  cache: {paths: [c]}\n" +
		"t: {trigger: {project: a/b}, inherit: {variables: false}}\nj: {script: [x], image: i}\n"
	p, err := Load(files(map[string]string{"": text}), ".gitlab-ci.yml", Options{})
	if err != nil {
		t.Fatal(err)
	}
	e := p.Evaluate(Event{})
	if got, want := e.text(Notice), `.gitlab-ci.yml:10: job "j": id_tokens: left to GitLab, only the script runs here`; got != want {
		t.Errorf("told %s", got)
	}
	if job := e.Jobs[0]; job.Image != nil || job.Services != nil || job.Tags != nil || job.Artifacts != nil || job.BeforeScript != nil || job.Cache != nil {
		t.Errorf("%+v", job)
	}
	if job := e.Jobs[1]; job.Image == nil || len(job.Services) != 1 || len(job.Tags) != 1 || job.Artifacts == nil || len(job.BeforeScript) != 1 || len(job.Cache) != 1 {
		t.Errorf("%+v", job)
	}
}
