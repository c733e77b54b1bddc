// SPDX-License-Identifier: GPL-2.0-or-later

package schema_test

import (
	"bytes"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/targets"
)

func TestBuiltInFactsFitTheirSchemas(t *testing.T) {
	for _, c := range []struct {
		schema, pattern string
		layer           facts.Layer
		atLeast         int
	}{
		{"mappings.json", "mappings/*.yml", facts.BuiltIn(), 5},
		{"project.json", "projects/*.yml", facts.BuiltIn(), 30},
		{"project.json", "projects/internal/*.yml", facts.BuiltIn(), 8},
		{"target.json", "*.yml", targets.BuiltIn(), 23},
		{"target.json#/$defs/override", "*.yml", targets.BuiltIn(), 23},
	} {
		schema := compile(t, c.schema)
		files, err := fs.Glob(c.layer.FS, c.pattern)
		if err != nil || len(files) < c.atLeast {
			t.Fatalf("%s: %d files (%v)", c.pattern, len(files), err)
		}
		for _, file := range files {
			data, err := fs.ReadFile(c.layer.FS, file)
			if err != nil {
				t.Fatal(err)
			}
			if err := validate(schema, string(data)); err != nil {
				t.Errorf("%s: %v", c.layer.Path(file), err)
			}
		}
	}
}

// base is the address in the schemas' $id; nothing is fetched from there.
const base = "https://gitlab.com/lcitool/lcitool/-/raw/main/docs/schema/"

const wholeTarget = `
os: {name: Gentoo, version: "2026"}
packaging: {format: rpm, command: dnf --quiet}
paths: {ccache: /bin/ccache, make: /bin/make, ninja: /bin/ninja, pip3: /bin/pip3, python: /bin/python3}
`

// TestDocuments checks documents of users. want is a part of the schema's error, "" for
// none.
func TestDocuments(t *testing.T) {
	for _, c := range []struct{ name, schema, text, want string }{
		{"a new mapping", "mappings.json", "mappings: {zlib-ng: {default: zlib-ng, deb: , s390x-deb: x, cross-policy-rpm: skip}}", ""},
		{"a hidden mapping", "mappings.json", "mappings: {zlib: }", ""},
		{"a release of tomorrow", "mappings.json", "mappings: {zlib: {Debian14: zlib2-dev}}", ""},
		{"a pip requirement", "mappings.json", "pypi_mappings: {meson: {default: meson==0.56.0}}", ""},
		{"a misspelt section", "mappings.json", "mapping: {}", "'mapping' not allowed"},
		{"a misspelt selector", "mappings.json", "mappings: {zlib: {dbe: zlib1g-dev}}", "dbe"},
		{"a misspelt distribution", "mappings.json", "mappings: {zlib: {Debain12: zlib1g-dev}}", "Debain12"},
		{"an unknown architecture", "mappings.json", "mappings: {zlib: {sparc64-deb: zlib1g-dev}}", "sparc64-deb"},
		{"an unknown policy", "mappings.json", "mappings: {zlib: {cross-policy-deb: sometimes}}", "must be one of 'native', 'foreign', 'skip'"},
		{"a policy that is null", "mappings.json", "mappings: {zlib: {cross-policy-deb: }}", "cross-policy-deb"},
		{"a policy for pip", "mappings.json", "pypi_mappings: {zlib: {cross-policy-deb: skip}}", "cross-policy-deb"},
		{"a name that is a number", "mappings.json", "mappings: {zlib: {deb: 1}}", "got number, want null or string"},
		{"a name that is an option", "mappings.json", "mappings: {zlib: {deb: --force}}", "does not match"},
		{"a name of two lines", "mappings.json", `mappings: {zlib: {deb: "a\nb"}}`, "does not match"},
		{"an empty name", "mappings.json", `mappings: {zlib: {deb: ""}}`, "does not match"},
		{"a list for a mapping", "mappings.json", "mappings: {zlib: [zlib1g-dev]}", "got array, want null or object"},

		{"a project", "project.json", "packages: [gcc, my-own]", ""},
		{"a project that needs nothing", "project.json", "packages: []", ""},
		{"no packages", "project.json", "package: [gcc]", "'packages'"},
		{"packages that are a mapping", "project.json", "packages: {gcc: }", "got object, want array"},
		{"a need twice", "project.json", "packages: [gcc, gcc]", "items at 0 and 1 are equal"},
		{"a need that is a mapping", "project.json", "packages: [gcc: 1]", "want string"},
		{"a need with a command in it", "project.json", "packages: [$(id)]", "does not match"},

		{"a target", "target.json", wholeTarget, ""},
		{"a change to a target", "target.json#/$defs/override", "containers: {base: registry.example.org/debian:12}", ""},
		{"only a change", "target.json", "containers: {base: registry.example.org/debian:12}", "missing properties 'os', 'packaging', 'paths'"},
		{"a version that is a number", "target.json#/$defs/override", "os: {version: 12}", "got number, want string"},
		{"an unknown format", "target.json#/$defs/override", "packaging: {format: dpkg}", "must be one of"},
		{"repositories that nothing adds", "target.json", strings.Replace(wholeTarget, "--quiet", "--quiet, repos: ['https://example.org/x.repo']", 1), "repos"},
		{"an unknown key", "target.json", wholeTarget + "container: {base: x}", "'container' not allowed"},
		{"a path with a command in it", "target.json#/$defs/override", "paths: {make: /bin/$(id)}", "does not match"},
		{"a program of the search path", "target.json#/$defs/override", "paths: {pip3: pip3}", ""},
		{"compilers", "target.json#/$defs/override", "cross: {compilers: {x86_64: [s390x]}}", ""},
		{"compilers for an unknown architecture", "target.json#/$defs/override", "cross: {compilers: {x86_64: [vax]}}", "must be one of"},
		{"a mirror of another format", "target.json", wholeTarget + "mirror: {url: 'http://h/', suite: sid, components: [main]}", "missing property 'repos'"},
		{"a mirror without its suite", "target.json", strings.Replace(wholeTarget, "rpm", "deb", 1) + "mirror: {url: 'http://h/'}", "missing properties 'suite', 'components'"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := validate(compile(t, c.schema), c.text)
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && err == nil:
				t.Errorf("fits; want an objection with %q", c.want)
			case err != nil && !strings.Contains(err.Error(), c.want):
				t.Errorf("%v\nhas no %q in it", err, c.want)
			}
		})
	}
}

// compile loads a schema of this directory and those that it refers to.
func compile(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	for _, file := range []string{"manifest.json", "mappings.json", "names.json", "project.json", "settings.json", "target.json"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if err := compiler.AddResource(base+file, document); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := compiler.Compile(base + name)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func validate(schema *jsonschema.Schema, text string) error {
	var document any
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		return err
	}
	return schema.Validate(document)
}
