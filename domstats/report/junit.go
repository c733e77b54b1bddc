// SPDX-License-Identifier: GPL-2.0-or-later

package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/domstats/suite"
)

type junitSuites struct {
	XMLName xml.Name     `xml:"testsuites"`
	Suites  []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Time     string      `xml:"time,attr"`
	Stamp    string      `xml:"timestamp,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitMessage `xml:"failure"`
	Skipped *junitMessage `xml:"skipped"`
	Output  string        `xml:"system-out,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes the results for a CI server. Known deviations count as
// skipped, so that they show without failing a pipeline.
func (r *Run) WriteJUnit(w io.Writer) error {
	s := junitSuite{Name: "domstats " + r.Where.Stack(), Tests: len(r.Results), Failures: r.Count(suite.Fail),
		Skipped: r.Count(suite.Skip) + r.Count(suite.Known), Time: seconds(r.Where.Seconds),
		Stamp: r.Where.Started.UTC().Format("2006-01-02T15:04:05")}
	for _, x := range r.Results {
		s.Cases = append(s.Cases, junit(x))
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(junitSuites{Suites: []junitSuite{s}}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func junit(x suite.Result) junitCase {
	group, _, _ := strings.Cut(x.ID, "-")
	c := junitCase{Name: x.ID + " " + x.Title, Class: "domstats." + group, Time: seconds(float64(x.Duration) / float64(time.Second))}
	text := strings.Join(x.Messages, "\n")
	switch x.Status {
	case suite.Fail:
		first, _, _ := strings.Cut(text, "\n")
		c.Failure = &junitMessage{Message: first, Text: text}
	case suite.Skip:
		c.Skipped = &junitMessage{Message: x.Reason}
	case suite.Known:
		c.Skipped = &junitMessage{Message: x.Verdict(), Text: text}
	default:
		c.Output = text
	}
	return c
}

func seconds(s float64) string { return fmt.Sprintf("%.3f", s) }
