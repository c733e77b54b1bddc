// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"embed"
	"errors"
	"fmt"
	"path"
	"strings"
)

//go:embed templates/*.yml
var templates embed.FS

// A filler makes YAML of the files in templates/. It does without text/template,
// which calls methods by names that only the run knows: the linker then keeps
// the exported methods of all types, a quarter of the program.
type filler struct {
	ciDir string
	err   error
}

// path returns a path below the CI directory, whose name needs no quoting in a
// shell.
func (t *filler) path(file string) string { return path.Join(t.ciDir, file) }

// dir returns what comes before the path of a file in the CI directory: nothing,
// or the directory with a slash.
func (t *filler) dir() string { return strings.TrimSuffix(t.path("x"), "x") }

// word encodes a string as a scalar.
func (t *filler) word(s string) string {
	text, err := scalar(s)
	t.failed(err)
	return text
}

// fill returns a file in which the values replace their names in double braces.
// A value that comes from a user is a word, or has no special characters.
func (t *filler) fill(file string, values map[string]string) string {
	text, err := templates.ReadFile("templates/" + file)
	t.failed(err)
	var b strings.Builder
	rest := string(text)
	for {
		before, after, found := strings.Cut(rest, "{{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, after, _ := strings.Cut(after, "}}")
		value, known := values[name]
		if !known {
			t.failed(fmt.Errorf("template %s: no value for %q", file, name))
		}
		b.WriteString(value)
		rest = after
	}
}

func (t *filler) failed(err error) {
	t.err = errors.Join(t.err, err)
}
