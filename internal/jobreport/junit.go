// SPDX-License-Identifier: GPL-2.0-or-later

package jobreport

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// The elements of a report that GitLab reads.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     string      `xml:"time,attr,omitempty"`
		Stamp    string      `xml:"timestamp,attr,omitempty"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		File    string        `xml:"file,attr,omitempty"`
		Time    string        `xml:"time,attr,omitempty"`
		Failure *junitMessage `xml:"failure"`
		Error   *junitMessage `xml:"error"`
		Skipped *junitMessage `xml:"skipped"`
		Output  string        `xml:"system-out,omitempty"`
		Errout  string        `xml:"system-err,omitempty"`
	}
	junitMessage struct {
		Message string `xml:"message,attr,omitempty"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes a case for each job of a run, then the cases of the reports
// that the jobs left, named for their job. A failure that was allowed counts
// as skipped, so that it shows without failing anything.
func JUnit(w io.Writer, s *jobrecord.Stored) error {
	own := junitSuite{Name: "lcitool", Time: seconds(duration(&s.Run).Seconds()), Stamp: s.Started.UTC().Format("2006-01-02T15:04:05")}
	all := []junitSuite{{}}
	reports := reader{left: maxCases, bytes: maxText}
	for i := range s.Jobs {
		j := &s.Jobs[i]
		own.Cases = append(own.Cases, jobCase(s, j))
		all = append(all, reports.job(j)...)
	}
	all[0] = own
	for i := range all {
		all[i].count()
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(junitSuites{Suites: all}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// count fills in how many cases there are of each kind.
func (s *junitSuite) count() {
	for i := range s.Cases {
		c := &s.Cases[i]
		s.Tests++
		switch {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
}

// jobCase is the case of a job.
func jobCase(s *jobrecord.Stored, j *jobrecord.Job) junitCase {
	c := junitCase{Name: clean(j.Name), Class: clean("lcitool." + cmp.Or(j.Target, j.Stage, "job")), Time: seconds(j.Duration)}
	message := &junitMessage{Message: clean(result(j)), Type: clean(string(j.State))}
	if j.Line != "" {
		message.Message += clean(": " + shorten(j.Line))
	}
	if j.Failed() {
		message.Text = said(s, j)
	}
	switch {
	case j.State == outcome.Passed:
	case j.Allowed, j.State == outcome.Skipped, j.State == outcome.NotRun:
		c.Skipped = message
	case j.State == outcome.Failed, j.State == outcome.TimedOut:
		c.Failure = message
	default:
		c.Error = message
	}
	return c
}

// said is what the log of a job says of its failure.
func said(s *jobrecord.Stored, j *jobrecord.Job) string {
	x, err := Read(s, j)
	if err != nil {
		return clean(err.Error())
	}
	return clean(x.text())
}

func seconds(s float64) string { return fmt.Sprintf("%.3f", s) }

// clean gives text as XML can say it.
func clean(text string) string { return termtext.Text(strings.ReplaceAll(text, "\r\n", "\n")) }
