// SPDX-License-Identifier: GPL-2.0-or-later

package factscheck

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/repodata"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// WriteText writes the counts of reports for people, each with a table of the
// names that are no packages.
func WriteText(w io.Writer, reports []Report) error {
	var b bytes.Buffer
	for _, r := range reports {
		c := r.Counts
		if len(r.Names) == 0 && len(r.Errors) > 0 {
			continue // nothing is known
		}
		b.WriteString(termtext.Line(fmt.Sprintf("%s: %d names: %d present, %d virtual, %d missing",
			r.Target, c.Present+c.Virtual+c.Missing, c.Present, c.Virtual, c.Missing)) + "\n")
		if c.Virtual+c.Missing == 0 {
			continue
		}
		rows := [][]string{{"  STATUS", "ARCH", "NAME", "MAPPING", "REMARK"}}
		for _, status := range []repodata.Status{repodata.Missing, repodata.Virtual} {
			for _, n := range r.Names {
				if n.Status == status {
					rows = append(rows, []string{"  " + string(n.Status), n.Arch, n.Name, n.Where(), n.Note()})
				}
			}
		}
		if err := termtext.Table(&b, rows); err != nil {
			return err
		}
	}
	for line := range strings.Lines(b.String()) {
		if _, err := io.WriteString(w, strings.TrimRight(line, " \n")+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// Warnings calls warnf, with the target first, for all that keeps reports from
// being complete, and infof for signatures that were not verified.
func Warnings(reports []Report, warnf func(about, format string, args ...any), infof func(format string, args ...any)) {
	for _, r := range reports {
		for _, w := range r.Warnings {
			warnf(r.Target, "%s", w)
		}
		for _, s := range r.Skipped {
			warnf(r.Target, "%d names for %s not checked: %s", s.Names, s.Arch, s.Reason)
		}
		for _, s := range r.Signatures {
			if !s.Verified {
				infof("note: %s: signature not verified: %s", s.URL, s.Detail)
			}
		}
	}
}
