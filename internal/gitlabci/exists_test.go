// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabci

import (
	"io/fs"
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
