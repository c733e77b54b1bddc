// SPDX-License-Identifier: GPL-2.0-or-later

package targets

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// IsPattern reports whether a name is a pattern.
func IsPattern(name string) bool { return strings.ContainsAny(name, "*?[") }

// Expand replaces patterns such as debian-* by matching names, without
// duplicates. Names are kept even if they are unknown; a pattern must match a
// known name.
func Expand(patterns, known []string) ([]string, error) {
	var all []string
	add := func(name string) {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	for _, p := range patterns {
		if !IsPattern(p) {
			add(p)
			continue
		}
		found := false
		for _, name := range known {
			match, err := path.Match(p, name)
			if err != nil {
				return nil, fmt.Errorf("target %q is no pattern of names", p)
			}
			if match {
				add(name)
				found = true
			}
		}
		if !found {
			return nil, fmt.Errorf("no target matches %q", p)
		}
	}
	return all, nil
}
