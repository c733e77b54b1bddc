// SPDX-License-Identifier: GPL-2.0-or-later

package settings

import (
	"cmp"
	"maps"
	"slices"

	"gitlab.com/lcitool/lcitool/internal/redact"
)

// A Listed is a setting with the origin of its value.
type Listed struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Origin string `json:"origin"` // LCITOOL_NAME, FILE:LINE or "default"
}

const hiddenValue = "[hidden]"

// List returns all settings. fromEnvironment returns the variable for a flag and
// its value, byDefault the default value.
func (s Settings) List(fromEnvironment func(flag string) (variable, value string), byDefault func(Key) string) []Listed {
	var out []Listed
	for _, key := range Keys() {
		switch key.Kind {
		case Variables:
			out = append(out, s.listVariables()...)
			continue
		case Mirrors:
			all := s.Mirrors()
			for _, name := range slices.Sorted(maps.Keys(all)) {
				out = append(out, Listed{key.Name + "." + name, all[name], s.User.Name})
			}
			continue
		}
		variable, given := fromEnvironment(key.Flag)
		value, ok := s.Lookup(key.Name)
		switch {
		case given != "":
			out = append(out, Listed{key.Name, given, variable})
		case ok:
			out = append(out, Listed{key.Name, value.Text, value.Pos.String()})
		default:
			out = append(out, Listed{key.Name, byDefault(key), "default"})
		}
	}
	return out
}

func (s Settings) listVariables() []Listed {
	var out []Listed
	for _, v := range s.Variables() {
		l := Listed{"variables." + v.Name, v.Value, v.Pos.String()}
		switch {
		case v.Path != "":
			l.Value = "contents of " + v.Path
		case v.Masked || redact.Variables([]string{v.Name + "=" + v.Value}).Text(v.Value) != v.Value:
			l.Value = hiddenValue
		}
		out = append(out, l)
	}
	return out
}

// Rows formats settings as rows of a table, headings first.
func Rows(list []Listed) [][]string {
	rows := [][]string{{"KEY", "VALUE", "ORIGIN"}}
	for _, l := range list {
		rows = append(rows, []string{l.Key, cmp.Or(l.Value, "-"), l.Origin})
	}
	return rows
}
