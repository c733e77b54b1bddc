// SPDX-License-Identifier: GPL-2.0-or-later

package facts

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

// FuzzLoadMappings: each error names the file, and each listed mapping can be looked up.
func FuzzLoadMappings(f *testing.F) {
	files, err := fs.Glob(embedded, "mappings/*.yml")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, file := range files {
		data, err := fs.ReadFile(embedded, file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data[:min(len(data), 600)])
	}
	for _, s := range []string{
		"mappings:\n  a:\n    default: b: c\n", "mappings:\n  a:\n    deb: - b\n", "mappings:\n  a:\n     deb: b\n    rpm: c\n",
		"mappings:\n  a:\n    deb: b\nmappings:\n  c:\n", "mappings:\n  a: b\n    deb: c\n", "mappings:\n  a:\n    deb:\n      rpm: b\n",
		"---\nmappings:\n  a:\n    deb: \"b\" # c\n", "other:\n  a: 1\nmappings:\n  a:\n    deb: 'x'\n    deb: y\n", "mappings:\n  a:\n    <<:\n", "mappings:\n  null:\n    ~: a\n",
		"mappings:\r\n  a:\r\n    deb: b\r\n", "mappings: {a: {deb: b}}", "mappings:\n  a: &a\n    deb: b\n  b: *a\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		named := func(text string) {
			for line := range strings.Lines(text) {
				if line = strings.TrimPrefix(line, "Can't load mappings: "); !strings.HasPrefix(line, "f/mappings.yml") {
					t.Errorf("no file in %q", line)
				}
			}
		}
		layer := Layer{Name: "f", FS: fstest.MapFS{"mappings.yml": &fstest.MapFile{Data: data}}}
		set, err := Load(Options{Layers: []Layer{layer}, Warn: func(f *Problem) { named(f.Error()) }})
		if err != nil {
			named(err.Error())
			return
		}
		for _, name := range set.MappingNames() {
			m, err := set.Mapping(name)
			if err != nil {
				named(err.Error())
			} else if m.Pos.File != "f/mappings.yml" || m.Pos.Line == 0 {
				t.Errorf("%q is at %v", name, m.Pos)
			}
		}
	})
}
