// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"strings"
	"testing"
)

// TestIncludePatterns: "**/" matches any number of directories, another "**" anything, "*" a
// part of a name; no other character is special.
func TestIncludePatterns(t *testing.T) {
	all := map[string]string{"ci.ymlx": "x: {script: [x]}\n", "ci/not.txt": "x: {script: [x]}\n"}
	for name, file := range map[string]string{
		"top": "top.yml", "a": "ci/a.yml", "b": "ci/sub/b.yml", "c": "ci/sub/deep/c.yml", "brackets": "ci/[ab].yml", "hidden": "ci/.d.yml", "question": "ci/?.yaml",
	} {
		all[file] = name + ": {script: [x]}\n"
	}
	for _, c := range []struct{ pattern, jobs string }{
		{"*.yml", "main top"},
		{"/*.yml", "main top"},
		{"ci/*.yml", "main hidden brackets a"},
		{"ci/**/*.yml", "main hidden brackets a b c"},
		{"ci/**.yml", "main hidden brackets a b c"},
		{"**/*.yml", "main hidden brackets a b c top"},
		{"**/sub/*.yml", "main b"},
		{"ci/**/**/c.yml", "main c"},
		{"ci/sub/**/c.yml", "main c"},
		{"ci/sub**/c.yml", "main c"},
		{"c*/*.yaml", "main question"},
		{"ci/[a]*.yml", "main"},
		{"ci/[*.yml", "main brackets"},
		{"ci/?*.yml", "main"},
		{"none/*.yml", "main"},
	} {
		all[""] = "include: {local: '" + c.pattern + "'}\nmain: {script: [x]}\n"
		e, err := evaluate(files(all), Event{})
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		got := map[string]bool{}
		for _, job := range e.Jobs {
			got[job.Name] = true
		}
		want := 0
		for _, name := range strings.Fields(c.jobs) {
			want++
			if !got[name] {
				t.Errorf("%s: no job %s in %v", c.pattern, name, got)
			}
		}
		if len(got) != want {
			t.Errorf("%s: %v, want %s", c.pattern, got, c.jobs)
		}
	}
}

// TestIncludesItself: a pattern does not include the file with the pattern, but other cycles
// are errors.
func TestIncludesItself(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		ok    bool
	}{
		{"below", map[string]string{"": "include: ci/a.yml\n", "ci/a.yml": "include: ci/*.yml\na: {script: [x]}\n", "ci/b.yml": "b: {script: [x]}\n"}, true},
		{"main", map[string]string{"": "include: '*.yml'\na: {script: [x]}\n", "b.yml": "b: {script: [x]}\n"}, true},
		{"by its name", map[string]string{"": "include: .gitlab-ci.yml\na: {script: [x]}\n", "b.yml": "b: {script: [x]}\n"}, false},
		{"each other", map[string]string{"": "include: ci/*.yml\na: {script: [x]}\n", "ci/b.yml": "include: ci/*.yml\nb: {script: [x]}\n", "ci/c.yml": "include: ci/*.yml\n"}, false},
	} {
		e, err := evaluate(files(c.files), Event{})
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.ok && len(e.Jobs) != 2 {
			t.Errorf("%s: %s", c.name, jobsOf(e))
		}
	}
}
