// SPDX-License-Identifier: GPL-2.0-or-later

package doctor

import "fmt"

// Lines formats checks as text.
func Lines(checks []Check) []string {
	var lines []string
	for _, c := range checks {
		lines = append(lines, fmt.Sprintf("%-4s  %-19s  %s", c.State, c.Name, c.Found))
		if c.Hint != "" {
			lines = append(lines, fmt.Sprintf("%-4s  %-19s  → %s", "", "", c.Hint))
		}
	}
	return lines
}
