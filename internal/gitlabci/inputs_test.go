// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"strings"
	"testing"
)

func jobsOf(e *Evaluation) string {
	var out []string
	for _, job := range e.Jobs {
		text := job.Name + "@" + job.Stage + ":" + strings.Join(job.Script, ";")
		if job.Image != nil {
			text += "^" + job.Image.Name
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

const header = "spec:\n  inputs:\n"

func TestInputs(t *testing.T) {
	event := Event{Namespace: "team", Project: "app", Commit: strings.Repeat("a", 40)}
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string // the jobs
		told  string // the problems, a line each
	}{
		{"defaults in the main file", map[string]string{"": header + "    a: {default: low}\n---\nj-$[[ inputs.a ]]: {script: [x]}\n"}, "j-low@test:x", ""},
		{"a comment before the header", map[string]string{"": "# text\n---\n" + header + "    a: {default: low}\n---\nj-$[[inputs.a]]: {script: [x]}\n"}, "j-low@test:x", ""},
		{"values of an include", map[string]string{
			"":      "include: {local: a.yml, inputs: {lang: go, n: 3, flag: true, list: [p, q]}}\n",
			"a.yml": header + "    lang:\n    n: {type: number}\n    flag: {type: boolean}\n    list: {type: array}\n---\nlint-$[[ inputs.lang ]]:\n  parallel: $[[ inputs.n ]]\n  allow_failure: $[[ inputs.flag ]]\n  script: $[[ inputs.list ]]\n",
		}, "lint-go 1/3@test:p;q lint-go 2/3@test:p;q lint-go 3/3@test:p;q", ""},
		{"the same file twice", map[string]string{
			"":      "include: [{local: a.yml, inputs: {a: x}}, {local: a.yml, inputs: {a: y}}]\n",
			"a.yml": header + "    a:\n---\nj-$[[ inputs.a ]]: {script: [$[[ inputs.a ]]]}\n",
		}, "j-x@test:x j-y@test:y", ""},
		{"passed on", map[string]string{
			"": header + "    a: {default: z}\n---\ninclude: {local: a.yml, inputs: {b: $[[ inputs.a ]]-$[[ inputs.a ]]}}\n", "a.yml": header + "    b:\n---\nj: {script: ['$[[ inputs.b ]]']}\n",
		}, "j@test:z-z", ""},
		{"a number for a string", map[string]string{"": "include: {local: a.yml, inputs: {a: 1.10}}\n", "a.yml": header + "    a:\n---\nj: {script: ['$[[ inputs.a ]]']}\n"}, "j@test:1.1", ""},
		{"an empty default", map[string]string{"": header + "    a: {default: ''}\n    b: {default: null}\n---\nj: {script: ['x$[[ inputs.a ]]$[[ inputs.b ]]y']}\n"}, "j@test:xy", ""},
		{"rules in an array", map[string]string{"": header + "    r:\n      type: array\n      default: [{if: $NO}, {when: manual}]\n---\nj: {script: [x], rules: $[[ inputs.r ]]}\n"}, "j@test:x", ""},
		{"functions", map[string]string{"": header + "    a: {default: 'a b$CI_PROJECT_NAME'}\n---\nj:\n  script:\n    - $[[ inputs.a | expand_vars ]]\n    - $[[ inputs.a | truncate(2,1) ]]\n    - $[[ inputs.a | expand_vars | truncate(0, 5) | posix_escape ]]\n    - $[[ inputs.a | truncate(99,1) ]].\n"},
			`j@test:a bapp;b;a\ bap;.`, ""},
		{"parts of a text", map[string]string{"": header + "    a: {default: 'p, q,,r '}\n---\nj:\n  script: $[[ inputs.a | split(',') ]]\n  tags: $[[ inputs.a | truncate(0,1) | split(' ') ]]\n"}, "j@test:p;q;r", ""},
		{"a text of no parts", map[string]string{"": header + "    a: {default: ''}\n---\nj: {script: [x], tags: $[[ inputs.a | split(';') ]]}\n"}, "j@test:x", ""},
		{"parts of parts", map[string]string{"": header + "    a: {default: b}\n---\nj: {script: [\"$[[ inputs.a | split(',') | split(',') ]]\"]}\n"}, "j@test:$[[ inputs.a | split(',') | split(',') ]]",
			".gitlab-ci.yml:5: $[[ inputs.a | split(',') | split(',') ]]: split takes a string, got a list"},
		{"no separator", map[string]string{"": header + "    a: {default: b}\n---\nj: {script: [\"$[[ inputs.a | split('') ]]\"]}\n"}, "j@test:$[[ inputs.a | split('') ]]", ".gitlab-ci.yml:5: $[[ inputs.a | split('') ]]: split takes a separator"},
		{"a separator between other quotes", map[string]string{"": header + "    a: {default: b}\n---\nj: {script: ['$[[ inputs.a | split(\",\") ]]']}\n"}, `j@test:$[[ inputs.a | split(",") ]]`, ".gitlab-ci.yml:5: $[[ inputs.a | split(\",\") ]]: there is no function \"split(\\\",\\\")\""},
		{"a variable that is not there", map[string]string{"": header + "    a: {default: $NOBODY}\n---\nj: {script: ['$[[ inputs.a | expand_vars ]]']}\n"}, "j@test:$NOBODY", ""},
		{"options", map[string]string{"": "include: {local: a.yml, inputs: {a: c, n: 2}}\n", "a.yml": header + "    a: {options: [b, c]}\n    n: {type: number, options: [1, 2]}\n---\nj: {script: [$[[ inputs.a ]]$[[ inputs.n ]]]}\n"}, "j@test:c2", ""},
		{"conditional defaults", map[string]string{"": header + "    cloud: {default: aws}\n    flag: {type: boolean, default: false}\n    size:\n      rules:\n        - if: $[[ inputs.cloud ]] == 'aws' && $[[ inputs.flag ]] == true\n          default: xl\n        - if: $[[ inputs.cloud ]] =~ /^a/\n          options: [s, m]\n          default: m\n        - {options: [t], default: t}\n---\nj: {script: ['$[[ inputs.size ]]']}\n"}, "j@test:m", ""},
		{"other types as text", map[string]string{"": "include: {local: a.yml, inputs: {n: '1e3', f: 'true', l: '[\"q\", 2]'}}\n", "a.yml": header + "    n: {type: number}\n    f: {type: boolean}\n    l: {type: array}\n---\nj: {script: ['$[[ inputs.n ]] $[[ inputs.f ]] $[[ inputs.l ]]']}\n"}, "j@test:1000.0 true [\"q\",2]", ""},
		{"null is no value", map[string]string{"": "include: {local: a.yml, inputs: {a: null}}\n", "a.yml": header + "    a: {default: x}\n---\nj: {script: ['$[[ inputs.a ]]']}\n"}, "j@test:x", ""},
		{"declared in a file and in the header", map[string]string{"": "spec: {include: [/in.yml], inputs: {z: {default: own}}}\n---\nj: {script: [x]}\n", "in.yml": "inputs: {z: {default: file}}\n"}, "j@test:x", `.gitlab-ci.yml:1: input "z" is declared in an earlier file of spec: include as well`},
		{"declared in two files", map[string]string{"": "spec: {include: [/in.yml, /in2.yml]}\n---\nj: {script: [x]}\n", "in.yml": "inputs: {z: {default: file}}\n", "in2.yml": "inputs: {z: {default: 2}}\n"}, "j@test:x", `in2.yml:1: input "z" is declared in an earlier file of spec: include as well`},
		{"own component", map[string]string{"": "include: {component: $CI_SERVER_FQDN/$CI_PROJECT_PATH/own@$CI_COMMIT_SHA, inputs: {s: build}}\n", "templates/own.yml": "spec:\n  component: [name, version]\n  inputs:\n    s:\n---\nown: {stage: $[[ inputs.s ]], script: ['$[[ component.name ]]']}\n"}, "own@build:own", ""},
		{"own component in a directory", map[string]string{"": "include: {component: gitlab.com/team/app/own@main}\n", "templates/own/template.yml": "own: {script: [x]}\n"}, "own@test:x", ""},
		{"matrix blocks stay", map[string]string{"": header + "    a: {default: b}\n---\nj: {script: ['$[[ matrix.X ]]$[[ inputs.a ]]']}\n"}, "j@test:$[[ matrix.X ]]b", ""},
		{"elements of arrays", map[string]string{"": header + "    a-b: {type: array, default: [p, [q, r], {h: [s]}]}\n---\nj: {script: ['$[[ inputs.a-b[0] ]] $[[ inputs.a-b[1][1] | truncate(0,1) ]] $[[ inputs.a-b[2].h[0] ]] $[[ inputs.a-b[1] ]]']}\n"}, `j@test:p r s ["q","r"]`, ""},
		{"no such element", map[string]string{"": header + "    a: {type: array, default: [p]}\n---\nj: {script: ['$[[ inputs.a[1] ]]']}\n"}, "j@test:$[[ inputs.a[1] ]]", ".gitlab-ci.yml:5: $[[ inputs.a[1] ]]: there is no such value"},
		{"a condition on a name with a hyphen", map[string]string{"": header + "    a-b: {default: x}\n    c:\n      rules: [{if: \"$[[ inputs.a-b ]] == 'x'\", default: y}]\n---\nj: {script: ['$[[ inputs.c ]]']}\n"}, "j@test:y", ""},
		{"no header, no blocks", map[string]string{"": "j: {script: ['$[[ inputs.a ]]']}\n"}, "j@test:$[[ inputs.a ]]", ""},

		{"no value", map[string]string{"": "include: {local: a.yml}\nok: {script: [x]}\n", "a.yml": header + "    a:\n---\nj: {script: ['$[[ inputs.a ]]']}\n"}, "j@test:$[[ inputs.a ]] ok@test:x", `.gitlab-ci.yml:1: input "a" has no value and no default`},
		{"unknown value", map[string]string{"": "include: {local: a.yml, inputs: {b: c}}\n", "a.yml": header + "    a: {default: x}\n---\nj: {script: ['$[[ inputs.a ]]']}\n"}, "j@test:x", `.gitlab-ci.yml:1: the file "a.yml" has no input "b"`},
		{"no inputs", map[string]string{"": "include: {local: a.yml, inputs: {b: c}}\n", "a.yml": "j: {script: [x]}\n"}, "j@test:x", `.gitlab-ci.yml:1: the file "a.yml" declares no inputs`},
		{"unknown block", map[string]string{"": header + "    a: {default: x}\n---\nj: {script: ['$[[ inputs.b ]] $[[ nothing ]]']}\n"}, "j@test:$[[ inputs.b ]] $[[ nothing ]]", ".gitlab-ci.yml:5: $[[ inputs.b ]]: there is no such value\n.gitlab-ci.yml:5: $[[ nothing ]]: there is no such value"},
		{"no number", map[string]string{"": "include: {local: a.yml, inputs: {a: b, f: yess, l: c}}\nok: {script: [x]}\n", "a.yml": header + "    a: {type: number}\n    f: {type: boolean}\n    l: {type: array}\n---\nj: {script: [x]}\n"}, "j@test:x ok@test:x",
			".gitlab-ci.yml:1: input \"a\": the value \"b\" is not of type number\n.gitlab-ci.yml:1: input \"f\": the value \"yess\" is not of type boolean\n.gitlab-ci.yml:1: input \"l\": the value \"c\" is not of type array"},
		{"YAML as text", map[string]string{"": "include: {local: a.yml, inputs: {a: '0x1', f: 'yes', l: '[a]'}}\n", "a.yml": header + "    a: {type: number}\n    f: {type: boolean}\n    l: {type: array}\n---\nj: {script: [x]}\n"}, "j@test:x",
			".gitlab-ci.yml:1: input \"a\": the value \"0x1\" is not of type number\n.gitlab-ci.yml:1: input \"f\": the value \"yes\" is not of type boolean\n.gitlab-ci.yml:1: input \"l\": the value \"[a]\" is not of type array"},
		{"null as a default", map[string]string{"": header + "    f: {type: boolean, default: null}\n---\nj: {script: [x]}\n"}, "j@test:x", `.gitlab-ci.yml:3: input "f": the default null is not of type boolean`},
		{"defaults that are not used", map[string]string{"": "include: {local: a.yml, inputs: {a: b, c: v1, n: 2}}\n", "a.yml": header + "    a: {options: [b], default: z}\n    c: {regex: ^v, default: x}\n    n: {type: number, default: x}\n---\nj: {script: [x]}\n"}, "j@test:x",
			"a.yml:3: input \"a\": the default \"z\" is not one of the options\na.yml:4: input \"c\": the default \"x\" does not match \"^v\"\na.yml:5: input \"n\": the default \"x\" is not of type number"},
		{"options of another type", map[string]string{"": header + "    a: {options: [1], default: '1'}\n    n: {type: number, options: ['1'], default: 1}\n    f: {type: boolean, options: [true], default: true}\n---\nj: {script: ['$[[ inputs.a ]]']}\n"}, "j@test:1",
			".gitlab-ci.yml:4: input \"n\": the default 1 is not one of the options\n.gitlab-ci.yml:5: input \"f\": options are not for booleans"},
		{"no rule that matches", map[string]string{"": header + "    b: {default: z}\n    a:\n      regex: ^v\n      rules:\n        - {if: \"$[[ inputs.b ]] == 'x'\", default: v1}\n---\nj: {script: ['x$[[ inputs.a ]]y']}\n"}, "j@test:xy", ""},
		{"no rule that matches a number", map[string]string{"": header + "    b: {default: z}\n    a:\n      type: number\n      rules:\n        - {if: \"$[[ inputs.b ]] == 'x'\", default: 1}\n---\nj: {script: [x]}\n"}, "j@test:x", `.gitlab-ci.yml:1: input "a" has no value and no default`},
		{"a rule with options only", map[string]string{"": header + "    a:\n      rules: [{options: [q]}]\n---\nj: {script: [x]}\n"}, "j@test:x", `.gitlab-ci.yml:1: input "a" has no value and no default`},
		{"rules that never give a value", map[string]string{"": header + "    b: {default: z}\n    a:\n      rules: [{if: \"$[[ inputs.b ]] == 'x'\", options: [q]}]\n---\nj: {script: [x]}\n"}, "j@test:x", `.gitlab-ci.yml:1: input "a" has no value and no default`},
		{"a condition on a later input", map[string]string{"": "include: {local: a.yml, inputs: {b: x}}\n", "a.yml": header + "    a:\n      rules: [{if: \"$[[ inputs.b ]] == 'x'\", default: given}, {options: [other], default: other}]\n    c:\n      rules: [{if: \"$[[ inputs.d ]] == null\", default: open}]\n    b: {default: z}\n    d: {default: z}\n---\nj: {script: ['$[[ inputs.a ]] $[[ inputs.c ]]']}\n"}, "j@test:given open", ""},
		{"a wrong rule behind one that matches", map[string]string{"": header + "    a:\n      rules: [{options: [q], default: q}, {default: r}, {if: $X}, {when: never}]\n---\nj: {script: ['$[[ inputs.a ]]']}\n"}, "j@test:q",
			".gitlab-ci.yml:4: a rule of an input without if needs options\n.gitlab-ci.yml:4: a rule of an input needs options or default\n.gitlab-ci.yml:4: a rule of an input without if needs options\n.gitlab-ci.yml:4: a rule of an input has the unknown key \"when\""},
		{"rules without their parts", map[string]string{"": header + "    b: {default: z}\n    a:\n      rules:\n        - default: y\n    c:\n      rules:\n        - if: $[[ inputs.b ]] == 'x'\n        - {options: [q], default: q}\n---\nj: {script: ['$[[ inputs.c ]]']}\n"}, "j@test:q",
			".gitlab-ci.yml:6: a rule of an input without if needs options\n.gitlab-ci.yml:9: a rule of an input needs options or default"},
		{"parts of an input that are wrong", map[string]string{"": header + "    a: {description: [x], options: [b, null], default: b}\n    c: {description: 5, default: ''}\n---\nj: {script: [x]}\n"}, "j@test:x",
			".gitlab-ci.yml:3: description takes a string, got a list\n.gitlab-ci.yml:3: options contains an empty value"},
		{"inputs of a job", map[string]string{"": "j:\n  script: [x]\n  inputs:\n    a: {default: b, options: [b, c], description: d, regex: b}\n    n: {type: number, default: 1}\n"}, "j@test:x", `.gitlab-ci.yml:4: job "j": inputs of a job are not supported`},
		{"inputs of a job that are wrong", map[string]string{"": "j:\n  script: [x]\n  inputs:\n    a: {options: [b]}\n    c: {default: d, options: [e]}\n    f: {type: number, default: g, regex: h}\n    i: {default: j, reg: x}\n    k:\n    l: m\n"}, "j@test:x",
			".gitlab-ci.yml:4: job \"j\": inputs of a job are not supported\n.gitlab-ci.yml:4: job \"j\": input \"a\" of a job needs a default\n.gitlab-ci.yml:5: job \"j\": input \"c\": the default \"d\" is not one of the options\n.gitlab-ci.yml:6: job \"j\": input \"f\": regex is for strings only\n.gitlab-ci.yml:6: job \"j\": input \"f\": the default \"g\" is not of type number\n.gitlab-ci.yml:7: job \"j\": input \"i\" has the unknown key \"reg\"\n.gitlab-ci.yml:8: job \"j\": input \"k\" takes a mapping, got nothing\n.gitlab-ci.yml:9: job \"j\": input \"l\" takes a mapping, got a string"},
		{"a list for a string", map[string]string{"": "include: {local: a.yml, inputs: {a: [b, 2, true, null]}}\n", "a.yml": header + "    a:\n---\nj: {script: ['$[[ inputs.a ]]']}\n"}, `j@test:["b", 2, true, nil]`, ""},
		{"other values for a string", map[string]string{"": "include: {local: a.yml, inputs: {a: {b: c}, d: [[e]], f: ['#{}'], g: ['\"']}}\n", "a.yml": header + "    a:\n    d:\n    f:\n    g:\n---\nj: {script: [x]}\n"}, "j@test:x",
			".gitlab-ci.yml:1: input \"a\": the text that GitLab makes of the value {\"b\":\"c\"} is not known here\n.gitlab-ci.yml:1: input \"d\": the text that GitLab makes of the value [[\"e\"]] is not known here\n.gitlab-ci.yml:1: input \"f\": the text that GitLab makes of the value [\"#{}\"] is not known here\n.gitlab-ci.yml:1: input \"g\": the text that GitLab makes of the value [\"\\\"\"] is not known here"},
		{"no option", map[string]string{"": "include: {local: a.yml, inputs: {a: c}}\n", "a.yml": header + "    a: {options: [b]}\n---\nj: {script: ['$[[ inputs.a ]]']}\n"}, "j@test:c", `.gitlab-ci.yml:1: input "a": the value "c" is not one of the options`},
		{"no match", map[string]string{"": header + "    a: {regex: '^v[0-9]+$', default: x1}\n---\nj: {script: ['$[[ inputs.a ]]']}\n"}, "j@test:x1", `.gitlab-ci.yml:3: input "a": the default "x1" does not match "^v[0-9]+$"`},
		{"unknown type", map[string]string{"": header + "    a: {type: text, default: x}\n---\nj: {script: [x]}\n"}, "j@test:x", `.gitlab-ci.yml:3: type of input "a" takes one of string, number, boolean, array`},
		{"unknown keys", map[string]string{"": "spec:\n  input: {}\n  inputs:\n    a: {defalt: x, default: y}\n---\nj: {script: [x]}\n"}, "j@test:x", ".gitlab-ci.yml:2: spec has the unknown key \"input\"\n.gitlab-ci.yml:4: input \"a\" has the unknown key \"defalt\""},
		{"unknown function", map[string]string{"": header + "    a: {default: x}\n---\nj: {script: ['$[[ inputs.a | upper ]]']}\n"}, "j@test:$[[ inputs.a | upper ]]", `.gitlab-ci.yml:5: $[[ inputs.a | upper ]]: there is no function "upper"`},
		{"function of a number", map[string]string{"": header + "    a: {type: number, default: 5}\n---\nj: {script: ['$[[ inputs.a | truncate(0,1) ]]']}\n"}, "j@test:$[[ inputs.a | truncate(0,1) ]]", `.gitlab-ci.yml:5: $[[ inputs.a | truncate(0,1) ]]: truncate takes a string, got a number`},
		{"many functions", map[string]string{"": header + "    a: {default: x}\n---\nj: {script: ['$[[ inputs.a | expand_vars | expand_vars | expand_vars | expand_vars ]]']}\n"}, "j@test:$[[ inputs.a | expand_vars | expand_vars | expand_vars | expand_vars ]]", `.gitlab-ci.yml:5: $[[ inputs.a | expand_vars | expand_vars | expand_vars | expand_vars ]]: there are more than 3 functions`},
		{"three documents", map[string]string{"": header + "    a: {default: x}\n---\nj: {script: [x]}\n---\nk: {script: [x]}\n"}, "j@test:x", ".gitlab-ci.yml:7: GitLab reads one document behind a header, this is one more"},
		{"component of another", map[string]string{"": "include: {component: gitlab.com/team/lib/own@main}\nj: {script: [x]}\n"}, "j@test:x", ""},
		{"own component that is missing", map[string]string{"": "include: {component: gitlab.com/team/app/own@main}\nj: {script: [x]}\n"}, "j@test:x", `.gitlab-ci.yml:1: component "gitlab.com/team/app/own@main": this project has neither templates/own.yml nor templates/own/template.yml`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := Load(files(c.files), ".gitlab-ci.yml", Options{})
			if err != nil {
				t.Fatal(err)
			}
			e := p.Evaluate(event)
			if got := jobsOf(e); got != c.want {
				t.Errorf("jobs %s\nwant %s", got, c.want)
			}
			if got := e.text(Notice); got != c.told {
				t.Errorf("told\n%s\nwant\n%s", got, c.told)
			}
		})
	}
}

// The start of a pipeline gives values to the inputs of the main file.
func TestGivenInputs(t *testing.T) {
	tree := files(map[string]string{"": header + "    a:\n    n: {type: number, default: 1}\n    l: {type: array, default: []}\n---\nj: {script: ['$[[ inputs.a ]]', '$[[ inputs.n ]]x', '$[[ inputs.l ]]']}\n"})
	for _, c := range []struct {
		inputs     map[string]string
		want, told string
	}{
		{map[string]string{"a": "1e3", "n": "7", "l": `["q"]`}, `j@test:1e3;7x;["q"]`, ""},
		{map[string]string{"a": "b"}, "j@test:b;1x;[]", ""},
		{map[string]string{"n": "x", "z": "y"}, "j@test:$[[ inputs.a ]];$[[ inputs.n ]]x;[]",
			".gitlab-ci.yml:1: input \"a\" has no value and no default\n.gitlab-ci.yml:1: input \"n\": the value \"x\" is not of type number\n.gitlab-ci.yml:1: the file \".gitlab-ci.yml\" has no input \"z\""},
	} {
		p, err := Load(tree, ".gitlab-ci.yml", Options{Inputs: c.inputs})
		if err != nil {
			t.Fatal(err)
		}
		e := p.Evaluate(Event{})
		if got := jobsOf(e); got != c.want || e.text(Notice) != c.told {
			t.Errorf("%v: %s\n%s", c.inputs, got, e.text(Notice))
		}
	}
}

// Missing values are reported even if the file is not YAML without them.
func TestInputsOfBrokenYAML(t *testing.T) {
	_, err := Load(files(map[string]string{"": header + "    a:\n---\nj: {script: [$[[ inputs.a ]]]}\n"}), ".gitlab-ci.yml", Options{})
	if err == nil || !strings.HasPrefix(err.Error(), ".gitlab-ci.yml:1: input \"a\" has no value and no default\n.gitlab-ci.yml:5: invalid YAML: ") {
		t.Errorf("got %v", err)
	}
}

// Instances of a matrix need those of another matrix with the same values.
func TestMatrixNeeds(t *testing.T) {
	e, err := evaluate(files(map[string]string{"": `
build:
  stage: build
  script: [x]
  parallel: {matrix: [{OS: [deb, fed], V: [1, 2]}]}
test:
  script: [x]
  parallel: {matrix: [{OS: [deb, fed]}]}
  needs:
    - job: build
      parallel: {matrix: [{OS: ["$[[ matrix.OS ]]"], V: [2]}]}
`}), Event{})
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, job := range e.Jobs {
		for _, n := range job.Needs {
			got += job.Name + " < " + n.Job + "\n"
		}
	}
	if want := "test: [deb] < build: [deb, 2]\ntest: [fed] < build: [fed, 2]\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
