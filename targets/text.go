// SPDX-License-Identifier: GPL-2.0-or-later

package targets

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"gitlab.com/lcitool/lcitool/internal/termtext"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// WriteDifferences writes a table with the targets as headings. It writes
// nothing if there are no differences.
func WriteDifferences(w io.Writer, left, right string, differences []Difference) error {
	if len(differences) == 0 {
		return nil
	}
	rows := [][]string{{"MAPPING", left, right}}
	for _, d := range differences {
		rows = append(rows, []string{yamldoc.OneLine(d.Mapping), d.Left.String(), d.Right.String()})
	}
	return termtext.Table(w, rows)
}

// WriteExplanations writes explanations of a target as text, separated by empty
// lines.
func WriteExplanations(w io.Writer, t Target, list []Explanation) error {
	for i, x := range list {
		if i > 0 {
			if _, err := io.WriteString(w, "\n"); err != nil {
				return err
			}
		}
		if err := x.writeText(w, t); err != nil {
			return err
		}
	}
	return nil
}

func (x *Explanation) writeText(out io.Writer, t Target) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
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
		row(only(i == 0, "needed by"), name, n.Place.String())
	}
	if len(x.NeededBy) == 0 {
		row("needed by", "no project", "")
	}
	if x.Policy != nil {
		row("cross policy", x.Policy.text(), x.Policy.Place.String())
	}
	if x.DecidedBy != nil {
		row("decided by", x.DecidedBy.text(), x.DecidedBy.Place.String())
	}
	if len(x.Unset) > 0 {
		row("before it", strings.Join(x.Unset, ", ")+": not set", "")
	}
	for i, s := range x.Others {
		row(only(i == 0, "besides"), s.text(), s.Place.String())
	}
	if len(x.AbsentOn) > 0 {
		row("absent on", strings.Join(x.AbsentOn, ", "), "")
	}
	return w.Flush()
}

// only returns text if here is true.
func only(here bool, text string) string {
	if here {
		return text
	}
	return ""
}

// headline describes in one sentence what the mapping is on the target.
func (x *Explanation) headline(t Target) string {
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

// text returns the line as in the file, with the section unless it is mappings.
func (s Selection) text() string {
	text := yamldoc.OneLine(s.Selector) + ":"
	if s.Package != nil {
		text += " " + *s.Package
	}
	if s.Section != "mappings" {
		text += " (" + s.Section + ")"
	}
	return text
}
