// SPDX-License-Identifier: GPL-2.0-or-later

package factscheck

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/repodata"
)

// A Report is the result for one target. --format json prints a list of reports.
type Report struct {
	Target     string        `json:"target"`
	Mirror     string        `json:"mirror"` // without a password
	Counts     Counts        `json:"counts"`
	Packages   int           `json:"packages"`   // entries of all indexes read
	Signatures []Signature   `json:"signatures"` // of each signed document, once
	Warnings   []string      `json:"warnings"`
	Skipped    []SkippedArch `json:"skipped"`
	Errors     []string      `json:"errors"` // about indexes that cannot be read; their names are not in Names
	Names      []Name        `json:"names"`  // by architecture, then by name
}

// newReport makes one whose lists are empty rather than null.
func newReport(target, mirror string) Report {
	if u, err := url.Parse(mirror); err == nil {
		mirror = u.Redacted()
	}
	return Report{
		Target: target, Mirror: mirror, Signatures: []Signature{}, Warnings: []string{},
		Skipped: []SkippedArch{}, Errors: []string{}, Names: []Name{},
	}
}

// Counts are numbers of names.
type Counts struct {
	Present int `json:"present"`
	Virtual int `json:"virtual"`
	Missing int `json:"missing"`
}

// A Signature is the result of verifying a document.
type Signature struct {
	URL      string `json:"url"`
	Verified bool   `json:"verified"`
	Detail   string `json:"detail"`
}

// A SkippedArch is an architecture that the facts have and the distribution lacks.
type SkippedArch struct {
	Arch   string `json:"arch"`
	Names  int    `json:"names"`
	Reason string `json:"reason"`
}

// A Name is a package name that the facts give.
type Name struct {
	Name       string          `json:"name"`
	Arch       string          `json:"arch"`
	Status     repodata.Status `json:"status"`
	ProvidedBy []string        `json:"provided_by,omitempty"`
	Nearest    []string        `json:"nearest,omitempty"`
	Uses       []Use           `json:"uses"`
}

// add takes the answers of one architecture's indexes.
func (r *Report) add(w *wantedNames, answers *repodata.Report) {
	r.Packages += answers.Packages
	for _, s := range answers.Signatures {
		if known := Signature(s); !slices.Contains(r.Signatures, known) {
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
		r.Names = append(r.Names, Name{res.Name, string(w.arch), res.Status, res.ProvidedBy, res.Nearest, w.usesOf(res.Name)})
	}
}

// Note returns what a report adds to the name.
func (n Name) Note() string {
	switch {
	case n.Status == repodata.Virtual:
		return "provided by " + strings.Join(n.ProvidedBy, ", ")
	case len(n.Nearest) > 0:
		return "similar: " + strings.Join(n.Nearest, ", ")
	}
	return ""
}

// Where lists the lines of facts that give the name, with their mappings.
func (n Name) Where() string {
	var places []string
	for _, u := range n.Uses {
		places = append(places, fmt.Sprintf("%s (%s:%d)", u.Mapping, u.File, u.Line))
	}
	return strings.Join(places, ", ")
}
