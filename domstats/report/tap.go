// SPDX-License-Identifier: GPL-2.0-or-later

package report

import (
	"fmt"
	"io"
	"strings"

	"gitlab.com/lcitool/lcitool/domstats/suite"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// WriteTAP writes the results in the Test Anything Protocol, version 14. A
// known deviation is a failing test with a TODO; a fixed one is a pass with a
// comment.
func (r *Run) WriteTAP(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "TAP version 14\n# %s\n1..%d\n", r.Where.Stack(), len(r.Results))
	for i, x := range r.Results {
		ok, directive := "ok", ""
		switch x.Status {
		case suite.Fail:
			ok = "not ok"
		case suite.Skip:
			directive = " # SKIP " + tapText(x.Reason)
		case suite.Known:
			ok, directive = "not ok", " # TODO known deviation "+strings.Join(x.KDs, ", ")
		}
		fmt.Fprintf(&b, "%s %d - %s %s%s\n", ok, i+1, x.ID, tapText(x.Title), directive)
		if x.Status == suite.Fixed {
			fmt.Fprintf(&b, "# %s no longer deviates: %s\n", x.ID, strings.Join(x.KDs, ", "))
		}
		for _, m := range x.Messages {
			fmt.Fprintf(&b, "# %s\n", oneLine(m))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// tapText keeps a description from being read as a directive.
func tapText(s string) string {
	return strings.NewReplacer(`\`, `\\`, "#", `\#`).Replace(oneLine(s))
}

// oneLine folds white space into single blanks.
func oneLine(s string) string { return strings.Join(strings.Fields(termtext.Text(s)), " ") }
