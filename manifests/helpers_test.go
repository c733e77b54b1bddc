// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"gopkg.in/yaml.v3"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/strictyaml"
	"gitlab.com/lcitool/lcitool/targets"
)

// catalogue returns the built-in targets, preceded by more layers.
func catalogue(t testing.TB, more ...facts.Layer) *targets.Catalogue {
	t.Helper()
	c, err := targets.Load(targets.Options{Layers: slices.Concat(more, []facts.Layer{targets.BuiltIn()})})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var loadFacts = sync.OnceValues(func() (*facts.Set, error) {
	return facts.Load(facts.Options{Layers: []facts.Layer{facts.BuiltIn()}})
})

func builtInFacts(t testing.TB) *facts.Set {
	t.Helper()
	set, err := loadFacts()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func load(t testing.TB, text string) (*Manifest, []string, error) {
	t.Helper()
	var warnings []string
	m, err := Load([]byte(text), LoadOptions{
		File:     "m.yml",
		Releases: catalogue(t),
		Warn:     func(f *Error) { warnings = append(warnings, f.Error()) },
	})
	return m, warnings, err
}

func renderOptions(t testing.TB) RenderOptions {
	set := builtInFacts(t)
	return RenderOptions{
		Command: []string{"manifest", "m.yml"},
		Facts:   func(names []string) (*facts.Set, []string, error) { return set, names, nil },
	}
}

func generate(t testing.TB, text string) (*Plan, []File, error) {
	t.Helper()
	m, _, err := load(t, text)
	if err != nil {
		return nil, nil, err
	}
	plan, err := NewPlan(m, "ci")
	if err != nil {
		return nil, nil, err
	}
	files, err := plan.Render(renderOptions(t))
	for _, f := range files {
		if err == nil && f.Kind == GitLabKind {
			if err := strictyaml.Unmarshal(f.Data, nil); err != nil {
				t.Errorf("%s: %v", f.Path, err)
			}
		}
	}
	return plan, files, err
}

func mustGenerate(t testing.TB, text string) (*Plan, []File) {
	t.Helper()
	plan, files, err := generate(t, text)
	if err != nil {
		t.Fatal(err)
	}
	return plan, files
}

func names(files []File) []string {
	var list []string
	for _, f := range files {
		list = append(list, strings.TrimPrefix(f.Path, "ci/"))
	}
	return list
}

func body(t testing.TB, files []File, name string) string {
	t.Helper()
	for _, f := range files {
		if f.Path == path.Join("ci", name) {
			return string(f.Data)
		}
	}
	t.Fatalf("no file %s among %v", name, names(files))
	return ""
}

// A pipeline is the content of all included files, merged as GitLab merges them.
type pipeline map[string]map[string]any

func readPipeline(t testing.TB, files []File) pipeline {
	t.Helper()
	p := pipeline{ // what a project has of its own
		".native_build_job": {"extends": ".gitlab_native_build_job"},
		".cross_build_job":  {"extends": ".gitlab_cross_build_job"},
	}
	for _, f := range files {
		if f.Kind != GitLabKind {
			continue
		}
		var doc map[string]any
		if err := yaml.Unmarshal(f.Data, &doc); err != nil {
			t.Fatalf("%s: %v\n%s", f.Path, err, f.Data)
		}
		for name, v := range doc {
			if job, ok := v.(map[string]any); ok {
				if p[name] != nil {
					t.Errorf("%s: job %q is there twice", f.Path, name)
				}
				p[name] = job
			}
		}
	}
	return p
}

// job returns a job merged with the jobs that it extends.
func (p pipeline) job(t testing.TB, name string) map[string]any {
	t.Helper()
	if p[name] == nil {
		t.Fatalf("no job %q", name)
	}
	merged := map[string]any{}
	if parent, ok := p[name]["extends"].(string); ok {
		merged = p.job(t, parent)
	}
	for k, v := range p[name] {
		old, both := merged[k].(map[string]any)
		if own, ok := v.(map[string]any); ok && both {
			all := map[string]any{}
			for _, m := range []map[string]any{old, own} {
				for k, v := range m {
					all[k] = v
				}
			}
			v = all
		}
		merged[k] = v
	}
	return merged
}
