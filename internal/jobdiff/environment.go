// SPDX-License-Identifier: GPL-2.0-or-later

package jobdiff

import (
	"maps"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

// A VariableChange is a variable with different values in two jobs.
type VariableChange struct {
	Name  string  `json:"name"`
	Left  *string `json:"left"` // null when it is not set
	Right *string `json:"right"`
}

// ofOneRun matches variables that identify a job or pipeline and therefore
// always differ.
var ofOneRun = lazyregexp.New(`^(?:CI_JOB_(?:ID|NAME|NAME_SLUG|URL|STARTED_AT|TOKEN|TIMEOUT|GROUP_NAME|JWT.*)|` +
	`CI_PIPELINE_(?:ID|IID|URL|CREATED_AT|NAME)|CI_CONCURRENT.*|CI_NODE_INDEX|CI_RUNNER_.*|CI_SERVER_TLS_.*|GITLAB_USER_.*)$`)

// confidential matches variables whose values must not be shown.
var confidential = lazyregexp.New(`(?i)(?:TOKEN|PASSWORD|PASSWD|SECRET|PRIVATE_?KEY|API_?KEY|ACCESS_?KEY|CREDENTIAL)`)

// masked replaces a value that is not shown.
const masked = "[masked]"

// CompareEnvironment compares variables, NAME=VALUE, and returns those that
// differ, sorted by name. It ignores those that differ between any two jobs.
func CompareEnvironment(left, right []string) []VariableChange {
	a, b := variables(left), variables(right)
	names := maps.Clone(a)
	maps.Copy(names, b)
	var out []VariableChange
	for _, name := range slices.Sorted(maps.Keys(names)) {
		l, inLeft := a[name]
		r, inRight := b[name]
		if ofOneRun.MatchString(name) || inLeft == inRight && l == r {
			continue
		}
		if confidential.MatchString(name) {
			l, r = masked, masked
		}
		c := VariableChange{Name: name}
		if inLeft {
			c.Left = &l
		}
		if inRight {
			c.Right = &r
		}
		out = append(out, c)
	}
	return out
}

func variables(list []string) map[string]string {
	all := map[string]string{}
	for _, v := range list {
		name, value, _ := strings.Cut(v, "=")
		all[name] = value
	}
	return all
}
