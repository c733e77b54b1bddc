// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"
)

// files returns a tree of texts; the pipeline itself has the name "".
func files(texts map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, content := range texts {
		if name == "" {
			name = ".gitlab-ci.yml"
		}
		out[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return out
}

// evaluate returns an error with one line for each problem that prevents a pipeline in
// GitLab.
func evaluate(tree fs.FS, event Event) (*Evaluation, error) {
	p, err := Load(tree, ".gitlab-ci.yml", Options{})
	if err != nil {
		return nil, err
	}
	e := p.Evaluate(event)
	if text := e.text(Refused); text != "" {
		return e, errors.New(text)
	}
	return e, nil
}

// text returns one line for each problem with at least this effect.
func (e *Evaluation) text(least Effect) string {
	var lines []string
	for _, p := range e.Problems {
		if p.Effect >= least {
			lines = append(lines, p.String())
		}
	}
	return strings.Join(lines, "\n")
}

const script = "\n  script: [x]\n"

// chain returns jobs that extend one another over n levels.
func chain(n int) string {
	text := ".j0: {script: [x]}\n"
	for i := 1; i <= n; i++ {
		text += fmt.Sprintf(".j%d: {extends: .j%d}\n", i, i-1)
	}
	return text + fmt.Sprintf("last: {extends: .j%d}\n", n)
}

// references returns references that lead to one another over n levels.
func references(n int) string {
	text := ".r0: {script: [x]}\n"
	for i := 1; i <= n; i++ {
		text += fmt.Sprintf(".r%d: {script: !reference [.r%d, script]}\n", i, i-1)
	}
	return text + fmt.Sprintf("last: {script: !reference [.r%d, script]}\n", n)
}

func TestFaults(t *testing.T) {
	const at = ".gitlab-ci.yml:"
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string // each fault a line
	}{
		{"not YAML", map[string]string{"": "a: [b\n"}, at + "1: invalid YAML: did not find expected ',' or ']'"},
		{"a list", map[string]string{"": "- a\n"}, at + "1: expected a mapping of jobs, got a list"},
		{"key twice", map[string]string{"": "a:" + script + "a:" + script}, at + `3: key "a" appears twice, first in line 1: the last one counts`},
		{"odd tag", map[string]string{"": "j:\n  script: !mine x\n"}, at + "2: tag \"!mine\" means nothing in a pipeline"},
		{"no mapping", map[string]string{"": "j: x\n"}, at + `1: job "j": expected a mapping, got a string`},
		{"unknown keys", map[string]string{"": "j:\n  scripts: [x]\n  script: [x]\n  imge: x\n"}, at + "2: job \"j\": it has the unknown key \"scripts\"\n" + at + `4: job "j": it has the unknown key "imge"`},
		{"no script", map[string]string{"": "j:\n  stage: test\n"}, at + `1: job "j": it has no script and no trigger`},
		{"empty script", map[string]string{"": "j:\n  script: ['']\n"}, at + `1: job "j": it has no script and no trigger`},
		{"script of mappings", map[string]string{"": "j:\n  script:\n    - echo a: b\n    - x\n"}, at + `3: job "j": script takes strings, got a mapping`},
		{"script and trigger", map[string]string{"": "j:\n  script: [x]\n  trigger: a/b\n"}, at + `1: job "j": script and trigger cannot stand beside each other`},
		{"no such stage", map[string]string{"": "stages: [a]\nj:\n  stage: b" + script}, at + `3: job "j": there is no stage "b"`},
		{"no default stage", map[string]string{"": "stages: [a]\nj:" + script}, at + `2: job "j": it has no stage, and there is no stage "test"`},
		{"when", map[string]string{"": "j:\n  when: sometimes" + script}, at + `2: job "j": when takes one of on_success, on_failure, always, manual, delayed`},
		{"delayed", map[string]string{"": "j:\n  when: delayed" + script}, at + `2: job "j": when: delayed needs start_in`},
		{"timeout", map[string]string{"": "j:\n  timeout: soon" + script}, at + `2: job "j": timeout takes a length of time such as "1h 30m", got "soon"`},
		{"long timeout", map[string]string{"": "j:\n  timeout: 2 months" + script}, at + `2: job "j": timeout is longer than a month`},
		{"retry", map[string]string{"": "j:\n  retry: 3" + script}, at + `2: job "j": retry takes a number from 0 to 2`},
		{"interruptible", map[string]string{"": "j:\n  interruptible: maybe" + script}, at + `2: job "j": interruptible takes true or false, got a string`},
		{"default twice", map[string]string{"": "default: {image: a}\nimage: b\nj:" + script}, at + "2: image stands both at the top and in default"},
		{"unknown default", map[string]string{"": "default: {script: a}\nj:" + script}, at + `1: default has the unknown key "script"`},
		{"pull policy", map[string]string{"": "j:\n  image: {name: x, pull_policy: [never, Always]}" + script}, at + `2: job "j": image: pull_policy: "Always" is none of always, if-not-present, never`},
		{"no pull policy", map[string]string{"": "j:\n  image: {name: x, pull_policy: []}" + script}, at + `2: job "j": image: pull_policy is empty`},
		{"a long name of a pipeline", map[string]string{"": "workflow: {name: " + strings.Repeat("é", 256) + "}\nj:" + script}, at + "1: workflow: name is longer than 255 characters"},
		{"image without a name", map[string]string{"": "j:\n  image: {entrypoint: ['']}" + script}, at + `2: job "j": image has no name`},
		{"artifacts", map[string]string{"": "j:\n  artifacts: {path: [a], expire_in: x}" + script}, at + "2: job \"j\": artifacts has the unknown key \"path\"\n" + at + `2: job "j": artifacts: expire_in takes a length of time such as "1h 30m", got "x"`},
		{"cache", map[string]string{"": "j:\n  cache: {policy: none, key: {files: []}}" + script}, at + "2: job \"j\": cache: policy takes one of pull-push, pull, push\n" + at + `2: job "j": cache: key: files takes one or two paths`},

		{"variable that is no option", map[string]string{"": "variables: {A: {value: b, options: [c]}}\nj:" + script}, at + `1: variable "A": its value is not one of the options`},
		{"variable without an option", map[string]string{"": "variables: {A: {options: ['']}, B: {value: 2, options: ['2']}}\nj:" + script}, at + "1: variable \"A\": its value is not one of the options\n" + at + `1: variable "B": its value is not one of the options`},
		{"variable without a value in an image", map[string]string{"": "j:\n  image: $NONE/a:${ALSO_NONE}" + script}, at + "1: job \"j\": image \"$NONE/a:${ALSO_NONE}\": $NONE has no value here, --var gives it one\n" + at + `1: job "j": image "$NONE/a:${ALSO_NONE}": ${ALSO_NONE} has no value here, --var gives it one`},
		{"pattern of one character", map[string]string{"": "j:\n  rules: [{if: $CI =~ /./}]" + script}, at + `2: job "j": if: "$CI =~ /./": GitLab does not read the pattern /./, as it has a single character`},
		{"variable of a date", map[string]string{"": "variables: {A: 2024-01-02}\nj:" + script}, at + `1: 2024-01-02 is a date, which GitLab does not read: put it between quotes`},
		{"variable of a list", map[string]string{"": "j:\n  variables: {A: [b]}" + script}, at + `2: job "j": variable "A" takes a single value, got a list`},
		{"description in a job", map[string]string{"": "j:\n  variables: {A: {value: b, description: c}}" + script}, at + `2: job "j": variable "A" has the unknown key "description"`},
		{"variables in a circle", map[string]string{"": "variables: {A: $B, B: $C, C: $A}\nj:" + script}, at + `2: job "j": variables name each other in a circle: A, B, C, A`},
		{"variables that grow", map[string]string{"": bomb()}, at + `30: job "j": the variables of a job grow beyond 4194304 bytes`},

		{"condition", map[string]string{"": "j:\n  rules:\n    - if: $A = 1" + script}, at + `3: job "j": if: "$A = 1": unexpected "= 1"`},
		{"rules and only", map[string]string{"": "j:\n  only: [main]\n  rules: [{when: always}]" + script}, at + `2: job "j": only and except cannot stand beside rules`},
		{"unknown key of a rule", map[string]string{"": "j:\n  rules:\n    - iff: $A" + script}, at + `3: job "j": a rule has the unknown key "iff"`},
		{"rule of a string", map[string]string{"": "j:\n  rules: [$A]" + script}, at + `2: job "j": a rule takes a mapping, got a string`},
		{"files of another project", map[string]string{"": "j:\n  rules:\n    - exists: {paths: [a], project: b}" + script}, at + `3: job "j": exists: files of another project are not known here`},
		{"workflow", map[string]string{"": "workflow:\n  rules:\n    - when: manual\n"}, at + "3: when takes one of always, never"},
		{"only kubernetes", map[string]string{"": "j:\n  only: {kubernetes: active}" + script}, at + `2: job "j": only and except: whether the project has a Kubernetes cluster is not known here`},

		{"extends nothing", map[string]string{"": "j:\n  extends: .k" + script}, at + `2: job "j": extends ".k", which is not defined`},
		{"extends in a circle", map[string]string{"": ".a: {extends: .b}\n.b: {extends: .a}\n"}, at + "2: job \".a\": jobs extend each other in a circle: .a, .b, .a\n" + at + "2: job \".b\": jobs extend each other in a circle: .a, .b, .a"},
		{"extends itself", map[string]string{"": "j:\n  extends: j" + script}, at + `2: job "j": jobs extend each other in a circle: j, j`},
		{"extends too deep", map[string]string{"": chain(11)}, at + "12: job \".j11\": extends others over more than 11 levels\n" + at + "12: job \"last\": extends others over more than 11 levels"},
		{"extends a list", map[string]string{"": ".a: [b]\nj:\n  extends: .a" + script}, at + `3: job "j": extends ".a", which is not a job`},
		{"extends a number", map[string]string{"": "j:\n  extends: 1" + script}, at + `2: job "j": extends takes names of jobs, got a number`},
		{"reference to nothing", map[string]string{"": "j:\n  script: !reference [.a, script]\n"}, at + `2: job "j": !reference [.a, script]: there is no such key`},
		{"empty reference", map[string]string{"": "j:\n  script: !reference []\n"}, at + "1: job \"j\": it has no script and no trigger\n" + at + "2: !reference names nothing"},
		{"references in a circle", map[string]string{"": ".a: {x: !reference [.a, x]}\n"}, at + "1: job \".a\": !reference [.a, x]: references name each other in a circle"},
		{"references too deep", map[string]string{"": references(10)}, at + "12: job \"last\": !reference [.r10, script]: references go deeper than 10 levels"},
		{"lists too deep", map[string]string{"": "j:\n  script: " + strings.Repeat("[", 11) + "x" + strings.Repeat("]", 11) + "\n"}, at + "1: job \"j\": it has no script and no trigger\n" + at + `2: job "j": script has lists in lists over more than 10 levels`},

		{"lists as deep as may be", map[string]string{"": "stages: [[test]]\nj:\n  needs: [[]]\n  rules: [[{when: always}]]\n  script: " + strings.Repeat("[", 10) + "x" + strings.Repeat("]", 10) + "\n"}, ""},
		{"lists in flat lists", map[string]string{"": "j:\n  artifacts:\n    paths: [a, [b]]\n    exclude: [[c]]\n    reports: {junit: [[d]]}\n  cache: {key: {files: [[f]]}, paths: [[g]]}\n  image: {name: i, entrypoint: [[sh]], pull_policy: [[never]]}\n  rules: [{changes: [[h]]}, {exists: {paths: [[h]]}}]\n  retry: {max: 1, when: [[always]]}\n  tags: [[k]]" + script + "k:\n  stage: build\n  dependencies: [[j]]\n  only: [[branches]]\n  parallel: {matrix: [[{A: b}]]}" + script + "l:\n  parallel: {matrix: [{A: [[b]]}]}" + script},
			at + `3: job "j": artifacts: paths takes no lists in its list` + "\n" + at + `4: job "j": artifacts: exclude takes no lists in its list` + "\n" + at + `5: job "j": artifacts: reports: junit takes no lists in its list` + "\n" +
				at + `6: job "j": cache: key: files takes one or two paths` + "\n" + at + `6: job "j": cache: key: files takes no lists in its list` + "\n" + at + `6: job "j": cache: paths takes no lists in its list` + "\n" + at + `7: job "j": image: entrypoint takes no lists in its list` + "\n" + at + `7: job "j": image: pull_policy takes no lists in its list` + "\n" +
				at + `8: job "j": changes takes no lists in its list` + "\n" + at + `8: job "j": exists takes no lists in its list` + "\n" + at + `9: job "j": retry: when takes no lists in its list` + "\n" + at + `10: job "j": tags takes no lists in its list` + "\n" + at + `14: job "k": dependencies takes no lists in its list` + "\n" +
				at + `15: job "k": refs takes no lists in its list` + "\n" + at + `16: job "k": parallel: matrix takes no lists in its list` + "\n" + at + `19: job "l": parallel: matrix: A has no values` + "\n" + at + `19: job "l": parallel: matrix: A takes no lists in its list`},
		{"a reference by number", map[string]string{"": ".s: [x]\nj:\n  script: !reference [.s, 0]\n"}, at + "2: job \"j\": it has no script and no trigger\n" + at + "3: !reference takes a list of names, got a number"},
		{"a matrix of long names", map[string]string{"": "j:\n  parallel: {matrix: [{A: [short, " + strings.Repeat("ä", 250) + "]}]}" + script + "k:\n  parallel: {matrix: [{A: [" + strings.Repeat("n", 251) + ", o]}]}" + script}, at + `5: job "k": the name k: [` + strings.Repeat("n", 116) + "… is longer than 255 characters"},

		{"include of two", map[string]string{"": "include: {local: a.yml, template: A.gitlab-ci.yml}\nj:" + script}, at + "1: include names more than one of local, template"},
		{"include of an unknown key", map[string]string{"": "include: {local: a.yml, path: x}\n", "a.yml": "j:" + script}, at + `1: include has the unknown key "path"`},
		{"include of a rule of jobs", map[string]string{"": "include: {local: a.yml, rules: [{if: $CI, allow_failure: true}]}\n", "a.yml": "j:" + script}, at + "1: a rule has the unknown key \"allow_failure\""},
		{"include with an odd digest", map[string]string{"": "include: {local: a.yml, integrity: x}\n", "a.yml": "j:" + script}, at + "1: include: integrity is for remote files only"},
		{"include of nothing", map[string]string{"": "include: a.yml\n"}, at + `1: local include "a.yml": there is no such file`},
		{"include of text", map[string]string{"": "include: README\n"}, at + `1: local include "README": expected a file whose name ends in .yml or .yaml`},
		{"include from outside", map[string]string{"": "include: ../../a.yml\n"}, at + `1: local include "a.yml": there is no such file`},
		{"include of odd kinds", map[string]string{"": "include:\n  - [a]\n  - nowhere: b\n"}, at + "2: include takes a path or a mapping, got a list\n" + at + "3: include names none of local, remote, template, project, component, artifact"},
		{"include in a circle", map[string]string{"": "include: a.yml\n", "a.yml": "include: b.yml\n", "b.yml": "include: a.yml\n"}, "b.yml:1: files include each other in a circle: a.yml, b.yml, a.yml"},
		{"faults of an include", map[string]string{"": "include: a.yml\nj:\n  scrpt: x" + script, "a.yml": "k:\n  stage: none" + script}, at + "3: job \"j\": it has the unknown key \"scrpt\"\na.yml:2: job \"k\": there is no stage \"none\""},
		{"two bad includes", map[string]string{"": "include: [a.yml, b.yml]\n", "a.yml": "a: [\n", "b.yml": "b: {\n"}, "a.yml:1: invalid YAML: did not find expected node content\nb.yml:1: invalid YAML: did not find expected node content"},

		{"needs nothing", map[string]string{"": "j:\n  needs: [k]" + script}, at + `2: job "j": needs "k", which is not defined`},
		{"needs what is left out", map[string]string{"": "j:\n  needs: [k]" + script + "k:\n  rules: [{when: never}]" + script}, at + `1: job "j": needs "k", which is not in the pipeline of this event`},
		{"needs what comes later", map[string]string{"": "j:\n  stage: build\n  needs: [k]" + script + "k:" + script}, at + `3: job "j": needs "k", which is in a later stage`},
		{"needs in a circle", map[string]string{"": "j:\n  needs: [k]" + script + "k:\n  needs: [j]" + script}, at + `4: job "k": needs "j", which needs it in turn`},
		{"needs of a matrix value", map[string]string{"": "j:\n  needs: ['k: [$[[ matrix.A ]]]']" + script}, at + `2: job "j": needs "k: [$[[ matrix.A ]]]": its own matrix has no "A"`},
		{"needs of a matrix value that nobody has", map[string]string{"": "k: {script: [x], parallel: {matrix: [{A: [a, b]}]}}\nj:\n  parallel: {matrix: [{A: [b, c]}]}\n  needs: ['k: [$[[ matrix.A ]]]']" + script}, at + `4: job "j": needs "k: [c]", which is not defined`},
		{"depends on nothing", map[string]string{"": "j:\n  dependencies: [k]" + script}, at + `2: job "j": depends on "k", which is not defined`},
		{"parallel", map[string]string{"": "j:\n  parallel: 201" + script}, at + `2: job "j": parallel takes a number from 1 to 200`},
		{"matrix too large", map[string]string{"": "j:\n  parallel:\n    matrix:\n      - {A: [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15], B: [1,2,3,4,5,6,7,8,9,10,11,12,13,14]}" + script}, at + `4: job "j": parallel: matrix makes more than 200 jobs`},
		// GitLab refuses these, although their meaning is clear.
		{"artifacts: paths of a string", map[string]string{"": "j:\n  artifacts: {paths: a, exclude: b}" + script}, at + "2: job \"j\": artifacts: paths takes a list of strings, got a string\n" + at + `2: job "j": artifacts: exclude takes a list of strings, got a string`},
		{"cache of strings", map[string]string{"": "j:\n  cache: {paths: a, fallback_keys: b, key: {files: c}}" + script}, at + "2: job \"j\": cache: paths takes a list of strings, got a string\n" + at + "2: job \"j\": cache: fallback_keys takes a list of strings, got a string\n" + at + `2: job "j": cache: key: files takes a list of strings, got a string`},
		{"cache key with a slash", map[string]string{"": "j:\n  cache: [{key: a/b}, {key: a%2Fb}, {key: ..}]" + script}, at + "2: job \"j\": cache: key has no slash and is not a dot, got \"a/b\"\n" + at + "2: job \"j\": cache: key has no slash and is not a dot, got \"a%2Fb\"\n" + at + `2: job "j": cache: key has no slash and is not a dot, got ".."`},
		{"stages of a string", map[string]string{"": "stages: test\nj:" + script}, at + "1: stages takes a list of strings, got a string"},
		{"tags of a string", map[string]string{"": "j:\n  tags: a" + script}, at + `2: job "j": tags takes a list of strings, got a string`},
		{"needs of a string", map[string]string{"": "k:" + script + "j:\n  needs: k" + script}, at + `4: job "j": needs takes a list or a mapping, got a string`},
		{"needs twice", map[string]string{"": "k:" + script + "j:\n  needs: [k, k]" + script}, at + `4: job "j": needs "k" twice`},
		{"dependencies of a string", map[string]string{"": "k: {stage: build, script: [x]}\nj:\n  dependencies: k" + script}, at + `3: job "j": dependencies takes a list of strings, got a string`},
		{"dependencies outside needs", map[string]string{"": "a: {script: [x]}\nb: {script: [x]}\nj:\n  needs: [a]\n  dependencies: [b]" + script}, at + `5: job "j": depends on "b", which is not among its needs`},
		{"dependencies in a later stage", map[string]string{"": "a: {stage: deploy, script: [x]}\nj:\n  dependencies: [a]" + script}, at + `3: job "j": depends on "a", which is in a later stage`},
		{"rules that are empty", map[string]string{"": "j:\n  rules: []" + script}, at + `2: job "j": rules is empty`},
		{"a rule that is empty", map[string]string{"": "j:\n  rules: [{}]" + script}, at + `2: job "j": a rule is empty`},
		{"paths of rules", map[string]string{"": "j:\n  rules: [{changes: a}, {exists: {paths: b}}, {changes: {paths: c}}]" + script}, at + "2: job \"j\": changes takes a list of strings, got a string\n" + at + "2: job \"j\": exists takes a list of strings, got a string\n" + at + `2: job "j": changes takes a list of strings, got a string`},
		{"only of a string", map[string]string{"": "j:\n  only: main\n  except: tags" + script}, at + "2: job \"j\": refs takes a list of strings, got a string\n" + at + `3: job "j": refs takes a list of strings, got a string`},
		{"when: never", map[string]string{"": "j:\n  when: never" + script}, at + `2: job "j": when: only a rule takes never`},
		{"start_in alone", map[string]string{"": "j:\n  start_in: 5 min" + script}, at + `2: job "j": start_in needs when: delayed`},
		{"start_in beside rules", map[string]string{"": "j:\n  when: delayed\n  start_in: 5 min\n  rules: [{if: $CI}]" + script}, at + `4: job "j": a job with rules is delayed by its rules: when: delayed and start_in cannot stand beside rules`},
		{"start_in of a rule alone", map[string]string{"": "j:\n  rules: [{when: manual, start_in: 5 min}]" + script}, at + `2: job "j": start_in needs when: delayed`},
		{"a long delay", map[string]string{"": "j:\n  when: delayed\n  start_in: 8 days" + script}, at + `3: job "j": start_in is longer than a week`},
		{"retry of an unknown kind", map[string]string{"": "j:\n  retry: {max: 1, when: [script_failure, bad_luck]}" + script}, at + `2: job "j": retry: when has the unknown kind of failure "bad_luck"`},
		{"retry of many", map[string]string{"": "j:\n  retry: {max: 3}" + script}, at + `2: job "j": retry: max takes a number from 0 to 2`},
		{"environment without a name", map[string]string{"": "j:\n  environment: {url: x}" + script}, at + `2: job "j": environment has no name`},
		{"on_stop of nobody", map[string]string{"": "j:\n  environment: {name: x, on_stop: k}" + script}, at + `2: job "j": on_stop names "k", which is not defined`},
		{"on_stop of another", map[string]string{"": "k:" + script + "j:\n  environment: {name: x, on_stop: k}" + script}, at + `4: job "j": on_stop names "k", which has another environment`},
		{"on_stop that starts", map[string]string{"": "k:\n  environment: x" + script + "j:\n  environment: {name: x, on_stop: k}" + script}, at + `5: job "j": on_stop names "k", whose environment does not have the action stop`},
		{"an empty file", map[string]string{"": "# nothing\n"}, at + "1: the file is empty"},
		{"templates only", map[string]string{"": ".j:" + script}, at + "1: there is no job but templates, whose names begin with a dot"},
		{"a job without a name", map[string]string{"": "'':" + script}, at + "1: the name of a job is empty"},
		{"a job of nothing", map[string]string{"": "j:\n"}, at + `1: job "j": expected a mapping, got nothing`},
		{"edge stages only", map[string]string{"": "j:\n  stage: .pre" + script}, at + "1: all jobs of this event are in the stages .pre and .post"},
		{"a trigger with tags", map[string]string{"": "j:\n  trigger: a/b\n  tags: [x]\n"}, at + `3: job "j": a job with a trigger has the unknown key "tags"`},
		{"coverage without slashes", map[string]string{"": "j:\n  coverage: '[0-9]+'" + script}, at + `2: job "j": coverage: "[0-9]+" is no pattern: expected one between slashes, of at most 4096 bytes`},
		{"allow_failure of a text", map[string]string{"": "j:\n  allow_failure: {exit_codes: x}" + script}, at + `2: job "j": exit_codes takes a whole number`},
		{"unknown report", map[string]string{"": "j:\n  artifacts: {reports: {junitt: a}}" + script}, at + `2: job "j": artifacts: reports has the unknown key "junitt"`},
		{"expose_as without paths", map[string]string{"": "j:\n  artifacts: {expose_as: a}" + script}, at + `2: job "j": artifacts: expose_as needs paths`},
		{"expose_as of a glob", map[string]string{"": "j:\n  artifacts: {expose_as: a, paths: ['*']}" + script}, at + `2: job "j": artifacts: expose_as needs paths without *`},
		{"access twice", map[string]string{"": "j:\n  artifacts: {access: all, public: true}" + script}, at + `2: job "j": artifacts: access and public cannot stand beside each other`},
		{"timeout of a number", map[string]string{"": "j:\n  timeout: 3600" + script}, at + `2: job "j": timeout takes a length of time such as "1h 30m", got "3600"`},
		{"entrypoint of a string", map[string]string{"": "j:\n  image: {name: a, entrypoint: ''}" + script}, at + `2: job "j": image: entrypoint takes a list of strings, got a string`},
		{"include with a dot", map[string]string{"": "include: ./a.yml\n", "a.yml": "j:" + script}, at + `1: local include "./a.yml": GitLab finds no file by that path, write "a.yml"`},
		{"matrix without values", map[string]string{"": "j:\n  parallel: {matrix: [{A: []}]}" + script}, at + `2: job "j": parallel: matrix: A has no values`},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, err := evaluate(files(c.files), Event{})
			if e == nil && err.Error() != c.want || e != nil && e.text(Notice) != c.want {
				if e != nil {
					err = errors.New(e.text(Notice))
				}
				t.Errorf("got\n%v\nwant\n%s", err, c.want)
			}
		})
	}
}

// bomb returns variables that expand to 2^28 bytes.
func bomb() string {
	text := "variables:\n  V0: xx\n"
	for i := 1; i < 28; i++ {
		text += fmt.Sprintf("  V%d: $V%d$V%d\n", i, i-1, i-1)
	}
	return text + "j:" + script
}

func numbered(n int, write func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(write(i))
	}
	return b.String()
}

// processorTime returns the CPU time of this process, which a busy machine does not change.
func processorTime() time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// Small files can expand to very much; this is refused or ends soon, and uses little memory.
func TestSmallFilesStayCheap(t *testing.T) {
	if testing.Short() {
		t.Skip("five seconds of CPU time; make test runs it")
	}
	items := func(n int) string { return numbered(n, func(i int) string { return fmt.Sprintf("v%d, ", i) }) }
	for name, text := range map[string]string{
		"one script of many jobs": ".s: {script: [" + items(9000) + "]}\n" +
			numbered(9000, func(i int) string { return fmt.Sprintf("j%d: {extends: .s}\n", i) }),
		"all variables in all jobs": "variables: {" + numbered(9000, func(i int) string { return fmt.Sprintf("V%d: $V0, ", i+1) }) + "}\n" +
			numbered(9000, func(i int) string { return fmt.Sprintf("j%d: {script: [x]}\n", i) }),
		"all rules in all jobs": ".r: {script: [x], rules: [" + numbered(9000, func(int) string { return "{if: $A}, " }) + "]}\n" +
			numbered(9000, func(i int) string { return fmt.Sprintf("j%d: {extends: .r}\n", i) }),
		"all extend all": numbered(700, func(i int) string {
			return fmt.Sprintf(".j%d: {extends: [%s], k%d: 1}\n", i, numbered(i%100, func(k int) string { return fmt.Sprintf(".j%d, ", i-1-k) }), i)
		}),
		"one base very often": ".a: {extends: [" + strings.Repeat(".b, ", 9000) + "]}\n.b: {extends: [" + strings.Repeat(".c, ", 9000) + "]}\n",
		"lists of references": "r0: {script: [x]}\n" + numbered(9, func(i int) string {
			return fmt.Sprintf("r%d: {script: [%s]}\n", i+1, strings.Repeat(fmt.Sprintf("!reference [r%d, script], ", i), 50))
		}),
		"references to nothing": "include: {remote: https://example.org}\nr0: {script: [!reference [nothing]]}\n" + numbered(9, func(i int) string {
			return fmt.Sprintf("r%d: {script: [%s]}\n", i+1, strings.Repeat(fmt.Sprintf("!reference [r%d, script], ", i), 50))
		}),
		"matrices": numbered(900, func(i int) string { return fmt.Sprintf("j%d: {script: [x], parallel: 200}\n", i) }),
		"needs of them": numbered(200, func(i int) string { return fmt.Sprintf("j%d: {stage: build, script: [x], parallel: 200}\n", i) }) + numbered(200, func(i int) string {
			return fmt.Sprintf("k%d: {script: [x], parallel: 200, needs: [j0, j1, j2, j3, j4, j5, j6, j7, j8, j9]}\n", i)
		}),
		"patterns": numbered(900, func(i int) string {
			return fmt.Sprintf("j%d: {script: [x], rules: [{exists: ['**/*/**/*/**/*/x']}]}\n", i)
		}),
	} {
		t.Run(name, func(t *testing.T) {
			start := processorTime()
			_, err := evaluate(files(map[string]string{"": text}), Event{Source: MergeRequest})
			took := processorTime() - start
			if took > 20*time.Second { // minutes without a bound, a second with it
				t.Errorf("%v, %.200s", took, fmt.Sprint(err))
			}
			t.Logf("%v, %.100s", took, fmt.Sprint(err))
		})
	}
}

func TestOneBadConstruct(t *testing.T) {
	for text, want := range map[string]struct {
		when    string
		effect  Effect
		problem string // the first about the job
		canRun  bool
	}{
		"bad: {script: [x], rules: [{if: $A =}]}":                                    {Unknown, Refused, `if: "$A =": unexpected "="`, true},
		"bad: {script: [x], rules: [{if: $NO, when: never}, {if: $A =}]}":            {Unknown, Refused, `if: "$A =": unexpected "="`, true},
		"bad: {script: [x], rules: [{if: $CI}, {if: $A =}]}":                         {OnSuccess, Refused, `if: "$A =": unexpected "="`, true},
		"bad: {script: [x], rules: [{if: $NO, exists: {paths: [a], project: p/q}}]}": {Never, Incomplete, "exists: files of another project are not known here", true},
		"bad: {script: [x], rules: [{exists: {paths: [a], project: p/q}}]}":          {Unknown, Incomplete, "exists: files of another project are not known here", true},
		"bad: {script: [x], rules: [{iff: $A}]}":                                     {Unknown, Refused, `a rule has the unknown key "iff"`, true},
		"bad: {script: [x], rules: $A}":                                              {Unknown, Refused, "rules takes a list, got a string", true},
		"bad: {script: [x], imge: y}":                                                {OnSuccess, Refused, `it has the unknown key "imge"`, true},
		"bad: {script: [x], stage: theirs}":                                          {OnSuccess, Refused, `there is no stage "theirs"`, true},
		"bad: {script: [x], needs: [nobody]}":                                        {OnSuccess, Refused, `needs "nobody", which is not defined`, true},
		"bad: {script: [x], needs: [{job: nobody, optional: true}]}":                 {OnSuccess, Doubtful, `the optional need "nobody" names no job: it does not wait for anything`, true},
		"bad: {needs: {pipeline: a/b}}":                                              {OnSuccess, Incomplete, `it shows the state of the pipeline of "a/b", which only GitLab can`, false},
		"bad: {needs: [{pipeline: a/b}]}":                                            {OnSuccess, Incomplete, `it shows the state of the pipeline of "a/b", which only GitLab can`, false},
		"bad: {script: [x], needs: [{pipeline: $UP, job: j}]}":                       {OnSuccess, Incomplete, `needs artifacts of pipeline "$UP", which are not known here`, true},
		"bad: {extends: .nobody, script: [x]}":                                       {Unknown, Refused, `extends ".nobody", which is not defined`, false},
		"bad: {script: [x, !reference [.nobody]]}":                                   {Unknown, Refused, `!reference [.nobody]: there is no such key`, false},
		"bad: {script: [x, {a: b}]}":                                                 {OnSuccess, Refused, "script takes strings, got a mapping", false},
		"bad: {script: [x], only: {kubernetes: active}}":                             {Unknown, Incomplete, "only and except: whether the project has a Kubernetes cluster is not known here", true},
		"bad: {script: [x], only: {variables: ['((']}}":                              {Unknown, Refused, `if: "((": the expression ends where a value is expected`, true},
		"bad: {script: [x], except: {variables: [{a: b}]}}":                          {Unknown, Refused, "if takes an expression, got a mapping", true},
		"bad: {script: [x], id_tokens: {T: {aud: u}}, release: {tag_name: v}}":       {OnSuccess, Notice, "id_tokens, release: left to GitLab, only the script runs here", true},
		"bad: {script: [x], tags: a, tags: [b]}":                                     {OnSuccess, Notice, "", true},
		"bad: {script: [x], when: sometimes}":                                        {OnSuccess, Refused, "when takes one of on_success, on_failure, always, manual, delayed", true},
		"bad: text":                                                                  {"", Refused, "", false},
		"include: none.yml\nbad: {script: [x], stage: theirs}":                       {OnSuccess, Incomplete, `there is no stage "theirs"; it may be in local include "none.yml"`, true},
		"include: {template: Their.gitlab-ci.yml}\nbad: {variables: {A: b}}": {Unknown, Incomplete,
			`it has no script and no trigger; it may be in template include "Their.gitlab-ci.yml"`, false},
		"bad: {script: [x], rules: [{if: $CI =~ /./}]}": {OnSuccess, Doubtful,
			`if: "$CI =~ /./": GitLab does not read the pattern /./, as it has a single character`, true},
		"workflow: {rules: []}\nbad: {script: [x], stage: none}": {OnSuccess, Refused, `there is no stage "none"`, true},
		"bad: {script: [x], inputs: {a: {default: b}}}":          {OnSuccess, Incomplete, "inputs of a job are not supported", true},
		"bad: {script: [x], image: ''}":                          {OnSuccess, Refused, "image has no name", true},
		"bad: {stage: test}":                                     {OnSuccess, Refused, "it has no script and no trigger", false},
		"include: broken.yml\nbad: {extends: .there}":            {Unknown, Incomplete, `extends ".there", which is not defined; it may be in local include "broken.yml"`, false},
		"include: {local: good.yml, rules: [{exists: {paths: [a], project: p/q}}]}\nbad: {extends: .there}": {Unknown, Incomplete,
			`extends ".there", which is not defined; it may be in local include "good.yml"`, false},
	} {
		e, _ := evaluate(files(map[string]string{"": "good: {script: [x]}\n" + text, "broken.yml": "a: [", "good.yml": ".there: {script: [y]}"}), Event{})
		if e == nil {
			t.Errorf("%s: nothing can be listed", text)
			continue
		}
		jobs := map[string]Job{}
		for _, job := range e.Jobs {
			jobs[job.Name] = job
		}
		if good := jobs["good"]; good.When != OnSuccess || len(good.Problems) > 0 || len(good.Unresolved) > 0 {
			t.Errorf("%s: the good job is %+v", text, good)
		}
		bad := jobs["bad"]
		var first Problem
		if len(bad.Problems) > 0 {
			first = bad.Problems[0]
		}
		if bad.When != want.when || first.Message != want.problem || want.problem != "" && (first.Effect != want.effect || first.Pos.Line < 2) || want.when != "" && want.canRun != (len(bad.Unresolved) == 0) {
			t.Errorf("%s: got %s, %s %q, unresolved %q", text, bad.When, first.Effect, first.Message, bad.Unresolved)
		}
		if len(e.Problems) == 0 {
			t.Errorf("%s: nothing is told", text)
		}
	}
}

func TestDepthsThatAreTaken(t *testing.T) {
	for name, text := range map[string]string{"extends": chain(9), "references": references(9)} {
		e, err := evaluate(files(map[string]string{"": text}), Event{})
		if err != nil || len(e.Jobs) != 1 || len(e.Jobs[0].Script) != 1 {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
}

// Missing files are named, and each job that they may affect.
func TestMissing(t *testing.T) {
	e, err := evaluate(files(map[string]string{"": `
include:
  - https://example.org/a.yml
  - template: Auto.gitlab-ci.yml
  - {project: group/other, file: [/b.yml, /c.yml], ref: main}
  - component: $CI_SERVER_FQDN/x/y@1
whole:
  script: [x]
base-is-missing:
  extends: .there
needed-is-missing:
  script: [x]
  needs: [there]
reference-is-missing:
  script:
    - !reference [.there, script]
    - x
inherits-it:
  extends: base-is-missing
  rules: [{when: manual}]
other-project:
  script: [x]
  needs: [{project: a/b, job: c, ref: d}]
another-project:
  variables: {GROUP: group, NAME: $GROUP/p}
  script: [x]
  needs: [{project: $NAME, job: c, ref: d}, {project: $NONE, job: c, ref: d}]
`}), Event{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range e.Missing {
		got = append(got, fmt.Sprintf("%d %s", m.Pos.Line, m))
	}
	want := `3 remote include "https://example.org/a.yml"|4 template include "Auto.gitlab-ci.yml"|5 project include "group/other: b.yml"|5 project include "group/other: c.yml"|6 component include "gitlab.com/x/y@1"`
	if strings.Join(got, "|") != want {
		t.Errorf("missing %q", got)
	}
	for i, want := range []struct{ name, when, problem string }{
		{"whole", OnSuccess, ""},
		{"base-is-missing", Unknown, `extends ".there", which is not defined; it may be in one of the 5 includes that are not available here`},
		{"needed-is-missing", OnSuccess, `needs "there", which is not defined; it may be in`},
		{"reference-is-missing", Unknown, `!reference [.there, script]: there is no such key; it may be in`},
		{"inherits-it", Manual, `extends ".there", which is not defined; it may be in`},
		{"other-project", OnSuccess, `needs artifacts of project "a/b", which are not known here`},
		{"another-project", OnSuccess, `needs artifacts of project "group/p", which are not known here|needs artifacts of project "$NONE", which`},
	} {
		job := e.Jobs[i]
		problem := ""
		for _, p := range job.Problems {
			if p.Effect != Incomplete {
				t.Errorf("%s is %s", p, p.Effect)
			}
			problem += p.Message + "|"
		}
		canRun := !strings.HasPrefix(problem, "extends") && !strings.HasPrefix(problem, "!reference")
		if job.Name != want.name || job.When != want.when || !strings.HasPrefix(problem, want.problem) || (problem == "") != (want.problem == "") ||
			canRun != (len(job.Unresolved) == 0) {
			t.Errorf("got %s, %s, %q, %q, want %+v", job.Name, job.When, problem, job.Unresolved, want)
		}
	}
}

// TestMissingWorkflow: an include that is not available may have workflow: rules, with which
// jobs without rules are in all pipelines.
func TestMissingWorkflow(t *testing.T) {
	const jobs = "j: {script: [x]}\nk: {script: [x], only: [branches]}\nl: {script: [x], rules: [{if: $CI_COMMIT_TAG}]}\n"
	for text, want := range map[string]string{
		"include: [{project: a/b, file: c.yml}]\n":                                      "unknown never never",
		"include: [{project: a/b, file: c.yml}]\nworkflow: {rules: [{when: always}]}\n": "on_success never never",
		"": "never never never",
	} {
		e, err := evaluate(files(map[string]string{"": text + jobs}), Event{Source: MergeRequest})
		if err != nil {
			t.Fatal(err)
		}
		got := e.Jobs[0].When + " " + e.Jobs[1].When + " " + e.Jobs[2].When
		if told := strings.Contains(e.text(Incomplete), "only if workflow has rules; it may be in"); got != want || told != (e.Jobs[0].When == Unknown) {
			t.Errorf("%s: got %s, told %v", text, got, told)
		}
	}
}

// TestRulesOfNull: rules that are null, of a job or the workflow, count as none, but the job
// is not only for branches and tags.
func TestRulesOfNull(t *testing.T) {
	for text, want := range map[string]string{
		"j: {script: [x], rules: null}":                                        OnSuccess,
		".t: {rules: [{if: $NO}]}\nj: {extends: .t, script: [x], rules: null}": OnSuccess,
		"workflow: {rules: null}\nj: {script: [x]}":                            OnSuccess,
		"j: {script: [x], rules: null, only: [branches]}":                      Never,
		"j: {script: [x], rules: null, except: [merge_requests]}":              Never,
		"j: {script: [x], only: null}":                                         Never,
		"workflow: {name: n}\nj: {script: [x]}":                                Never,
	} {
		e, err := evaluate(files(map[string]string{"": text}), Event{Source: MergeRequest})
		if err != nil {
			t.Fatal(err)
		}
		if got := e.Jobs[0].When; got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// Includes may depend on the event, by rules and by variables in paths.
func TestIncludesOfAnEvent(t *testing.T) {
	p, err := Load(files(map[string]string{
		"":         "variables: {NS: ours}\ninclude:\n  - local: push.yml\n    rules: [{if: $CI_PIPELINE_SOURCE == \"push\"}]\n  - local: /$WHICH.yml\n",
		"push.yml": "pushed:" + script, "a.yml": "a:" + script,
	}), ".gitlab-ci.yml", Options{})
	if err != nil {
		t.Fatal(err)
	}
	e := p.Evaluate(Event{Variables: map[string]string{"WHICH": "a"}})
	if len(e.Problems) > 0 || len(e.Jobs) != 2 || e.Jobs[0].Name != "pushed" {
		t.Errorf("push: %+v", e)
	}
	e = p.Evaluate(Event{Source: Web, Variables: map[string]string{"WHICH": "a"}})
	if len(e.Problems) > 0 || len(e.Jobs) != 1 || e.Jobs[0].Name != "a" {
		t.Errorf("web: %+v", e)
	}
	if want, got := `.gitlab-ci.yml:5: local include "/$WHICH.yml": expected a file whose name ends in .yml or .yaml`, p.Evaluate(Event{}).text(Notice); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90": 90 * time.Second, "1h 30m": 90 * time.Minute, "1h30m": 90 * time.Minute, "3 hours and 10 minutes": 190 * time.Minute, "2 days": 2 * day,
		"1 week": 7 * day, "1.5 hours": 90 * time.Minute, "10 mins, 3 secs": 603 * time.Second, "1 Day": day,
		"h": time.Hour, "1h 30": time.Hour + 30*time.Second, "1h,": time.Hour, "10:30": 630 * time.Second, "1:30:00": 90 * time.Minute,
		"an hour": 0, "hour and 5m": 65 * time.Minute, "5 10 m": 10 * time.Minute, "2h plus 5m with 3s": 2*time.Hour + 303*time.Second,
		"": 0, "soon": 0, "-1h": 0, "1 fortnight": 0, "1h , 3m": 0, "1 mon": 0,
		"one hour": time.Hour, "a day": day, "twenty five minutes and three secs": 25*time.Minute + 3*time.Second, "thirty-two hours": 32 * time.Hour, "fortyone s": 41 * time.Second,
		"nineteen": 19 * time.Second, "zero": 0, "hour a": 0, "twenty thirty m": 30 * time.Minute, "ten five m": 5 * time.Minute, "onehour": 0, "twenty zero m 1h": time.Hour, "twenty-ten m": 0, "99999999999 years": 0, "0": 0, "1:2:3:4:5:6:7": 0,
	} {
		got, ok := parseDuration(text)
		if ok && got != want || ok == (want == 0) {
			t.Errorf("%q: got %v, %v, want %v", text, got, ok, want)
		}
	}
}

func TestPredefined(t *testing.T) {
	get := func(e Event) map[string]string {
		out := map[string]string{}
		for _, v := range Predefined(e) {
			out[v.Name] = v.Value
		}
		return out
	}
	mr := get(Event{Source: MergeRequest, Namespace: "me", Project: "Lib", Branch: "Feature/x_1", TargetBranch: "stable"})
	for name, want := range map[string]string{
		"CI_PROJECT_PATH": "me/Lib", "CI_REGISTRY_IMAGE": "registry.gitlab.com/me/lib", "CI_COMMIT_REF_SLUG": "feature-x-1",
		"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "stable", "CI_PROJECT_DIR": "/builds/me/Lib", "CI_DEFAULT_BRANCH": "main", "CI_COMMIT_SHORT_SHA": "00000000",
	} {
		if mr[name] != want {
			t.Errorf("%s is %q, want %q", name, mr[name], want)
		}
	}
	for name, e := range map[string]Event{"CI_COMMIT_BRANCH": {Source: MergeRequest}, "CI_COMMIT_TAG": {}, "CI_MERGE_REQUEST_IID": {Source: Web}} {
		if v, ok := get(e)[name]; ok {
			t.Errorf("%s is set for %q: %q", name, e.Source, v)
		}
	}
	if got := get(Event{Tag: "v1"}); got["CI_COMMIT_TAG"] != "v1" || got["CI_COMMIT_REF_NAME"] != "v1" {
		t.Errorf("tag: %v", got)
	}
}

// TestJobsOfOneName: the names of jobs are unique, because they name logs, artifacts and
// needs.
func TestJobsOfOneName(t *testing.T) {
	for text, want := range map[string]string{
		"a: {script: [x], parallel: {matrix: [{V: [p, q, p]}]}}":                                           "a: [p]=a a: [q]=a",
		"'a: [p]': {script: [x]}\na: {script: [x], parallel: {matrix: [{V: p}]}}":                          "a: [p]=a",
		"a: {script: [x], parallel: 2}\n'a 1/2': {script: [x]}":                                            "a 1/2=a 1/2 a 2/2=a",
		"a: {script: [x], parallel: {matrix: [{V: ['p, q']}, {V: p, W: q}]}}":                              "a: [p, q]=a",
		"a: {script: [x], parallel: {matrix: [{V: [p, p]}]}}\nb: {script: [x], needs: [a, 'a: [p]'], x: }": "a: [p]=a b=b",
	} {
		e, err := evaluate(files(map[string]string{"": text}), Event{})
		if e == nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var got []string
		for _, j := range e.Jobs {
			got = append(got, j.Name+"="+j.Base)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q", text, got)
		}
		if !slices.ContainsFunc(e.Problems, func(p Problem) bool { return strings.Contains(p.Message, "there is another job called") }) {
			t.Errorf("%s: %v", text, e.Problems)
		}
	}
}

// FuzzResolve: reading never panics, each error is a line with a position, and the same
// files give the same jobs twice.
func FuzzResolve(f *testing.F) {
	seeds, err := filepath.Glob("testdata/corpus/*/.gitlab-ci.yml")
	if err != nil || len(seeds) < 10 {
		f.Fatalf("%d seeds, %v", len(seeds), err)
	}
	for _, name := range seeds {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data), "included:"+script)
	}
	f.Add("include: a.yml\n", "include: [{local: '**.yml', rules: [{if: $A}]}]\n")
	f.Add(chain(12), references(12))
	f.Fuzz(func(t *testing.T, main, included string) {
		tree := files(map[string]string{"": main, "a.yml": included})
		event := Event{Source: MergeRequest, Changed: []string{"a.c"}}
		first, err := evaluate(tree, event)
		second, errAgain := evaluate(tree, event)
		if fmt.Sprint(err) != fmt.Sprint(errAgain) {
			t.Fatalf("%v, and then %v", err, errAgain)
		}
		if err != nil {
			for _, line := range strings.Split(err.Error(), "\n") {
				file, rest, _ := strings.Cut(line, ":")
				if file != ".gitlab-ci.yml" && file != "a.yml" || rest == "" || (rest[0] < '1' || rest[0] > '9') && rest[0] != ' ' {
					t.Errorf("%q does not begin with a place", line)
				}
			}
		}
		if first != nil && describe(first) != describe(second) {
			t.Error("two readings differ")
		}
	})
}

// hundred returns a pipeline of 100 build jobs with rules as in generated pipelines.
func hundred() string {
	text := "stages: [builds]\n.build:\n  stage: builds\n  image: $IMAGE\n  script: [make, make check]\n  rules:\n"
	for range 20 {
		text += "    - if: '$CI_PIPELINE_SOURCE == \"push\" && $CI_PROJECT_NAMESPACE == $RUN_UPSTREAM_NAMESPACE && $CI_COMMIT_BRANCH =~ /^x$/'\n      when: manual\n"
	}
	text += "    - when: on_success\n"
	for i := range 100 {
		text += fmt.Sprintf("x86_64-target-%d:\n  extends: .build\n  variables: {NAME: target-%d, IMAGE: \"registry.example.org/$NAME\", TARGET_BASE_IMAGE: b}\n", i, i)
	}
	return text
}

func BenchmarkHundredJobs(b *testing.B) {
	tree := files(map[string]string{"": hundred()})
	for b.Loop() {
		e, err := evaluate(tree, Event{Source: MergeRequest})
		if err != nil || len(e.Jobs) != 100 {
			b.Fatal(err)
		}
	}
}
