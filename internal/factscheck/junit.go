// SPDX-License-Identifier: GPL-2.0-or-later

package factscheck

import (
	"io"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/junit"
	"gitlab.com/lcitool/lcitool/internal/repodata"
)

// JUnit writes the reports with a suite for each target and a case for each name.
func JUnit(w io.Writer, reports []Report) error {
	var all []junit.Suite
	for _, r := range reports {
		suite := junit.Suite{Name: r.Target}
		for _, e := range r.Errors {
			suite.Cases = append(suite.Cases, junit.Case{Class: r.Target, Name: "index", Error: &junit.Message{Message: e}})
		}
		for _, n := range r.Names {
			c := junit.Case{Class: r.Target + "." + n.Arch, Name: n.Name}
			if len(n.Uses) > 0 {
				c.File = n.Uses[0].File
			}
			switch n.Status {
			case repodata.Missing:
				c.Failure = &junit.Message{Message: "no such package", Text: strings.TrimSpace(n.Where() + "\n" + n.Note())}
			case repodata.Virtual:
				c.Output = n.Note()
			}
			suite.Cases = append(suite.Cases, c)
		}
		all = append(all, suite)
	}
	return junit.Write(w, all...)
}
