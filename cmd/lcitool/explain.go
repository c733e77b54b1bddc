// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
	"gitlab.com/lcitool/lcitool/targets"
)

func newExplain(a *app) *cobra.Command {
	o := &output{app: a}
	var projects, format string
	cmd := &cobra.Command{
		Use:   "explain TARGET PACKAGE|MAPPING",
		Short: "Say why a package is there",
		Long: `Follows a package of a target, or a mapping, from the projects that need it to
the line of the facts that decided: with the selectors that would have come
before it, all others of the mapping, and the targets that have nothing for it.`,
		Args: needArgs("TARGET", "PACKAGE|MAPPING"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := choice(cmd, "format", format, "text", "json"); err != nil {
				return err
			}
			if err := o.checkArches(cmd); err != nil {
				return err
			}
			e, err := o.explainer(cmd.Context(), args[0], projects)
			if err != nil {
				return err
			}
			found, err := e.Explain(args[1])
			if err != nil {
				return err
			}
			if err := a.checkWarnings(); err != nil {
				return err
			}
			if format == "json" {
				return a.json(found)
			}
			return a.printExplanations(e.Target, found)
		},
	}
	o.flags(cmd)
	cmd.Flags().StringVarP(&projects, "projects", "p", "", "projects to search (default all)")
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	return cmd
}

// explainer reads what explanations need: the projects that a pattern list
// selects, or all of them and the internal ones for "".
func (o *output) explainer(ctx context.Context, target, pattern string) (*targets.Explainer, error) {
	all := pattern == ""
	var set *facts.Set
	var names []string
	var err error
	if all {
		set, err = o.app.workspace().Facts()
	} else {
		set, names, err = o.app.workspace().Expand(ctx, pattern)
	}
	if err != nil {
		return nil, err
	}
	t, err := o.app.workspace().Target(target, o.Arches)
	if err != nil {
		return nil, err
	}
	e := &targets.Explainer{Set: set, Target: t}
	if all {
		names = set.ProjectNames()
	}
	for _, name := range names {
		project, err := set.Project(name)
		if err != nil && !all {
			return nil, err
		}
		if err != nil {
			o.app.warnf("", "%v", err)
			continue
		}
		e.Projects = append(e.Projects, project)
	}
	for _, name := range set.InternalNames() {
		if project, err := set.Internal(name); err == nil {
			e.Projects = append(e.Projects, project)
		}
	}
	e.Others = o.app.everyTarget(t.Host)
	return e, nil
}

// everyTarget gives the targets that can be read.
func (a *app) everyTarget(host targets.Arch) []targets.Target {
	var list []targets.Target
	catalogue, err := a.workspace().Catalogue()
	if err != nil {
		return nil
	}
	for _, name := range catalogue.Names() {
		release, err := catalogue.Release(name)
		if err != nil {
			a.warnf("", "%v", err)
			continue
		}
		list = append(list, targets.Target{Release: *release, Host: host})
	}
	return list
}

// printExplanations writes explanations for people, an empty line between two.
func (a *app) printExplanations(t targets.Target, list []targets.Explanation) error {
	var b bytes.Buffer
	for i, x := range list {
		if i > 0 {
			b.WriteString("\n")
		}
		writeExplanation(&b, x, t)
	}
	return a.write(b.Bytes())
}

func writeExplanation(out io.Writer, x targets.Explanation, t targets.Target) {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	defer func() { _ = w.Flush() }() // into memory
	row := func(title, text, place string) {
		line := "  " + title + "\t" + text
		if place != "" {
			line += "\t" + place
		}
		_, _ = fmt.Fprintln(w, line)
	}
	_, _ = fmt.Fprintln(w, headline(x, t))
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
		row("cross policy", selectionText(*x.Policy), x.Policy.Place.String())
	}
	if x.DecidedBy != nil {
		row("decided by", selectionText(*x.DecidedBy), x.DecidedBy.Place.String())
	}
	if len(x.Unset) > 0 {
		row("before it", strings.Join(x.Unset, ", ")+": not set", "")
	}
	for i, s := range x.Others {
		row(only(i == 0, "besides"), selectionText(s), s.Place.String())
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
func headline(x targets.Explanation, t targets.Target) string {
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

// selectionText gives the line as the file has it, with the section where it is not
// the usual one.
func selectionText(s targets.Selection) string {
	text := yamldoc.OneLine(s.Selector) + ":"
	if s.Package != nil {
		text += " " + *s.Package
	}
	if s.Section != "mappings" {
		text += " (" + s.Section + ")"
	}
	return text
}
