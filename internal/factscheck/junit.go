// SPDX-License-Identifier: GPL-2.0-or-later

package factscheck

import (
	"encoding/xml"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/repodata"
)

// The elements of a JUnit report, as CI systems read it.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		File    string        `xml:"file,attr,omitempty"`
		Failure *junitFailure `xml:"failure"`
		Error   *junitFailure `xml:"error"`
		Output  string        `xml:"system-out,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit gives the reports with a suite for each target and a case for each name.
func JUnit(reports []Report) ([]byte, error) {
	var all junitSuites
	for _, r := range reports {
		suite := junitSuite{
			Name: r.Target, Tests: len(r.Names) + len(r.Errors), Failures: r.Counts.Missing, Errors: len(r.Errors),
		}
		for _, e := range r.Errors {
			suite.Cases = append(suite.Cases, junitCase{Class: r.Target, Name: "index", Error: &junitFailure{Message: e}})
		}
		for _, n := range r.Names {
			c := junitCase{Class: r.Target + "." + n.Arch, Name: n.Name}
			if len(n.Uses) > 0 {
				c.File = n.Uses[0].File
			}
			switch n.Status {
			case repodata.Missing:
				c.Failure = &junitFailure{Message: "no such package", Text: strings.TrimSpace(n.Where() + "\n" + n.Note())}
			case repodata.Virtual:
				c.Output = n.Note()
			}
			suite.Cases = append(suite.Cases, c)
		}
		all.Suites = append(all.Suites, suite)
		all.Tests += suite.Tests
		all.Failures += suite.Failures
		all.Errors += suite.Errors
	}
	text, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(append([]byte(xml.Header), text...), '\n'), nil
}
