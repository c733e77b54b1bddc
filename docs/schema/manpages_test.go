// SPDX-License-Identifier: GPL-2.0-or-later

package schema_test

import (
	"bytes"
	"os"
	"path"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/clihelp"
	"gitlab.com/lcitool/lcitool/internal/golden"
)

// filePages returns the manual pages of section 5, generated from the schemas.
func filePages() []clihelp.FilePage {
	const date = "November 2026" // of the release
	return []clihelp.FilePage{{
		Name: "lcitool-manifest", Short: "what a project is built on", Date: date,
		Files: []clihelp.FileKeys{{Heading: "ci/manifest.yml", Schema: "manifest.json"}},
		Example: `projects: [libvirt-glib]
gitlab:
  namespace: libvirt
  project: libvirt-glib
targets:
  debian-13:
    jobs:
      - arch: x86_64
      - arch: s390x
        suffix: -check
        allow-failure: true
  fedora-44: x86_64`,
		SeeAlso: []string{"lcitool-manifest(1)", "lcitool-manifest-init(1)", "lcitool-facts(5)"},
	}, {
		Name: "lcitool-config", Short: "options of a user or a project", Date: date,
		Files:   []clihelp.FileKeys{{Heading: "config.yml", Schema: "settings.json"}},
		Example: "event: push\nimage:\n  prefix: registry.example.org/mirror/\n",
		SeeAlso: []string{"lcitool-config(1)", "lcitool-config-show(1)"},
	}, {
		Name: "lcitool-facts", Short: "what build dependencies are called", Date: date,
		Files: []clihelp.FileKeys{
			{Heading: "mappings.yml", Schema: "mappings.json"},
			{Heading: "projects/NAME.yml", Schema: "project.json"},
			{Heading: "targets/NAME.yml", Schema: "target.json"},
		},
		Example: "mappings:\n  zlib:\n    deb: zlib1g-dev\n    rpm: zlib-devel\n    Fedora: zlib-ng-compat-devel\n    cross-policy-deb: foreign",
		SeeAlso: []string{"lcitool-facts-lint(1)", "lcitool-explain(1)", "lcitool-manifest(5)"},
	}}
}

// TestManualPages compares the pages with the schemas; -update rewrites them.
func TestManualPages(t *testing.T) {
	pages := map[string][]byte{}
	for _, page := range filePages() {
		text, err := page.Man(os.ReadFile)
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(text, []byte(".TP\n")); n < 10 {
			t.Errorf("%s has %d keys", page.Name, n)
		}
		pages[page.Name+".5"] = text
		if err := validate(compile(t, page.Files[0].Schema), page.Example); err != nil {
			t.Errorf("%s: its example: %v", page.Name, err)
		}
		for _, other := range page.SeeAlso {
			name, section, _ := strings.Cut(strings.TrimSuffix(other, ")"), "(")
			dir := map[string]string{"1": "../man", "5": "../man5"}[section]
			if _, err := os.Stat(path.Join(dir, name+"."+section)); err != nil {
				t.Errorf("%s: see also: %v", page.Name, err)
			}
		}
	}
	golden.Tree(t, "../man5", pages)
}
