// SPDX-License-Identifier: GPL-2.0-or-later

package jobdiff

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// WriteText writes a difference as text. The difference of the logs comes last,
// so that a terminal shows it.
func (d *Difference) WriteText(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "- %s\n+ %s\n", d.Left.text(), d.Right.text())
	d.writeImages(&b)
	if err := d.writeSuspects(&b); err != nil {
		return err
	}
	if err := d.writePackages(&b); err != nil {
		return err
	}
	if err := d.writeEnvironment(&b); err != nil {
		return err
	}
	d.writeLog(&b)
	_, err := w.Write(b.Bytes())
	return err
}

func (s *Side) text() string {
	text := fmt.Sprintf("%s:%s %s", s.Run, s.Job, s.Result())
	if s.Line != "" {
		text += ": " + s.Line
	}
	return oneLine(text)
}

func (d *Difference) writeImages(b *bytes.Buffer) {
	l, r := d.Left, d.Right
	switch {
	case l.Image != r.Image:
		fmt.Fprintf(b, "image: %s -> %s\n", oneLine(l.Image), oneLine(r.Image))
	case l.ImageID != r.ImageID:
		fmt.Fprintf(b, "image: %s was rebuilt: %s -> %s\n", oneLine(l.Image), short(l.ImageID), short(r.ImageID))
	default:
		fmt.Fprintf(b, "image: the same\n")
	}
	if l.Commit != r.Commit {
		fmt.Fprintf(b, "commit: %s -> %s\n", commit(l.Commit), commit(r.Commit))
	}
}

// writeSuspects writes which packages the failing line may be about.
func (d *Difference) writeSuspects(b *bytes.Buffer) error {
	none := "no package of either image is known to have it"
	switch left, right := d.Left.PackagesUnknown != "", d.Right.PackagesUnknown != ""; {
	case len(d.Mentions) == 0 || left && right && len(d.Suspects) == 0:
		return nil
	case left:
		none = "no package of the image on the right is known to have it"
	case right:
		none = "no package of the image on the left is known to have it"
	}
	var names []string
	for _, m := range d.Mentions {
		names = append(names, fmt.Sprintf("%s %s", m.Kind, oneLine(m.Name)))
	}
	fmt.Fprintf(b, "the failing line names %s\n", strings.Join(names, ", "))
	if len(d.Suspects) == 0 {
		fmt.Fprintf(b, "  %s\n", none)
		return nil
	}
	w := tabwriter.NewWriter(b, 0, 8, 2, ' ', 0)
	for i := range d.Suspects {
		s := &d.Suspects[i]
		how := direction(s.Order)
		if s.Same {
			how = "the same"
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%s\n", oneLine(s.Name), installed(s.Left), installed(s.Right), how, oneLine(s.Reason))
	}
	return flush(w, b)
}

func installed(version *string) string {
	switch {
	case version == nil:
		return "?"
	case *version == "":
		return "-"
	}
	return oneLine(*version)
}

func (d *Difference) writePackages(b *bytes.Buffer) error {
	p := d.Packages
	switch {
	case p == nil:
		writeUnknown(b, "left", d.Left.PackagesUnknown)
		writeUnknown(b, "right", d.Right.PackagesUnknown)
		return nil
	case !p.Comparable():
		fmt.Fprintf(b, "packages: %s and %s have names of their own; of those that lcitool knows %d are of another version, %d of the same\n",
			p.Left, p.Right, len(p.Changed), p.Same)
	case len(p.Changed)+len(p.OnlyLeft)+len(p.OnlyRight) == 0:
		fmt.Fprintf(b, "packages: the same %d\n", p.Same)
		return nil
	default:
		fmt.Fprintf(b, "packages: %d of another version, %d only on the left, %d only on the right, %d the same\n",
			len(p.Changed), len(p.OnlyLeft), len(p.OnlyRight), p.Same)
	}
	w := tabwriter.NewWriter(b, 0, 8, 2, ' ', 0)
	for _, c := range p.Changed {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", oneLine(c.Name), oneLine(c.Left), oneLine(c.Right), direction(c.Order))
	}
	for _, c := range p.OnlyLeft {
		fmt.Fprintf(w, "  %s\t%s\t-\t\n", oneLine(c.Name), oneLine(c.Version))
	}
	for _, c := range p.OnlyRight {
		fmt.Fprintf(w, "  %s\t-\t%s\t\n", oneLine(c.Name), oneLine(c.Version))
	}
	return flush(w, b)
}

func writeUnknown(b *bytes.Buffer, side, why string) {
	if why != "" {
		fmt.Fprintf(b, "packages: not known on the %s: %s\n", side, oneLine(why))
	}
}

func (d *Difference) writeEnvironment(b *bytes.Buffer) error {
	if len(d.Environment) == 0 {
		fmt.Fprint(b, "environment: the same\n")
		return nil
	}
	fmt.Fprintf(b, "environment: variables that differ: %d\n", len(d.Environment))
	w := tabwriter.NewWriter(b, 0, 8, 2, ' ', 0)
	for _, v := range d.Environment {
		fmt.Fprintf(w, "  %s\t%s\t%s\n", oneLine(v.Name), value(v.Left), value(v.Right))
	}
	return flush(w, b)
}

func (d *Difference) writeLog(b *bytes.Buffer) {
	if d.Log == nil {
		fmt.Fprint(b, "log: the same, times and other numbers of a run aside\n")
		return
	}
	fmt.Fprintf(b, "log: parts at line %d on the left, line %d on the right\n", d.Log.Left, d.Log.Right)
	for _, line := range d.Log.Lines {
		sign := map[string]string{"left": "-", "right": "+", "both": " "}[line.Side]
		fmt.Fprintf(b, "  %s %s\n", sign, oneLine(line.Text))
	}
}

// flush ends a table and removes trailing spaces.
func flush(w *tabwriter.Writer, b *bytes.Buffer) error {
	if err := w.Flush(); err != nil {
		return err
	}
	lines := strings.Split(b.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	b.Reset()
	b.WriteString(strings.Join(lines, "\n"))
	return nil
}

func direction(order int) string { return [...]string{"newer", "", "older"}[order+1] }

func value(v *string) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%q", *v)
}

func short(id string) string {
	const enough = 12
	id = oneLine(strings.TrimPrefix(id, "sha256:"))
	return id[:min(len(id), enough)]
}

func commit(name string) string {
	if name == "" {
		return "the working tree"
	}
	return oneLine(name)
}

// oneLine makes text safe for a terminal, on one line.
func oneLine(text string) string { return termtext.Line(termtext.LogLine(text)) }
