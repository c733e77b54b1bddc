// SPDX-License-Identifier: GPL-2.0-or-later

package factsimport

import (
	"cmp"
	"fmt"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// Text returns the report for people, a line for each difference.
func (r *Report) Text() string {
	var b strings.Builder
	line := func(format string, args ...any) { b.WriteString(termtext.Line(fmt.Sprintf(format, args...)) + "\n") }
	for _, name := range r.NewTargets {
		line("new target %s", name)
	}
	for _, name := range r.GoneTargets {
		line("gone target %s", name)
	}
	for _, k := range r.Keys {
		line("target %s: %s: %s -> %s", k.Target, k.Key, cmp.Or(k.Ours, "-"), cmp.Or(k.Theirs, "-"))
	}
	for _, name := range r.NewMappings {
		line("new mapping %s", name)
	}
	for _, name := range r.GoneMappings {
		line("gone mapping %s", name)
	}
	for _, c := range r.Cells {
		line("%v", c)
	}
	if n := len(r.Corrected); n > 0 {
		line("left out: %d differences that CORRECTIONS.md lists", n)
	}
	if n := len(r.Kept); n > 0 {
		line("left out: %d mappings that only our own projects need: %s", n, strings.Join(r.Kept, ", "))
	}
	return b.String()
}
