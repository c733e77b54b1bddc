// SPDX-License-Identifier: GPL-2.0-or-later

package schema_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/golden"
	"gitlab.com/lcitool/lcitool/targets"
)

type object = map[string]any

// TestNames compares names.json with the facts; -update rewrites it.
func TestNames(t *testing.T) {
	golden.File(t, "names.json", namesSchema(t))
}

// namesSchema lists the names in the facts, which other schemas use for completion and
// checks.
func namesSchema(t *testing.T) []byte {
	catalogue, err := targets.Load(targets.Options{Layers: []facts.Layer{targets.BuiltIn()}})
	if err != nil {
		t.Fatal(err)
	}
	set, err := facts.Load(facts.Options{Layers: []facts.Layer{facts.BuiltIn()}})
	if err != nil {
		t.Fatal(err)
	}
	v := catalogue.Vocabulary()
	schema := object{
		"$schema":  "https://json-schema.org/draft/2020-12/schema",
		"$id":      "https://gitlab.com/lcitool/lcitool/-/raw/main/docs/schema/names.json",
		"$comment": "Made from the facts by: go test ./docs/schema -update",
		"title":    "names that lcitool knows",
		"$defs": object{
			"arch":            enum("Architectures.", v.Arches),
			"format":          enum("Packaging formats.", v.Formats),
			"internalProject": enum("Projects that are part of every environment.", internalProjects(t)),
			"mapping":         enum("Built-in mappings.", set.MappingNames()),
			"project":         enum("Built-in projects.", set.ProjectNames()),
			"selector":        selectorSchema(v),
			"selectors":       object{"properties": selectorProperties(v)},
			"target":          enum("Built-in targets.", catalogue.Names()),
		},
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(schema); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

func enum(description string, names []string) object {
	names = slices.Clone(names)
	slices.Sort(names)
	return object{"description": description, "type": "string", "enum": names}
}

// selectorSchema accepts any release of a known distribution, because a data directory may
// add targets for it.
func selectorSchema(v facts.Vocabulary) object {
	alternatives := func(names []string) string {
		var quoted []string
		for _, name := range names {
			quoted = append(quoted, regexp.QuoteMeta(name))
		}
		slices.Sort(quoted)
		return strings.Join(quoted, "|")
	}
	var distributions []string
	for name := range v.Distributions {
		distributions = append(distributions, name)
	}
	prefix := "^((cross-)?(" + alternatives(v.Arches) + ")-|cross-policy-)?"
	base := "(default|" + alternatives(v.Formats) + "|(" + alternatives(distributions) + ")([A-Z0-9][A-Za-z0-9]*)?)$"
	return object{
		"description": "default, a packaging format, a distribution or one of its releases; before it ARCH-, cross-ARCH-, cross-policy- or nothing.",
		"type":        "string",
		"pattern":     prefix + base,
	}
}

// selectorProperties lists the selectors without a prefix for completion. They accept any
// value.
func selectorProperties(v facts.Vocabulary) object {
	properties := object{
		"default":              object{"description": "Used if no other selector matches."},
		"cross-policy-default": object{"description": "What a cross build installs."},
	}
	for _, format := range v.Formats {
		properties[format] = object{"description": "Distributions with " + format + " packages."}
	}
	for name, versions := range v.Distributions {
		properties[name] = object{"description": "All releases of " + name + "."}
		for _, version := range versions {
			properties[name+version] = object{"description": name + " " + version + "."}
		}
	}
	return properties
}

func internalProjects(t *testing.T) []string {
	files, err := fs.Glob(facts.BuiltIn().FS, "projects/internal/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no internal projects (%v)", err)
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(path.Base(file), ".yml")
	}
	return files
}
