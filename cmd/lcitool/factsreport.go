// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"

	"gitlab.com/lcitool/lcitool/internal/repodata"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// A targetReport is what facts verify found out about one target. Its JSON
// form is what --format json prints, in a list.
type targetReport struct {
	Target     string         `json:"target"`
	Mirror     string         `json:"mirror"` // without a password
	Counts     nameCounts     `json:"counts"`
	Packages   int            `json:"packages"`   // entries of all indexes read
	Signatures []signature    `json:"signatures"` // of each signed document, once
	Warnings   []string       `json:"warnings"`
	Skipped    []skippedArch  `json:"skipped"`
	Errors     []string       `json:"errors"` // indexes that cannot be had; their names are not among Names
	Names      []verifiedName `json:"names"`  // by architecture, then by name
}

// newTargetReport makes one whose lists are empty rather than null.
func newTargetReport(target, mirror string) targetReport {
	if u, err := url.Parse(mirror); err == nil {
		mirror = u.Redacted()
	}
	return targetReport{
		Target: target, Mirror: mirror, Signatures: []signature{}, Warnings: []string{},
		Skipped: []skippedArch{}, Errors: []string{}, Names: []verifiedName{},
	}
}

type nameCounts struct {
	Present int `json:"present"`
	Virtual int `json:"virtual"`
	Missing int `json:"missing"`
}

type signature struct {
	URL      string `json:"url"`
	Verified bool   `json:"verified"`
	Detail   string `json:"detail"`
}

// A skippedArch is one that facts have names for and the distribution has not.
type skippedArch struct {
	Arch   string `json:"arch"`
	Names  int    `json:"names"`
	Reason string `json:"reason"`
}

type verifiedName struct {
	Name       string          `json:"name"`
	Arch       string          `json:"arch"`
	Status     repodata.Status `json:"status"`
	ProvidedBy []string        `json:"provided_by,omitempty"`
	Nearest    []string        `json:"nearest,omitempty"`
	Uses       []nameUse       `json:"uses"`
}

// add takes the answers of one architecture's indexes.
func (r *targetReport) add(w *wantedNames, answers *repodata.Report) {
	r.Packages += answers.Packages
	for _, s := range answers.Signatures {
		if known := signature(s); !slices.Contains(r.Signatures, known) {
			r.Signatures = append(r.Signatures, known)
		}
	}
	for _, warning := range answers.Warnings {
		if !slices.Contains(r.Warnings, warning) {
			r.Warnings = append(r.Warnings, warning)
		}
	}
	for _, res := range answers.Results {
		switch res.Status {
		case repodata.Present:
			r.Counts.Present++
		case repodata.Virtual:
			r.Counts.Virtual++
		case repodata.Missing:
			r.Counts.Missing++
		}
		r.Names = append(r.Names, verifiedName{res.Name, string(w.arch), res.Status, res.ProvidedBy, res.Nearest, w.usesOf(res.Name)})
	}
}

// note says what else there is to know about the name.
func (n verifiedName) note() string {
	switch {
	case n.Status == repodata.Virtual:
		return "provided by " + strings.Join(n.ProvidedBy, ", ")
	case len(n.Nearest) > 0:
		return "similar: " + strings.Join(n.Nearest, ", ")
	}
	return ""
}

// where lists the lines of facts that give the name, with their mappings.
func (n verifiedName) where() string {
	var places []string
	for _, u := range n.Uses {
		places = append(places, fmt.Sprintf("%s (%s:%d)", u.Mapping, u.File, u.Line))
	}
	return strings.Join(places, ", ")
}

// showVerified sends the reports to stdout, and what they warn of to stderr.
func (a *app) showVerified(format string, reports []targetReport) error {
	for _, r := range reports {
		for _, w := range r.Warnings {
			a.warnf(r.Target, "%s", w)
		}
		for _, s := range r.Skipped {
			a.warnf(r.Target, "%d names for %s not checked: %s", s.Names, s.Arch, s.Reason)
		}
		for _, s := range r.Signatures {
			if !s.Verified {
				a.tell("note: %s: signature not verified: %s", s.URL, s.Detail)
			}
		}
	}
	switch format {
	case "json":
		return a.json(append([]targetReport{}, reports...))
	case "junit":
		return a.junit(reports)
	}
	return a.verifiedText(reports)
}

// verifiedText writes counts, and a table of the names that are no packages.
func (a *app) verifiedText(reports []targetReport) error {
	var out bytes.Buffer
	for _, r := range reports {
		c := r.Counts
		if len(r.Names) == 0 && len(r.Errors) > 0 {
			continue // nothing is known
		}
		fmt.Fprintf(&out, "%s: %d names: %d present, %d virtual, %d missing\n",
			r.Target, c.Present+c.Virtual+c.Missing, c.Present, c.Virtual, c.Missing)
		if c.Virtual+c.Missing == 0 {
			continue
		}
		table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "  STATUS\tARCH\tNAME\tMAPPING\tREMARK")
		for _, status := range []repodata.Status{repodata.Missing, repodata.Virtual} {
			for _, n := range r.Names {
				if n.Status == status {
					fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%s\n", n.Status, n.Arch, n.Name, n.where(), n.note())
				}
			}
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	lines := strings.Split(termtext.Text(out.String()), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return a.write([]byte(strings.Join(lines, "\n")))
}

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

// junit writes the reports with a suite for each target and a case for each name.
func (a *app) junit(reports []targetReport) error {
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
				c.Failure = &junitFailure{Message: "no such package", Text: strings.TrimSpace(n.where() + "\n" + n.note())}
			case repodata.Virtual:
				c.Output = n.note()
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
		return err
	}
	return a.write(append(append([]byte(xml.Header), text...), '\n'))
}

// sortedKeys lists a map's keys in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
