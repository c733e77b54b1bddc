// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
)

func repositoryFile(project, file, ref string) string {
	escape := strings.NewReplacer("/", "%2F").Replace
	return "https://gitlab.com/api/v4/projects/" + escape(project) + "/repository/files/" + escape(file) + "/raw?ref=" + ref
}

func apiOf(project string) string {
	return "https://gitlab.com/api/v4/projects/" + strings.ReplaceAll(project, "/", "%2F")
}

func releasesOf(project string, page int) string {
	return fmt.Sprintf("%s/releases?order_by=released_at&per_page=100&page=%d", apiOf(project), page)
}

// releaseTags returns a list of releases as GitLab's API does.
func releaseTags(tags ...string) string {
	var out []string
	for _, tag := range tags {
		out = append(out, fmt.Sprintf(`{"tag_name": %q, "name": "x", "commit": {"id": %q}}`, tag, "c"+tag))
	}
	return "[" + strings.Join(out, ", ") + "]"
}

func TestElsewhere(t *testing.T) {
	served := map[string]string{
		"https://example.org/a.yml":                                       "a: {script: [remote]}\n",
		"https://example.org/inputs.yml":                                  "inputs: {x: {default: served}}\n",
		"https://example.org/local.yml":                                   "include: b.yml\na: {script: [remote]}\n",
		repositoryFile("group/other", "ci/b.yml", "HEAD"):                 "include: [{local: /ci/c.yml}]\nb: {script: [other]}\n",
		repositoryFile("group/other", "ci/c.yml", "HEAD"):                 "c: {script: [nested]}\n",
		repositoryFile("group/other", "ci/b.yml", "v1"):                   "b: {script: [old]}\n",
		repositoryFile("group/parts", "templates/lint.yml", "1.2.0"):      "spec: {inputs: {stage: {default: test}}}\n---\nlint: {stage: $[[ inputs.stage ]], script: [lint]}\n",
		repositoryFile("group/parts", "templates/x/template.yml", "main"): "spec: {component: [name]}\n---\nx: {script: ['$[[ component.name ]]']}\n",
		"own v1 templates/own.yml":                                        "own: {script: [own of v1]}\n",
		"own v1 ci/all.yml":                                               "include: /ci/parts/**.yml\n",
		"own v1 ci/parts/a/a.yml":                                         "part-a: {script: [own]}\n",
		"own v1 ci/parts/b.yml":                                           "part-b: {script: [own]}\n",
		repositoryFile("group/other", "ci/glob.yml", "HEAD"):              "include: {local: 'ci/parts/*.yml'}\n",
		repositoryFile("group/other", "ci/parts/x.yml", "HEAD"):           "part-x: {script: [other]}\n",
		apiOf("group/other") + "/repository/tree?recursive=true&ref=HEAD&path=ci%2Fparts&per_page=100&page=1": `[{"path": "ci/parts/x.yml", "type": "blob"},
			{"path": "ci/parts/sub", "type": "tree"}, {"path": "ci/parts/sub/y.yml", "type": "blob"}, {"path": "ci/parts/z.txt", "type": "blob"}]`,
		apiOf("gitlab-org/gitlab") + "/repository/files/lib%2Fgitlab%2Fci%2Ftemplates%2FJobs%2FX.gitlab-ci.yml/raw?ref=HEAD": "from-template: {script: [x]}\n",
		releasesOf("group/parts", 1):                                  releaseTags("1.2.10", "1.2.9", "2.0.0-rc.1", "1.10.0", "v3.0.0", "nightly", "0.9.0"),
		repositoryFile("group/parts", "templates/lint.yml", "1.2.10"): "lint: {script: ['$[[ component.version ]] $[[ component.reference ]] $[[ component.sha ]]']}\n",
		repositoryFile("group/parts", "templates/lint.yml", "1.10.0"): "spec: {component: [version, reference, sha]}\n---\nlint: {script: ['$[[ component.version ]] $[[ component.reference ]] $[[ component.sha ]]']}\n",
		repositoryFile("group/parts", "templates/lint.yml", "3"):      "lint: {script: [branch 3]}\n",
		repositoryFile("group/plain", "templates/lint.yml", "1"):      "lint: {script: [tag 1]}\n",
		"own v1 ci/l.yml": "l: {script: [l of v1]}\n",
		"https://example.org/bare.yml": "include: [{remote: https://example.org/a.yml, rules: [{if: $CI_PROJECT_PATH}, {exists: [in.yml]}, {exists: ['**/*']}]}," +
			" {project: group/other, file: ci/deep.yml, rules: [{if: $CI_PROJECT_PATH == null}]}]\nbare: {script: [x]}\n",
		repositoryFile("group/other", "ci/deep.yml", "HEAD"):   "include: [{local: ci/c.yml, rules: [{if: $CI_PROJECT_PATH}]}, {local: ci/b.yml, rules: [{exists: [only/there.txt]}]}]\ndeep: {script: [x]}\n",
		repositoryFile("group/other", "ci/exists.yml", "HEAD"): "include: [{local: ci/c.yml, rules: [{exists: [in.yml]}, {exists: ['**/more.yml']}]}, {local: ci/parts/x.yml, rules: [{exists: ['only/*.txt']}]}]\nex: {script: [x]}\n",
		apiOf("group/other") + "/repository/tree?recursive=true&ref=HEAD&per_page=100&page=1": `[{"path": "only", "type": "tree"}, {"path": "only/there.txt", "type": "blob"},
			{"path": "ci/b.yml", "type": "blob"}]`,
		repositoryFile("group/unknown", "a.yml", "HEAD"): "include: [{local: c.yml, rules: [{exists: [in.yml]}]}]\nu: {script: [x]}\n",
		repositoryFile("group/large", "a.yml", "HEAD"):   "include: [{local: c.yml, rules: [{exists: [in.yml]}]}]\nlarge: {script: [x]}\n",
		"own v1 ci/exists.yml":                           "include: [{local: ci/l.yml, rules: [{exists: [ci/parts/b.yml]}]}, {local: ci/none.yml, rules: [{exists: [in.yml]}]}]\nex: {script: [x]}\n",
	}
	for page := range maxPages {
		served[fmt.Sprintf("%s/repository/tree?recursive=true&ref=HEAD&per_page=100&page=%d", apiOf("group/large"), page+1)] = "[" + strings.Repeat(`{"path": "a", "type": "blob"}, `, pageSize-1) + `{"path": "b", "type": "blob"}]`
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
	elsewhere := &Elsewhere{URL: get, Revision: func(ref, file string) ([]byte, error) { return get("own " + ref + " " + file) },
		Files: func(string) ([]string, error) { return []string{"ci/parts/b.yml", "ci/parts/a/a.yml", "ci/l.yml"}, nil }}
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
		{"a component", "include: {component: $CI_SERVER_FQDN/group/parts/lint@1.2.0, inputs: {stage: build}}\n", "lint@build:lint", "", ""},
		{"a component's directory", "include: {component: gitlab.com/group/parts/x@main}\n", "x@test:x", "", ""},
		{"a component that is not there", "include: {component: gitlab.com/group/parts/y@main}\nj: {script: [x]}\n", "j@test:x", "there is no templates/y/template.yml", ""},
		{"the newest release", "include: {component: gitlab.com/group/parts/lint@~latest}\n", "lint@test:1.10.0 ~latest c1.10.0", "", ""},
		{"the newest release of a major version", "include: {component: gitlab.com/group/parts/lint@1}\n", "lint@test:1.10.0 1 c1.10.0", "", ""},
		{"the newest release of a minor version", "include: {component: gitlab.com/group/parts/lint@1.2}\n", "lint@test:$[[ component.version ]] $[[ component.reference ]] $[[ component.sha ]]", "", ""},
		{"no release that is final", "include: {component: gitlab.com/group/parts/lint@2}\nj: {script: [x]}\n", "j@test:x", "there is no templates/lint/template.yml", ""},
		{"a branch like a version", "include: {component: gitlab.com/group/parts/lint@3}\n", "lint@test:branch 3", "", ""},
		{"a tag of a project without releases", "include: {component: gitlab.com/group/plain/lint@1}\n", "lint@test:tag 1", "", ""},
		{"the newest of none", "include: {component: gitlab.com/group/plain/lint@~latest}\nj: {script: [x]}\n", "j@test:x", "404", ""},
		{"releases of a server that is away", "include: {component: gitlab.com/group/broken/lint@1}\nj: {script: [x]}\n", "j@test:x", "connection refused", ""},
		{"a pattern in another project", "include: {project: group/other, file: ci/glob.yml}\n", "part-x@test:other", "", ""},
		{"a pattern in another commit", "include: {project: team/app, ref: v1, file: ci/all.yml}\n", "part-a@test:own part-b@test:own", "", ""},
		{"no variables and no files below a URL", "include: https://example.org/bare.yml\n", "c@test:nested b@test:other deep@test:x bare@test:x", "", ""},
		{"files of another project", "include: {project: group/other, file: ci/exists.yml}\n", "part-x@test:other ex@test:x", "", ""},
		{"files of another commit", "include: {project: team/app, ref: v1, file: ci/exists.yml}\n", "l@test:l of v1 ex@test:x", "", ""},
		{"files of another project that are not known", "include: {project: group/unknown, file: a.yml}\n", "u@test:x", "404", ""},
		{"a project with many files", "include: {project: group/large, file: a.yml}\n", "large@test:x", "project group/large has more than 2000 files", ""},
		{"a template", "include: {template: Jobs/X.gitlab-ci.yml}\n", "from-template@test:x", "", ""},
		{"a template that is not there", "include: {template: Jobs/Y.gitlab-ci.yml}\nj: {script: [x]}\n", "j@test:x", "404", ""},
		{"a template by another name", "include: {template: Jobs/X}\nj: {script: [x]}\n", "j@test:x", "template", "ends in .gitlab-ci.yml"},
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

// TestDefaultBeforeTheEvent: includes that were evaluated without a project are evaluated
// again when the event is known.
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

// TestLongPages: an answer has no more entries than were asked for, since an
// entry takes more memory than its text.
func TestLongPages(t *testing.T) {
	long := "[" + strings.Repeat("{},", pageSize) + "{}]"
	pages := 0
	o := Options{Elsewhere: &Elsewhere{URL: func(string) ([]byte, error) { pages++; return []byte(long), nil }}}
	in := &includer{p: &Pipeline{options: o, elsewhere: map[string]fetchedFile{}}}
	all, err := allOf[release](in, "https://gitlab.example.org/x?y")
	if err == nil || !strings.Contains(err.Error(), "more than the 100 entries") || len(all) != 0 || pages != 1 {
		t.Errorf("%d entries of %d pages, %v", len(all), pages, err)
	}
}
