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
		Files: []clihelp.FileKeys{{Heading: "ci/manifest.yml", Schema: "manifest.json", Examples: []clihelp.FileExample{
			{About: "A project that is built on two targets:", Text: `projects: [libvirt-glib]
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
  fedora-44: x86_64`},
			{About: "Dockerfiles without a pipeline:", Text: `projects: [libvirt-glib]
gitlab:
  enabled: false
targets:
  debian-13: x86_64`},
		}}},
		Paths: []clihelp.Item{
			{Name: "ci/manifest.yml", Text: "The manifest, unless the command line names another file."},
			{Name: "ci/lcitool", Text: "Facts of the project, which lcitool-facts(5) describes."},
		},
		SeeAlso: []string{"lcitool-manifest(1)", "lcitool-manifest-init(1)", "lcitool-facts(5)"},
	}, {
		Name: "lcitool-config", Short: "options of a user or a project", Date: date,
		Files: []clihelp.FileKeys{{Heading: "config.yml", Schema: "settings.json", Examples: []clihelp.FileExample{
			{About: "Settings of a user, for all projects:", Text: `jobs: 4
limits:
  memory: 8g
mirrors:
  debian: http://mirror.example.org/debian/`},
			{About: "Settings of a fork:", Text: `event: push
variables:
  QEMU_CI: 1
upstream:
  namespace: qemu-project
image:
  prefix: registry.gitlab.com/qemu-project/qemu/qemu/`},
		}}},
		Paths: []clihelp.Item{
			{Name: "~/.config/lcitool/config.yml", Text: "Settings of the user, in XDG_CONFIG_HOME if it is set, unless --config names another file."},
			{Name: "ci/lcitool/config.yml, .lcitool.yml", Text: "Settings of a project, in its top directory. They have priority over those of the user."},
		},
		SeeAlso: []string{"lcitool-config(1)", "lcitool-config-show(1)"},
	}, {
		Name: "lcitool-facts", Short: "what build dependencies are called", Date: date,
		Files: []clihelp.FileKeys{
			{Heading: "mappings.yml", Schema: "mappings.json", Examples: []clihelp.FileExample{{About: "Names of a package, in ci/lcitool/mappings.yml:", Text: `mappings:
  zlib:
    deb: zlib1g-dev
    rpm: zlib-devel
    Fedora: zlib-ng-compat-devel
    cross-policy-deb: foreign`}}},
			{Heading: "projects/NAME.yml", Schema: "project.json", Examples: []clihelp.FileExample{{About: "Dependencies of the project thing, in ci/lcitool/projects/thing.yml:", Text: `packages:
  - gcc
  - meson
  - zlib`}}},
			{Heading: "targets/NAME.yml", Schema: "target.json", Examples: []clihelp.FileExample{{About: "Another base image of a built-in target, in ci/lcitool/targets/debian-13.yml:", Text: `containers:
  base: registry.example.org/debian:13`, Part: "#/$defs/override"}}},
		},
		Paths: []clihelp.Item{
			{Name: "ci/lcitool", Text: "Facts of a project, the default of --data-dir. They are added to the built-in ones."},
			{Name: "mappings.yml, mappings/*.yml", Text: "Mappings, below the directory of the facts."},
			{Name: "projects/NAME.yml, targets/NAME.yml", Text: "Projects and targets, below the directory of the facts."},
			{Name: "ci/lcitool.lock", Text: "Contents of project files that are named by URL. lcitool-projects-lock(1) writes it."},
		},
		SeeAlso: []string{"lcitool-facts-lint(1)", "lcitool-explain(1)", "lcitool-projects-lock(1)", "lcitool-manifest(5)"},
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
		if len(page.Paths) == 0 {
			t.Errorf("%s names no files", page.Name)
		}
		for _, file := range page.Files {
			if len(file.Examples) == 0 {
				t.Errorf("%s has no example of %s", page.Name, file.Heading)
			}
			for _, example := range file.Examples {
				if err := validate(compile(t, file.Schema+example.Part), example.Text); err != nil {
					t.Errorf("%s: %s %v", page.Name, example.About, err)
				}
			}
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
