// SPDX-License-Identifier: GPL-2.0-or-later

package schema_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/golden"
	"gitlab.com/lcitool/lcitool/internal/settings"
)

// TestSettings compares settings.json with the keys that the program reads; -update rewrites
// it.
func TestSettings(t *testing.T) {
	golden.File(t, "settings.json", settingsSchema(t))
}

func settingsSchema(t *testing.T) []byte {
	properties := object{}
	for _, key := range settings.Keys() {
		section, name, nested := strings.Cut(key.Name, ".")
		if !nested {
			properties[section] = settingSchema(key)
			continue
		}
		if properties[section] == nil {
			properties[section] = object{"type": []string{"object", "null"}, "properties": object{}, "additionalProperties": false}
		}
		properties[section].(object)["properties"].(object)[name] = settingSchema(key)
	}
	schema := object{
		"$schema":              "https://json-schema.org/draft/2020-12/schema",
		"$id":                  "https://gitlab.com/lcitool/lcitool/-/raw/main/docs/schema/settings.json",
		"$comment":             "Made from the keys by: go test ./docs/schema -update",
		"title":                "settings of lcitool",
		"description":          "lcitool/config.yml of a user, ci/lcitool/config.yml or .lcitool.yml of a project",
		"type":                 []string{"object", "null"},
		"properties":           properties,
		"additionalProperties": false,
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

func settingSchema(key settings.Key) object {
	description := key.Summary
	if key.User {
		description += "; only in the user's settings"
	}
	out := object{"description": description}
	scalar := []string{"string", "number", "boolean", "null"}
	switch key.Kind {
	case settings.Number:
		out["type"], out["minimum"] = []string{"number", "null"}, 0
	case settings.Mirrors:
		out["type"], out["additionalProperties"] = []string{"object", "null"}, object{"type": "string"}
	case settings.Variables:
		variable := object{"type": "object", "additionalProperties": false, "properties": object{
			"value":  object{"description": "value of the variable", "type": scalar},
			"path":   object{"description": "file with the value; the variable is then of type file", "type": "string"},
			"masked": object{"description": "replace the value by [hidden] in the output of jobs", "type": "boolean"},
		}}
		out["type"] = []string{"object", "null"}
		out["additionalProperties"] = object{"anyOf": []object{{"type": scalar}, variable}}
	default:
		out["type"] = []string{"string", "number", "null"}
		if key.Values != nil {
			out["enum"] = key.Values
			delete(out, "type")
		}
	}
	return out
}

func TestSettingsSchema(t *testing.T) {
	schema := compile(t, "settings.json")
	for text, valid := range map[string]bool{
		"event: push\nvariables: {A: 1, B: {value: x, masked: true}, C: {path: f}}\nlimits: {cpus: 1.5, network: none}\n": true,
		"mirrors: {debian: 'http://d'}\nimage: {prefix: x}\n":                                                             true,
		"image: {prefx: x}\n":          false,
		"on-failure: stop\n":           false,
		"jobs: many\n":                 false,
		"variables: {A: {vlaue: 1}}\n": false,
		"unknown: 1\n":                 false,
	} {
		if err := validate(schema, text); (err == nil) != valid {
			t.Errorf("%s: %v", text, err)
		}
	}
}
