// SPDX-License-Identifier: GPL-2.0-or-later

package gitlabapi

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// message converts what GitLab says about a refused request to text. It is a string,
// or lists of them for each attribute, as the value of "message" or "error"
// (https://docs.gitlab.com/api/rest/troubleshooting/).
func message(said any) string {
	switch said := said.(type) {
	case nil:
		return ""
	case []any:
		var all []string
		for _, item := range said {
			all = append(all, message(item))
		}
		return strings.Join(all, ", ")
	case map[string]any:
		var all []string
		for _, key := range slices.Sorted(maps.Keys(said)) {
			text := message(said[key])
			if key != "message" && key != "error" {
				text = key + ": " + text
			}
			all = append(all, text)
		}
		return strings.Join(all, "; ")
	}
	return fmt.Sprint(said)
}
