// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// TestExists: as in a commit, links are files, and a name that ends with a slash is a
// directory. Variables in the values of variables count, those that are not there stay.
func TestExists(t *testing.T) {
	t.Parallel()
	tree := files(map[string]string{"docs/a.md": "", "src/main.c": "", "zz": "", "%HOME%": ""})
	tree["link"] = &fstest.MapFile{Data: []byte("docs"), Mode: fs.ModeSymlink}
	for path, want := range map[string]bool{
		"zz": true, "zz/": false, "docs": false, "docs/": true, "doc/": false, "docs/a.md/": false, "no/": false, "./docs/": false, "docs//": false, "/docs/": false,
		"link": true, "link/": false, "link/a.md": false, "src/main.c": true, "src/main.c/x": false,
		"$DIR/": true, "$INNER": true, "${INNER}": true, "%INNER%": true, "%HOME%": true, "$DIR/*.md": true, "$NO/a.md": false, "$$DIR/": false, "$RAW": false,
	} {
		tree[".gitlab-ci.yml"] = &fstest.MapFile{Data: []byte("variables: {DIR: docs, INNER: '$DIR/${NAME}.md', NAME: a, RAW: {value: $INNER, expand: false}}\n" +
			"j: {script: [x], rules: [{exists: ['" + path + "']}]}\n")}
		e, err := evaluate(tree, Event{})
		if err != nil {
			t.Fatal(path, err)
		}
		if got := e.Jobs[0].When != Never; got != want {
			t.Errorf("%s exists: %v", path, got)
		}
	}
}

// TestChangesOfNestedVariables: GitLab, and not the runner, expands the paths of changes.
func TestChangesOfNestedVariables(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{"$INNER": true, "$UNKNOWN": false, "a/$b/c": true} {
		text := "variables: {DIR: docs, INNER: $DIR/a, UNKNOWN: '${NO}docs/a'}\nj: {script: [x], rules: [{changes: ['" + path + "']}]}\n"
		e, err := evaluate(files(map[string]string{"": text}), Event{Changed: []string{"docs/a", "a/$b/c"}})
		if err != nil {
			t.Fatal(path, err)
		}
		if got := e.Jobs[0].When != Never; got != want {
			t.Errorf("%s changed: %v", path, got)
		}
	}
}

// TestRegexpOfPaths: an expression of Ruby decides a rule. One that package regexp does not
// have leaves it open.
func TestRegexpOfPaths(t *testing.T) {
	t.Parallel()
	for regexp, want := range map[string]string{
		`\Asrc/.*\.rb\z`: OnSuccess, `\.go\z`: Never, `rb`: OnSuccess, `^app`: OnSuccess, `\Aapp`: Never, `(?i)SRC/A`: OnSuccess, `\A$DIR/`: OnSuccess, `\A${NO}/`: Never,
		`\A(?!docs/)`: Unknown, `(?m)src.app`: Unknown, `a{,3}`: Unknown, `[a&&b]`: Unknown, `[a[b]]`: Unknown, `[[:alpha:]]$`: OnSuccess, `[a-z]/[a-z]`: OnSuccess,
		`\h`: Unknown, `$WRONG`: Unknown,
	} {
		for _, kind := range []string{"changes", "exists"} {
			text := "variables: {DIR: src, WRONG: '('}\nj: {script: [x], rules: [{" + kind + ": {regexp: '" + regexp + "'}}]}\n"
			e, _ := evaluate(files(map[string]string{"": text, "src/a.rb": "", "x\napp": ""}), Event{Changed: []string{"src/a.rb", "x\napp"}})
			if got := e.Jobs[0].When; got != want {
				t.Errorf("%s of %s: %s, %s", kind, regexp, got, e.text(Notice))
			}
		}
	}
	for n, want := range map[int]string{maxComparisons: Never, maxComparisons + 1: OnSuccess} {
		e, _ := evaluate(files(map[string]string{"": "j: {script: [x], rules: [{changes: {regexp: y}}]}\n"}), Event{Changed: slices.Repeat([]string{"x"}, n)})
		if got := e.Jobs[0].When; got != want {
			t.Errorf("%d files: %s", n, got)
		}
	}
	for rule, want := range map[string]string{
		"changes: {regexp: a, paths: [b]}":                    `.gitlab-ci.yml:1: job "j": changes needs paths or regexp`,
		"exists: {ref: a, project: b}":                        ".gitlab-ci.yml:1: job \"j\": exists needs paths or regexp",
		"exists: {regexp: " + strings.Repeat("a", 256) + "}":  `.gitlab-ci.yml:1: job "j": exists: regexp is longer than 255 characters`,
		"changes: {regexp: [a]}":                              `.gitlab-ci.yml:1: job "j": changes: regexp takes a string, got a list`,
		"changes: {regexp: a, compare_to: main}":              "<nil>",
		"changes: {regexp: " + strings.Repeat("ä", 255) + "}": "<nil>",
	} {
		_, err := evaluate(files(map[string]string{"": "j: {script: [x], rules: [{" + rule + "}]}\n"}), Event{})
		if got := fmt.Sprint(err); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s", rule, got)
		}
	}
}
