// SPDX-License-Identifier: GPL-2.0-or-later

package facts

import (
	"io/fs"
	"strings"
	"testing"
)

func TestDecodeProject(t *testing.T) {
	for _, c := range []struct{ name, text, want, wantErr string }{
		{name: "usual", text: "---\npackages:\n  - b\n  - a\n  - b\n", want: "b@3 a@4"},
		{name: "empty list", text: "packages: []\n"},
		{name: "key of the original's", text: "packages: [a]\nname: x\n", want: "a@1 ignored:p.yml:2: unknown key \"name\""},
		{name: "key near", text: "package: []\npackages: [a]\n", want: "a@2 ignored:p.yml:1: unknown key \"package\" (did you mean \"packages\"?)"},
		{name: "alias", text: "x: &x [a]\npackages: *x\n", want: "a@1 ignored:p.yml:1: unknown key \"x\""},
		{name: "empty file", text: "", wantErr: "p.yml:1: expected a mapping, got nothing"},
		{name: "list", text: "- a\n", wantErr: "p.yml:1: expected a mapping, got a list"},
		{name: "no packages", text: "a: b\n", wantErr: "p.yml:1: expected a list of mappings under \"packages\", got none"},
		{name: "null", text: "\npackages:\n", wantErr: "p.yml:2: Expected packages to be a list, got <class 'NoneType'>"},
		{name: "mapping", text: "packages: {a: b}\n", wantErr: "p.yml:1: Expected packages to be a list, got <class 'dict'>"},
		{name: "string", text: "packages: a\n", wantErr: "p.yml:1: Expected packages to be a list, got <class 'str'>"},
		{name: "integer", text: "packages: 5\n", wantErr: "p.yml:1: Expected packages to be a list, got <class 'int'>"},
		{name: "float", text: "packages: 5.5\n", wantErr: "p.yml:1: Expected packages to be a list, got <class 'float'>"},
		{name: "boolean", text: "packages: yes\n", wantErr: "p.yml:1: Expected packages to be a list, got <class 'bool'>"},
		{name: "all items", text: "packages:\n- 5\n- a\n- [b]\n-\n", wantErr: "p.yml:2: expected a string, got a number: quote it as \"5\"\np.yml:4: expected a string, got a list\np.yml:5: expected a string, got nothing"},
		{name: "key twice", text: "packages: [a]\npackages: [b]\n", want: `b@2 ignored:p.yml:2: key "packages" appears twice, first in line 1: the last one counts`},
	} {
		t.Run(c.name, func(t *testing.T) {
			needs, ignored, err := DecodeProject("p.yml", []byte(c.text))
			if err != nil || c.wantErr != "" {
				if err == nil || err.Error() != c.wantErr {
					t.Errorf("got %v, want %s", err, c.wantErr)
				}
				return
			}
			var got []string
			for _, n := range needs {
				got = append(got, n.Mapping+strings.Replace(n.Pos.String(), "p.yml:", "@", 1))
			}
			for _, f := range ignored {
				got = append(got, "ignored:"+f.Error())
			}
			if text := strings.Join(got, " "); text != c.want {
				t.Errorf("got %s, want %s", text, c.want)
			}
		})
	}
}

// FuzzProject: a project is a list of distinct names, or an error whose every line begins
// with the file.
func FuzzProject(f *testing.F) {
	files, err := fs.Glob(embedded, "projects/*.yml")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, file := range files[:5] {
		data, err := fs.ReadFile(embedded, file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, s := range []string{"packages: []", "packages: {}", "- a", "packages: [*a]", "packages: [a, 1, ~]", "<<: {packages: [a]}", "packages: &a [*a]"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		needs, ignored, err := DecodeProject("p.yml", data)
		seen := map[string]bool{}
		for _, n := range needs {
			if seen[n.Mapping] || n.Pos.File != "p.yml" || n.Pos.Line < 1 {
				t.Errorf("odd need %+v", n)
			}
			seen[n.Mapping] = true
		}
		text := ""
		for _, i := range ignored {
			text += i.Error() + "\n"
		}
		if err != nil {
			text += err.Error() + "\n"
		}
		for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
			if line != "" && !strings.HasPrefix(line, "p.yml:") {
				t.Errorf("no place in %q", line)
			}
		}
	})
}
