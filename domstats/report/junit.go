// SPDX-License-Identifier: GPL-2.0-or-later

package report

import (
	"io"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/domstats/suite"
	"gitlab.com/lcitool/lcitool/internal/junit"
)

// WriteJUnit writes the results for a CI server. Known deviations count as
// skipped, so that they show without failing a pipeline.
func (r *Run) WriteJUnit(w io.Writer) error {
	s := junit.Suite{
		Name: "domstats " + r.Where.Stack(), Time: junit.Seconds(time.Duration(r.Where.Seconds * float64(time.Second))),
		Timestamp: junit.Timestamp(r.Where.Started),
	}
	for _, x := range r.Results {
		s.Cases = append(s.Cases, junitCase(x))
	}
	return junit.Write(w, s)
}

func junitCase(x suite.Result) junit.Case {
	group, _, _ := strings.Cut(x.ID, "-")
	c := junit.Case{Name: x.ID + " " + x.Title, Class: "domstats." + group, Time: junit.Seconds(x.Duration)}
	text := strings.Join(x.Messages, "\n")
	switch x.Status {
	case suite.Fail:
		first, _, _ := strings.Cut(text, "\n")
		c.Failure = &junit.Message{Message: first, Text: text}
	case suite.Skip:
		c.Skipped = &junit.Message{Message: x.Reason}
	case suite.Known:
		c.Skipped = &junit.Message{Message: x.Verdict(), Text: text}
	default:
		c.Output = text
	}
	return c
}
