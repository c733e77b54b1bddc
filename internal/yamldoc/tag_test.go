// SPDX-License-Identifier: GPL-2.0-or-later

package yamldoc

import "testing"

func TestTag(t *testing.T) {
	for text, want := range map[string]struct {
		tag    string
		quoted bool
	}{
		"":                            {"!!null", false},
		"~":                           {"!!null", false},
		"a":                           {"!!str", false},
		"'12'":                        {"!!str", true},
		"\"yes\"":                     {"!!str", true},
		"|\n  12\n":                   {"!!str", true},
		"12":                          {"!!int", false},
		"1.5":                         {"!!float", false},
		"true":                        {"!!bool", false},
		"2024-01-31":                  {"!!timestamp", false},
		"[a]":                         {"!!seq", false},
		"{a: b}":                      {"!!map", false},
		"!reference [a, b]":           {"!reference", false},
		"!mine 'x'":                   {"!mine", false},
		"!!str 12":                    {"!!str", true},
		"!<tag:yaml.org,2002:str> 12": {"!!str", true},
	} {
		n, err := Parse("f.yml", []byte(text), 0)
		if err != nil {
			t.Fatal(err)
		}
		if n.Tag() != want.tag || n.IsQuoted() != want.quoted {
			t.Errorf("%q: got %s, %v", text, n.Tag(), n.IsQuoted())
		}
	}
}
