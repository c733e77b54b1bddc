// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"gitlab.com/lcitool/lcitool/internal/yamldoc"
	"gitlab.com/lcitool/lcitool/targets"
)

// printExplanations writes explanations for people, an empty line between two.
func (a *app) printExplanations(t targets.Target, list []explanation) error {
	var b bytes.Buffer
	for i, x := range list {
		if i > 0 {
			b.WriteString("\n")
		}
		x.write(&b, t)
	}
	return a.write(b.Bytes())
}

func (x explanation) write(out io.Writer, t targets.Target) {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	defer func() { _ = w.Flush() }() // into memory
	row := func(title, text, place string) {
		line := "  " + title + "\t" + text
		if place != "" {
			line += "\t" + place
		}
		_, _ = fmt.Fprintln(w, line)
	}
	_, _ = fmt.Fprintln(w, x.headline(t))
	for i, n := range x.NeededBy {
		name := n.Project
		if n.Internal {
			name += " (built in)"
		}
		row(only(i == 0, "needed by"), name, n.place.String())
	}
	if len(x.NeededBy) == 0 {
		row("needed by", "no project", "")
	}
	if x.Policy != nil {
		row("cross policy", x.Policy.String(), x.Policy.place.String())
	}
	if x.DecidedBy != nil {
		row("decided by", x.DecidedBy.String(), x.DecidedBy.place.String())
	}
	if len(x.Unset) > 0 {
		row("before it", strings.Join(x.Unset, ", ")+": not set", "")
	}
	for i, s := range x.Others {
		row(only(i == 0, "besides"), s.String(), s.place.String())
	}
	if len(x.AbsentOn) > 0 {
		row("absent on", strings.Join(x.AbsentOn, ", "), "")
	}
}

// only is the text where it is to be said, blank elsewhere.
func only(here bool, text string) string {
	if here {
		return text
	}
	return ""
}

// headline says in one sentence what the mapping is on the target.
func (x explanation) headline(t targets.Target) string {
	mapping := yamldoc.OneLine(x.Mapping)
	switch {
	case x.Package != "":
		return fmt.Sprintf("%s: mapping %s on %s (%s)", x.Package, mapping, t, x.Kind)
	case x.Policy != nil && x.DecidedBy == nil && len(x.Unset) == 0:
		return fmt.Sprintf("mapping %s means nothing on %s: skipped when cross compiling", mapping, t)
	case x.DecidedBy != nil:
		return fmt.Sprintf("mapping %s means nothing on %s: its selector says so", mapping, t)
	}
	return fmt.Sprintf("mapping %s means nothing on %s: no selector of it matches", mapping, t)
}

// String gives the line as the file has it, with the section where it is not
// the usual one.
func (s selection) String() string {
	text := yamldoc.OneLine(s.Selector) + ":"
	if s.Package != nil {
		text += " " + *s.Package
	}
	if s.Section != "mappings" {
		text += " (" + s.Section + ")"
	}
	return text
}
