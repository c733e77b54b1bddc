// SPDX-License-Identifier: GPL-2.0-or-later

package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"gitlab.com/lcitool/lcitool/domstats/suite"
)

// WriteSummary writes what a person wants to see at the end: a line for each
// group, then everything that is not a plain pass.
func (r *Run) WriteSummary(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "group\tpass\tfail\tskip\tknown\tfixed\t\n")
	for _, g := range r.groups() {
		n := map[suite.Status]int{}
		for _, x := range r.Results {
			if strings.HasPrefix(x.ID, g+"-") {
				n[x.Status]++
			}
		}
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t\n", g, n[suite.Pass], n[suite.Fail], n[suite.Skip], n[suite.Known], n[suite.Fixed])
	}
	if err := t.Flush(); err != nil {
		return err
	}
	var b strings.Builder
	byStatus := slices.SortedStableFunc(slices.Values(r.Results), func(x, y suite.Result) int { return rank(x) - rank(y) })
	for _, x := range byStatus {
		if x.Status == suite.Pass {
			continue
		}
		fmt.Fprintf(&b, "%s  %s  %s\n", x.ID, x.Verdict(), x.Title)
		for _, m := range x.Messages {
			fmt.Fprintf(&b, "        %s\n", oneLine(m))
		}
	}
	if len(r.Unknown) > 0 {
		fmt.Fprintf(&b, "not in the catalogue: %s\n", oneLine(strings.Join(r.Unknown, ", ")))
	}
	fmt.Fprintf(&b, "%s: %s in %.0f s\n", oneLine(r.Where.Stack()), r.Totals(), r.Where.Seconds)
	_, err := io.WriteString(w, b.String())
	return err
}

// rank puts failures first.
func rank(x suite.Result) int {
	if x.Status == suite.Fail {
		return 0
	}
	return 1
}

// groups are the first parts of the ids, in the order of the results.
func (r *Run) groups() []string {
	var out []string
	for _, x := range r.Results {
		g, _, _ := strings.Cut(x.ID, "-")
		if !slices.Contains(out, g) {
			out = append(out, g)
		}
	}
	return out
}
