// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"gitlab.com/lcitool/lcitool/internal/diag"
)

// hostile lists strings that YAML changes unless they are quoted.
func hostile() []string {
	list := []string{"", " ", "a", " lead", "trail ", "a: b", "a:", ":a", "# no comment", "x # y", "*alias", "&anchor", "!tag",
		"!reference [.job, script]", "- item", "-", "--- doc", "---", "...", "... x", "? key", "| block", "> fold", "%YAML 1.1", "@at", "`tick`",
		"{a: b}", "[a, b]", "a, b", "'single", "\"double\"", "it's", "\\", "\\n", "\\x41", "$", "$VAR", "${VAR}", "$$", "%{x}", "<<", "=", "~", "null", "Null", "NULL",
		"true", "True", "yes", "YES", "no", "on", "Off", "y", "N", "0", "0755", "0o7", "0x1F", "1_000", "1.10", ".5", "1e3", ".inf", "-.INF", ".nan", "12:30:45", "2001-01-01",
		"a\nb", "\n", "a\n", "\na", "a\n\nb\n", "a\r\nb", "\r", "a\tb", "\t", "\x01", "\x1b[31mred", "\x7f", "\u0085", "\u2028", "\u2029", "\ufeff", "\u00e4", "日本", "😀", "\ufffd",
		strings.Repeat("long words ", 60), strings.Repeat("x", 128), strings.Repeat("x", 129), strings.Repeat("x", 500), "a  b", "key: |\n  text"}
	return list
}

// TestHostileStringsComeOutAsTheyWentIn writes each string to every place of a manifest and
// reads it back from the generated files.
func TestHostileStringsComeOutAsTheyWentIn(t *testing.T) {
	for _, s := range hostile() {
		checkRoundTrip(t, s)
	}
}

func checkRoundTrip(t *testing.T, s string) {
	t.Helper()
	q := quoted(t, s)
	text := fmt.Sprintf(`
projects: [libvirt]
gitlab:
  namespace: %s
  project: %s
  templates: {native-build: %s, cross-build: %s}
targets:
  debian-12:
    jobs:
      - arch: x86_64
        suffix: %s
        variables: {%s: %s}
        artifacts: {expire_in: %s, paths: [%s], name: %s, reports: {%s: [%s]}}
      - {arch: s390x, variables: {V: %s}}
`, quoted(t, "n"+s), quoted(t, "p"+s), q, q, quoted(t, "-"+s), quoted(t, "V"+s), q, q, q, q, q, q, q)
	plan, files, err := generate(t, text)
	if err != nil {
		t.Fatalf("%q: %v\n%s", s, err, text)
	}
	p := pipeline{}
	for _, f := range files {
		if f.Kind == GitLabKind {
			var doc map[string]any
			if err := yaml.Unmarshal(f.Data, &doc); err != nil {
				t.Fatalf("%q: %s: %v\n%s", s, f.Path, err, f.Data)
			}
			for name, v := range doc {
				if job, ok := v.(map[string]any); ok {
					p[name] = job
				}
			}
		}
	}
	job := p["x86_64-debian-12-"+s]
	if job == nil {
		t.Fatalf("%q: no job of that suffix", s)
	}
	want := map[string]any{
		"extends": s, "allow_failure": false,
		"needs":     []any{map[string]any{"job": "x86_64-debian-12-container", "optional": true}},
		"variables": map[string]any{"V" + s: s, "NAME": "debian-12", "TARGET_BASE_IMAGE": plan.Environments[0].Target.Containers.Base},
		"artifacts": map[string]any{"expire_in": s, "paths": []any{s}, "name": s, "reports": map[string]any{s: []any{s}}},
	}
	if !reflect.DeepEqual(job, want) {
		t.Errorf("%q: got %v\nwant %v", s, job, want)
	}
	if got := p["variables"]["RUN_UPSTREAM_NAMESPACE"]; got != "n"+s {
		t.Errorf("%q: namespace is %q", s, got)
	}
	if got := p["s390x-debian-12"]["variables"].(map[string]any)["V"]; got != s {
		t.Errorf("%q: variable is %q", s, got)
	}
	image := p[".gitlab_cross_build_job"]["variables"].(map[string]any)["IMAGE"]
	if image != "$CI_REGISTRY/$CONTAINER_UPSTREAM_NAMESPACE/"+strings.ToLower("p"+s)+"/ci-$NAME-cross-$CROSS:latest" {
		t.Errorf("%q: image is %q", s, image)
	}
}

// quoted quotes a string as JSON does, which YAML accepts.
func quoted(t *testing.T, s string) string {
	t.Helper()
	n := yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s, Style: yaml.DoubleQuotedStyle}
	text, err := yaml.Marshal(&n)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(string(text), "\n")
}

func FuzzHostileString(f *testing.F) {
	for _, s := range hostile() {
		f.Add(s)
	}
	f.Add("\xff")
	f.Fuzz(func(t *testing.T, s string) {
		w := &blockWriter{}
		w.key(s)
		w.text(s)
		if strings.ToValidUTF8(s, "") != s {
			if w.err == nil {
				t.Errorf("no error for %q, which is not UTF-8", s)
			}
			return // no manifest can hold it
		}
		if w.err != nil {
			t.Fatal(w.err)
		}
		text := w.b.Bytes()
		if want := encoded(t, map[string]any{s: s}); string(text) != want {
			t.Fatalf("%q came out as\n%s\nwant, as from the encoder:\n%s", s, text, want)
		}
		var got map[string]string
		if err := yaml.Unmarshal(text, &got); err != nil {
			t.Fatalf("%q: %v\n%s", s, err, text)
		}
		if v, ok := got[s]; !ok || v != s || len(got) != 1 {
			t.Fatalf("%q came out as %q", s, got)
		}
	})
}

// FuzzManifest: each error of a manifest has a position, or its files are YAML and identical
// when generated again.
func FuzzManifest(f *testing.F) {
	seeds, err := filepath.Glob("../ci/manifest.yml")
	if err != nil || len(seeds) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range seeds {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Add(simple)
	f.Add(rulesManifest)
	f.Add(head + "targets: {debian-12: {jobs: [{arch: x86_64, artifacts: {paths: [a], reports: {a: {b: [1, 2.5, null]}}}}]}}\n")
	f.Add("a: &a [*a]\n")
	f.Add("<<: {projects: [x]}\ntargets: {}\n")
	releases := catalogue(f)
	f.Fuzz(func(t *testing.T, text string) {
		m, err := Load([]byte(text), LoadOptions{File: "m.yml", Releases: releases})
		for _, e := range diag.Parts(err) {
			if line := e.Error(); !strings.Contains(line, "m.yml:") || strings.Contains(line, "\n") {
				t.Fatalf("a fault without a place, or of several lines: %q", line)
			}
		}
		if err != nil {
			return
		}
		plan, err := NewPlan(m, "ci")
		if err != nil {
			return
		}
		for _, p := range plan.Files {
			if p.Kind != GitLabKind {
				continue
			}
			data, err := plan.gitLabFile(filepath.Base(p.Path))
			if err != nil {
				t.Fatal(err)
			}
			var doc map[string]any
			if err := yaml.Unmarshal(data, &doc); err != nil || len(doc) == 0 {
				t.Fatalf("%s: %v\n%s", p.Path, err, data)
			}
		}
	})
}
