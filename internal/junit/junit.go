// SPDX-License-Identifier: GPL-2.0-or-later

// Package junit handles reports in JUnit's XML, as CI systems read it.
package junit

import (
	"encoding/xml"
	"fmt"
	"io"
	"time"
)

type suites struct {
	XMLName  xml.Name `xml:"testsuites"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Errors   int      `xml:"errors,attr"`
	Skipped  int      `xml:"skipped,attr"`
	Suites   []Suite  `xml:"testsuite"`
}

// A Suite is cases that belong together. Write fills in the numbers of cases.
type Suite struct {
	Name      string `xml:"name,attr"`
	Tests     int    `xml:"tests,attr"`
	Failures  int    `xml:"failures,attr"`
	Errors    int    `xml:"errors,attr"`
	Skipped   int    `xml:"skipped,attr"`
	Time      string `xml:"time,attr,omitempty"`      // as Seconds gives it
	Timestamp string `xml:"timestamp,attr,omitempty"` // as Timestamp gives it
	Cases     []Case `xml:"testcase"`
}

// A Case is one test. It passed unless it has a Failure, an Error or Skipped.
type Case struct {
	Name  string `xml:"name,attr"`
	Class string `xml:"classname,attr"`
	File  string `xml:"file,attr,omitempty"`
	Time  string `xml:"time,attr,omitempty"` // as Seconds gives it

	Properties *Properties `xml:"properties"`

	Failure *Message `xml:"failure"`
	Error   *Message `xml:"error"`
	Skipped *Message `xml:"skipped"`
	Output  string   `xml:"system-out,omitempty"`
	Errout  string   `xml:"system-err,omitempty"`
}

type Properties struct {
	Properties []Property `xml:"property"`
}

// A Property is a name and a value that describe a test.
type Property struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

// A Message says why a test did not pass.
type Message struct {
	Message string `xml:"message,attr,omitempty"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// Seconds formats a duration for reports.
func Seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

// Timestamp formats a time for reports.
func Timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05") }

// Write writes a report.
func Write(w io.Writer, list ...Suite) error {
	all := suites{Suites: list}
	for i := range list {
		s := &list[i]
		s.count()
		all.Tests += s.Tests
		all.Failures += s.Failures
		all.Errors += s.Errors
		all.Skipped += s.Skipped
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (s *Suite) count() {
	s.Tests, s.Failures, s.Errors, s.Skipped = len(s.Cases), 0, 0, 0
	for _, c := range s.Cases {
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
