// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"bytes"
	"os"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
)

func TestTheSchemaSaysWhatLoadSays(t *testing.T) {
	schema := compileSchema(t)
	for _, c := range []struct {
		name, text string
		ok         bool
	}{
		{"short", simple, true},
		{"all kinds", rulesManifest, true},
		{"null targets", head + "targets:\n", true},
		{"no GitLab", "projects: [libvirt]\ngitlab: {enabled: false}\ntargets: {}\n", true},
		{"everything", `
projects: [libvirt, https://example.org/p.yml]
containers: {enabled: true}
cirrus: {enabled: false}
gitlab:
  enabled: true
  namespace: n
  project: p
  containers: false
  container-builder: podman
  builds: false
  jobs: {check-dco: false, cargo-fmt: true, go-fmt: true, clang-format: true, black: true, flake8: true}
  templates: {native-build: .n, cross-build: .c}
targets:
  debian-12:
    enabled: false
    projects: []
    jobs:
      - {arch: s390x, enabled: true, suffix: -x, builds: true, allow-failure: true, cross-build: true, template: .t,
         variables: {A: 1, B: true, C: null, D: x}, artifacts: {expire_in: 1 day, paths: [a], when: always, reports: {junit: a}}}
`, true},
		{"empty", "", false},
		{"no projects", "gitlab: {namespace: n, project: p}\ntargets: {}\n", false},
		{"no project in the list", "projects: []\ngitlab: {namespace: n, project: p}\ntargets: {}\n", false},
		{"no namespace", "projects: [libvirt]\ngitlab: {project: p}\ntargets: {}\n", false},
		{"no gitlab", "projects: [libvirt]\ntargets: {}\n", false},
		{"no targets", head, false},
		{"no jobs", head + "targets: {debian-12: {enabled: true}}\n", false},
		{"no arch", head + "targets: {debian-12: {jobs: [{suffix: a}]}}\n", false},
		{"unknown arch", head + "targets: {debian-12: bogus}\n", false},
		{"null target", head + "targets: {debian-12: }\n", false},
		{"misspelt", head + "target: {}\ntargets: {}\n", false},
		{"misspelt in a job", head + "targets: {debian-12: {jobs: [{arch: x86_64, allow_failure: true}]}}\n", false},
		{"a quoted boolean", head + "containers: {enabled: \"true\"}\ntargets: {}\n", false},
		{"a number for a name", "projects: [libvirt]\ngitlab: {namespace: 5, project: p}\ntargets: {}\n", false},
		{"an unknown builder", "projects: [libvirt]\ngitlab: {namespace: n, project: p, container-builder: x}\ntargets: {}\n", false},
		{"no paths", head + "targets: {debian-12: {jobs: [{arch: x86_64, artifacts: {expire_in: 1 day}}]}}\n", false},
		{"the usual when", head + "targets: {debian-12: {jobs: [{arch: x86_64, artifacts: {paths: [a], when: null}}]}}\n", true},
		{"an unknown when", head + "targets: {debian-12: {jobs: [{arch: x86_64, artifacts: {paths: [a], when: never}}]}}\n", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var document any
			if err := yaml.Unmarshal([]byte(c.text), &document); err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(document); (err == nil) != c.ok {
				t.Errorf("the schema says %v", err)
			}
			if _, warnings, err := load(t, c.text); (err == nil && len(warnings) == 0) != c.ok {
				t.Errorf("Load says %v %v", err, warnings)
			}
		})
	}
	for _, file := range []string{"../ci/manifest.yml", "../examples/hello/ci/manifest.yml"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var document any
		if err := yaml.Unmarshal(data, &document); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(document); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	const base = "https://gitlab.com/lcitool/lcitool/-/raw/main/docs/schema/"
	compiler := jsonschema.NewCompiler()
	for _, file := range []string{"manifest.json", "names.json"} {
		data, err := os.ReadFile("../docs/schema/" + file)
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
	schema, err := compiler.Compile(base + "manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}
