// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"fmt"
	"strings"
	"testing"
)

// TestPathsAreExpandedAsByAShell: the runner expands paths of artifacts and caches, and names
// of artifacts, as a shell does within double quotes.
func TestPathsAreExpandedAsByAShell(t *testing.T) {
	x := newExpander(layers{{
		"OUT": {value: "build"}, "FILE": {value: "a.tar.gz"}, "EMPTY": {value: ""}, "LONG": {value: strings.Repeat("x", maxOperand+1)},
	}}, nil)
	for in, want := range map[string]string{
		"$OUT/a":                           "build/a",
		"${OUT}/a":                         "build/a",
		"$NONE/a":                          "/a",
		"${NONE:-other}/a":                 "other/a",
		"${OUT:-other}/a":                  "build/a",
		"${EMPTY:-other}/a":                "other/a",
		"${NONE:-$OUT}/a":                  "build/a",
		"${NONE-other}/a":                  "other/a",
		"${OUT:+set}/a":                    "set/a",
		"${NONE:+set}/a":                   "/a",
		"${FILE%.gz}":                      "a.tar",
		"${FILE%%.*}":                      "a",
		"${FILE#*.}":                       "tar.gz",
		`\$OUT/a`:                          "$OUT/a",
		"out/*.[ch]":                       "out/*.[ch]",
		"$(pwd)/a":                         "$(pwd)/a",
		"${NONE:-$(pwd)}/a":                "${NONE:-$(pwd)}/a",
		"${OUT/a":                          "${OUT/a",
		"${LONG:-x}/$OUT":                  "/build", // too long for an operator
		strings.Repeat("y", 5000) + "$OUT": strings.Repeat("y", 5000) + "build",
	} {
		if got := x.shell(in); got != want {
			t.Errorf("%.60s: %q, want %q", in, got, want)
		}
	}
	if x.err != nil {
		t.Error(x.err)
	}
}

func TestProjectDirOfOtherVariables(t *testing.T) {
	const script = "script: [x], artifacts: {paths: ['${LOGS:-log}/a', $CI_PROJECT_DIR/b]}"
	for variables, want := range map[string]string{
		"OUT: $CI_PROJECT_DIR/out":                                                 "/builds/me/p/out /builds/me/p/b",
		"OUT: $CI_PROJECT_DIR/out, GIT_CLONE_PATH: $CI_BUILDS_DIR/x/":              "/builds/x/out /builds/x/b",
		"OUT: $CI_PROJECT_DIR/out, GIT_STRATEGY: empty":                            "/builds/me/p-empty/out /builds/me/p-empty/b",
		"OUT: $CI_PROJECT_DIR/out, GIT_STRATEGY: none":                             "/builds/me/p/out /builds/me/p/b",
		"OUT: $CI_PROJECT_DIR/out, CI_PROJECT_DIR: /own, GIT_STRATEGY: empty":      "/own/out /own/b",
		"OUT: $CI_PROJECT_DIR/out, GIT_CLONE_PATH: /builds/y, GIT_STRATEGY: empty": "/builds/y/out /builds/y/b",
	} {
		j := explained(t, "j: {variables: {"+variables+"}, "+script+"}\n", nil).Jobs[0]
		out := ""
		for v := range j.Variables.All() {
			if v.Name == "OUT" {
				out = v.Value
			}
		}
		if got := out + " " + j.Artifacts.Paths[1]; got != want || j.Artifacts.Paths[0] != "log/a" {
			t.Errorf("%s: %s, %q; want %s", variables, got, j.Artifacts.Paths, want)
		}
	}
}

// TestFilesOfOtherVariables: the file of a variable is beside the tree, wherever that is.
func TestFilesOfOtherVariables(t *testing.T) {
	event := Event{Namespace: "me", Project: "p"}
	given := map[string]string{"KEY": FileVariable(event, "KEY"), "TEXT": FileVariable(event, "KEY")}
	for variables, want := range map[string]string{
		"A: x": "/builds/me/p.tmp/KEY", "GIT_CLONE_PATH: $CI_BUILDS_DIR/y": "/builds/y.tmp/KEY", "GIT_STRATEGY: empty": "/builds/me/p-empty.tmp/KEY",
		"GIT_STRATEGY: none": "/builds/me/p.tmp/KEY",
	} {
		j := explained(t, "j: {variables: {OUT: $KEY, "+variables+"}, script: [x]}\n", given).Jobs[0]
		if out, key, text := j.variable("OUT"), j.variable("KEY"), j.variable("TEXT"); out != want || key != want || text != given["TEXT"] {
			t.Errorf("%s: %s, %s, %s; want %s", variables, out, key, text, want)
		}
	}
}

// TestVariablesOfServices: they may refer to those of the job and to each other, but not to
// the job's variable of the same name.
func TestVariablesOfServices(t *testing.T) {
	j := explained(t, `
j:
  variables: {HOST: db, USER: $HOST-user, PASSWORD: secret}
  services:
    - name: postgres
      variables: {A: $USER, B: $C, C: $A, PASSWORD: $PASSWORD, HOST: own, D: $HOST, E: $NONE, F: $$x}
  script: [x]
`, nil).Jobs[0]
	want := map[string]string{"A": "db-user", "B": "$A", "C": "$USER", "PASSWORD": "$PASSWORD", "HOST": "own", "D": "own", "E": "", "F": "$x"}
	for name, value := range want {
		if got := j.Services[0].Variables[name]; got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
}

// TestParsedPaths: paths are parsed once, and a pipeline with many long ones does not
// fill the memory.
func TestParsedPaths(t *testing.T) {
	p, size := newParsedPaths(), 0
	for i := range 1000 {
		path := fmt.Sprint(i, "/", strings.Repeat("$a", 500))
		first, err := p.parse(path)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := p.parse(path)
		if (first == again) != (p.words[path] != nil) {
			t.Fatalf("path %d was parsed again", i)
		}
	}
	for path := range p.words {
		size += len(path)
	}
	if size > maxParsed || size < maxParsed/2 {
		t.Errorf("paths of %d bytes are kept, want at most %d", size, maxParsed)
	}
	var none *parsedPaths
	if word, err := none.parse("$a"); word == nil || err != nil {
		t.Errorf("without memory: %v, %v", word, err)
	}
	if _, err := p.parse("${"); err == nil {
		t.Error("no error for a wrong path")
	}
}
