// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"fmt"
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
