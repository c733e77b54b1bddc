// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"slices"
	"strings"
	"testing"
)

// GitLab creates no pipeline if there is an error in a keyword that has no effect here.
func TestMistakesForGitLab(t *testing.T) {
	const at = ".gitlab-ci.yml:"
	j := func(problems ...string) string { // of job j, in line 2
		for i := range problems {
			problems[i] = at + `2: job "j": ` + problems[i]
		}
		return strings.Join(problems, "\n")
	}
	for _, c := range []struct{ name, text, want string }{
		{"id_tokens", "j:\n  id_tokens: {A: {}, B: {aud: 5}, C: x}" + script, j("id_tokens: A needs aud", "id_tokens: B: aud takes a list, got a number", "id_tokens: C takes a mapping, got a string")},
		{"secrets", "j:\n  secrets: {A: x}" + script, j("secrets: A takes a mapping, got a string")},
		{"ref of a release", "j:\n  release: {tag_name: v1, description: d, ref: 'invalid\\branch'}" + script, j(`release: ref: "invalid\\branch" is not the name of a branch, a tag or a commit`)},
		{"release", "j:\n  release: {name: x, released_at: soon, assets: {links: [{name: a}]}}" + script, j("release needs tag_name", "release needs description", `release: released_at takes a time such as 2026-03-15T08:00:00Z, got "soon"`, "release: assets: links: a link needs url")},
		{"pages", "j:\n  pages: {path: x}" + script, j(`pages has the unknown key "path"`)},
		{"pages of a string", "j:\n  pages: x" + script, j("pages takes a mapping, got a string")},
		{"identity", "j:\n  identity: aws" + script, j("identity takes one of google_cloud")},
		{"manual_confirmation", "j:\n  manual_confirmation: 5" + script, j("manual_confirmation takes a string, got a number")},
		{"script and run", "j:\n  run: [{name: a, script: b}]" + script, j("script and run cannot stand beside each other")},
		{"hooks", "j:\n  hooks: {pre_clone_script: [x]}" + script, j(`hooks has the unknown key "pre_clone_script"`)},
		{"inherit", "j:\n  inherit: {default: [images]}" + script, j(`inherit: default: there is no default "images"`)},
		{"environment: name", "j:\n  environment: 'prod: eu'" + script, j(`environment: the name "prod: eu" has other characters than letters, digits, blanks and -_/${}., or a slash at an end`)},
		{"environment: kubernetes", "j:\n  environment: {name: a/b, kubernetes: {namespce: x, dashboard: {namespace: x}}}" + script, j(`environment: kubernetes has the unknown key "namespce"`, "environment: kubernetes needs agent")},
		{"environment: url", "j:\n  environment: {name: a, url: " + strings.Repeat("x", 256) + "}" + script, j("environment: url is longer than 255 characters")},
		{"auto_cancel", "workflow:\n  auto_cancel: {on_new_commit: maybe, on_failure: all}\nj:" + script, at + "2: auto_cancel has the unknown key \"on_failure\"\n" + at + "2: auto_cancel: on_new_commit takes one of conservative, interruptible, none"},
		{"rules of a workflow", "workflow:\n  rules: [{if: $CI, interruptible: true}]\nj:" + script, at + `2: a rule has the unknown key "interruptible"`},
		{"rules of a job", "j:\n  rules: [{if: $CI, auto_cancel: {}, interruptible: x, variables: {A: {value: b}}}]" + script, j(`a rule has the unknown key "auto_cancel"`, "interruptible takes true or false, got a string", `variable "A" takes a single value, got a mapping`)},
		{"needs of rules", "j:\n  rules: [{if: $A, needs: [k]}, {if: $B, needs: [l, l]}, {if: $C, needs: [m]}, {needs: [{pipeline: a/b, job: l}]}]" + script + "l: {script: [x]}\nm: {script: [x], stage: deploy}\n",
			j(`needs "k", which is not defined`, `needs "l" twice`, `needs "m", which is in a later stage`, "needs of a rule names jobs of this pipeline only")},
		{"rules without paths", "j:\n  rules: [{changes: {compare_to: main}}, {exists: {ref: x, paths: [a]}}]" + script, j("changes needs paths or regexp", "exists: ref needs a project")},
		{"reports of other types", "j:\n  artifacts: {reports: {junit: {a: b}, coverage_report: {coverage_format: lcov}}}" + script, j("artifacts: reports: junit takes a list, got a mapping", "artifacts: reports: coverage_report needs path", "artifacts: reports: coverage_report: coverage_format takes one of cobertura, jacoco")},
		{"many tags", "j:\n  tags: [" + strings.Repeat("a,", 50) + "]" + script, j("tags has more than 49 entries")},
		{"many fallback keys", "j:\n  cache: {fallback_keys: [a, b, c, d, e, f]}" + script, j("cache: fallback_keys has more than 5 entries")},
		{"keys of a cache", "j:\n  cache: {key: {files: [a], files_commits: [b]}}" + script, j("cache: key takes one of files, files_commits")},
		{"image for kubernetes", "j:\n  image: {name: a, docker: {user: 5}, kubernetes: {group: 5}}" + script, j("user takes a string, got a number", `image: kubernetes has the unknown key "group"`)},
		{"mirror with a script", "j:\n  needs: [{pipeline: a/b}]" + script, j("needs: a pipeline without a job is for jobs without a script")},
		{"defaults that no job takes", "default: {retry: 9}\nj:\n  retry: 1" + script, at + "1: default: retry takes a number from 0 to 2"},
		{"an empty template", ".a: {}\n.b:\nj:" + script, at + "1: the template \".a\" is empty\n" + at + `2: the template ".b" is empty`},
		{"names that are no strings", "1: {script: [x]}\non: {script: [x]}\n'2': {script: [x]}\n", at + "1: job \"1\": its name is a number for GitLab: put it between quotes\n" + at + `2: job "on": its name is a boolean for GitLab: put it between quotes`},
		{"variables whose names are no strings", "j:\n  variables: {NO: a, 5: b, 'ON': c}" + script, j(`the name of variable "NO" is a boolean for GitLab: put it between quotes`)},
		{"keys that are dates", "j:\n  variables: {2024-01-02: a}" + script, at + "2: the key 2024-01-02 is a date, which GitLab does not read: put it between quotes"},
		{"references that are no lists", "j:\n  image: !reference {a: b}\n  script: [!reference .a]\n", at + "2: !reference takes a list of names\n" + at + "2: job \"j\": image has the unknown key \"a\"\n" + at + "2: job \"j\": image has no name\n" + at + "3: !reference takes a list of names"},
		{"child of no job", "j:\n  trigger: {include: [{artifact: a.yml, job: k}]}\n", j(`trigger: the job "k" is not defined`)},
		{"child of a later job", "k: {stage: deploy, script: [x]}\nj:\n  trigger: {include: [{artifact: a.yml, job: k}]}\n", at + `3: job "j": trigger: the job "k" is in a later stage`},
		{"a trigger of other types", "j:\n  trigger: ''\nk:\n  trigger: a/b\n  parallel: 3\n  allow_failure: {exit_codes: 1}\n", at + "2: job \"j\": trigger names neither a project nor files to include\n" + at + "5: job \"k\": parallel of a job with a trigger takes a matrix only\n" + at + `6: job "k": allow_failure of a job with a trigger takes true or false, got a mapping`},
	} {
		e, err := evaluate(files(map[string]string{"": c.text}), Event{})
		if e == nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var got []string
		for _, p := range e.Problems {
			if p.Effect == Refused {
				got = append(got, p.String())
			}
		}
		want := strings.Split(c.want, "\n")
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, strings.Join(got, "\n"), c.want)
		}
	}
}

// TestValidRef: the names of refs that GitLab accepts.
func TestValidRef(t *testing.T) {
	for name, want := range map[string]bool{
		"main": true, "$CI_COMMIT_SHA": true, "${CI_COMMIT_SHA}": true, "v1.0": true, "a/b": true, "refs/tags/v1": true, "@": true, "ä": true, "a@b": true, "a{b": true,
		"": false, "HEAD": false, "-a": false, "/a": false, "a/": false, "a//b": false, "a..b": false, "a.": false, ".a": false, "a/.b": false, "a.lock": false, "a.lock/b": false,
		"a b": false, "a~1": false, "a^": false, "a:b": false, "a?": false, "a*": false, "a[b": false, `a\b`: false, "a@{1}": false, "refs/heads/a": false, "refs/remotes/a": false, "a\x7f": false,
	} {
		if got := validRef(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}
