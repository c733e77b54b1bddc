// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"fmt"
	"strings"
)

// A Listed is a case as a list of cases shows it.
type Listed struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Needs []Need `json:"needs"`
}

// List lists cases, as values and as lines that say the same.
func List(cases []Case) (listed []Listed, lines []string) {
	listed = make([]Listed, len(cases))
	lines = make([]string, len(cases))
	for i, c := range cases {
		listed[i] = Listed{c.ID, c.Title, c.Needs}
		words := make([]string, len(c.Needs))
		for j, n := range c.Needs {
			words[j] = string(n)
		}
		lines[i] = fmt.Sprintf("%-6s  %-45s  %s", c.ID, c.Title, strings.Join(words, " "))
	}
	return listed, lines
}
