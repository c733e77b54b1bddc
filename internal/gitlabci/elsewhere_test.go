// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
)

// repositoryFile is where a server has a file of a project.
func repositoryFile(project, file, ref string) string {
	escape := strings.NewReplacer("/", "%2F").Replace
	return "https://gitlab.com/api/v4/projects/" + escape(project) + "/repository/files/" + escape(file) + "/raw?ref=" + ref
}

// TestElsewhere has pipelines with files that are not in the tree.
func TestElsewhere(t *testing.T) {
	served := map[string]string{
		"https://example.org/a.yml":                                    "a: {script: [remote]}\n",
		"https://example.org/inputs.yml":                               "inputs: {x: {default: served}, y: {default: 2}}\n",
		"https://example.org/local.yml":                                "include: b.yml\na: {script: [remote]}\n",
		repositoryFile("group/other", "ci/b.yml", "HEAD"):              "include: [{local: /ci/c.yml}]\nb: {script: [other]}\n",
		repositoryFile("group/other", "ci/c.yml", "HEAD"):              "c: {script: [nested]}\n",
		repositoryFile("group/other", "ci/b.yml", "v1"):                "b: {script: [old]}\n",
		repositoryFile("group/parts", "templates/lint.yml", "1.2"):     "spec: {inputs: {stage: {default: test}}}\n---\nlint: {stage: $[[ inputs.stage ]], script: [lint]}\n",
		repositoryFile("group/parts", "templates/x/template.yml", "2"): "spec: {component: [name]}\n---\nx: {script: ['$[[ component.name ]]']}\n",
		"own v1 templates/own.yml":                                     "own: {script: [own of v1]}\n",
		"own v1 ci/l.yml":                                              "l: {script: [l of v1]}\n",
	}
	asked := map[string]int{}
	get := func(key string) ([]byte, error) {
		asked[key]++
		if strings.Contains(key, "broken") {
			return nil, errors.New("connection refused")
		}
		if text, ok := served[key]; ok {
			return []byte(text), nil
		}
		return nil, fmt.Errorf("%w: HTTP 404", fs.ErrNotExist)
	}
	elsewhere := &Elsewhere{URL: get, Revision: func(ref, file string) ([]byte, error) { return get("own " + ref + " " + file) }}
	sum := "sha256-0dWfSNkBH5kWOjfYUvTuUX9yNOyEPi8WU8ZGKVH8xPo="
	for _, c := range []struct{ name, main, jobs, missing, told string }{
		{"a URL", "include: https://example.org/a.yml\n", "a@test:remote", "", ""},
		{"a URL with a variable", "include: {remote: https://$HOST/a.yml}\nvariables: {HOST: no}\nj: {script: [x]}\n", "j@test:x", `remote include "https://$HOST/a.yml"`, ""},
		{"http", "include: http://example.org/a.yml\nj: {script: [x]}\n", "j@test:x", "only files by https are fetched", ""},
		{"404", "include: https://example.org/none.yml\nj: {script: [x]}\n", "j@test:x", "404", ""},
		{"a server that is away", "include: https://broken.example.org/a.yml\nj: {script: [x]}\n", "j@test:x", "connection refused", ""},
		{"other integrity", "include: {remote: https://example.org/a.yml, integrity: " + sum + "}\nj: {script: [x]}\n", "j@test:x", "remote", "its integrity is sha256-"},
		{"local beside a URL", "include: https://example.org/local.yml\n", "a@test:remote", "local", "no other files beside it"},
		{"a project", "include: {project: Group/Other, file: /ci/b.yml}\n", "c@test:nested b@test:other", "", ""},
		{"a project's ref", "include: {project: group/other, ref: v1, file: [ci/b.yml]}\n", "b@test:old", "", ""},
		{"a project's missing file", "include: {project: group/other, file: no.yml}\nj: {script: [x]}\n", "j@test:x", "404", ""},
		{"the project itself", "include: {project: team/app, ref: v1, file: ci/l.yml}\n", "l@test:l of v1", "", ""},
		{"a component", "include: {component: $CI_SERVER_FQDN/group/parts/lint@1.2, inputs: {stage: build}}\n", "lint@build:lint", "", ""},
		{"a component's directory", "include: {component: gitlab.com/group/parts/x@2}\n", "x@test:x", "", ""},
		{"a component that is not there", "include: {component: gitlab.com/group/parts/y@2}\nj: {script: [x]}\n", "j@test:x", "there is no templates/y/template.yml", ""},
		{"another server's component", "include: {component: example.org/group/parts/x@2}\nj: {script: [x]}\n", "j@test:x", "expected gitlab.com/PROJECT/NAME@VERSION", ""},
		{"own component of another ref", "include: {component: gitlab.com/team/app/own@v1}\n", "own@test:own of v1", "", ""},
		{"inputs from a URL", "spec: {include: [{remote: https://example.org/inputs.yml}], inputs: {y: {default: own}}}\n---\nj: {script: ['$[[ inputs.x ]] $[[ inputs.y ]]']}\n", "j@test:served own", "", ""},
		{"inputs from a file", "spec: {include: [{local: /in.yml}]}\n---\nj: {script: ['$[[ inputs.z ]]']}\n", "j@test:here", "", ""},
		{"inputs that are not there", "spec: {include: [none.yml]}\n---\nj: {script: [x]}\n", "j@test:x", "", "none.yml"},
		{"inputs with more", "spec: {include: [more.yml]}\n---\nj: {script: [x]}\n", "j@test:x", "", "job"},
	} {
		p, err := Load(files(map[string]string{"": c.main, "in.yml": "inputs: {z: {default: here}}\n", "more.yml": "inputs: {}\njob: {script: [x]}\n"}), ".gitlab-ci.yml", Options{Elsewhere: elsewhere})
		if err != nil {
			t.Fatal(err)
		}
		e := p.Evaluate(Event{Namespace: "team", Project: "app", Commit: strings.Repeat("a", 40)})
		if got := jobsOf(e); got != c.jobs {
			t.Errorf("%s: jobs %s, want %s", c.name, got, c.jobs)
		}
		missing := ""
		for _, m := range e.Missing {
			missing += m.String() + ": " + m.Why
		}
		if (missing == "") != (c.missing == "") || !strings.Contains(missing, c.missing) {
			t.Errorf("%s: missing %q, want %q", c.name, missing, c.missing)
		}
		told := e.text(Incomplete)
		if (told == "") != (c.told == "") || !strings.Contains(told, c.told) {
			t.Errorf("%s: problems %q, want %q", c.name, told, c.told)
		}
		for key, n := range asked {
			if n > 1 {
				t.Errorf("%s: asked %d times for %s", c.name, n, key)
			}
		}
		clear(asked)
	}
}

// TestDefaultBeforeTheEvent: what an event without a project makes of includes
// does not stay when the event is known.
func TestDefaultBeforeTheEvent(t *testing.T) {
	var asked []string
	elsewhere := &Elsewhere{URL: func(url string) ([]byte, error) {
		asked = append(asked, url)
		if strings.HasPrefix(url, "https://git.example.org/") {
			return []byte("variables: {UPSTREAM: up}\nj: {script: [x]}\n"), nil
		}
		return nil, errors.New("another server")
	}}
	p, err := Load(files(map[string]string{"": "include: {project: group/other, file: a.yml}\n"}), ".gitlab-ci.yml", Options{Elsewhere: elsewhere})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := p.Default(Event{}, "UPSTREAM"); ok {
		t.Error("a file of gitlab.com is known")
	}
	event := Event{Host: "git.example.org", Namespace: "team", Project: "app"}
	if got, ok := p.Default(event, "UPSTREAM"); got != "up" || !ok {
		t.Errorf("got %q, %v; asked for %q", got, ok, asked)
	}
	if e := p.Evaluate(event); jobsOf(e) != "j@test:x" || len(e.Missing) > 0 {
		t.Errorf("jobs %s, missing %v; asked for %q", jobsOf(e), e.Missing, asked)
	}
}

// TestIntegrity: a file that has the digest an include gives is read.
func TestIntegrity(t *testing.T) {
	elsewhere := &Elsewhere{URL: func(string) ([]byte, error) { return []byte("abc: {script: [x]}\n"), nil }}
	const sum = "sha256-0AL4Cn0XkuZfSuqUf7QhRe3jcR3KtENV2FQOQQJGcF0="
	p, err := Load(files(map[string]string{"": "include: {remote: https://example.org/a.yml, integrity: " + sum + "}\n"}), ".gitlab-ci.yml", Options{Elsewhere: elsewhere})
	if err != nil {
		t.Fatal(err)
	}
	if e := p.Evaluate(Event{}); jobsOf(e) != "abc@test:x" || len(e.Missing) > 0 {
		t.Errorf("%s, %v, %s", jobsOf(e), e.Missing, e.text(Notice))
	}
}
