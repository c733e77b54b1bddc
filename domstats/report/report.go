// SPDX-License-Identifier: GPL-2.0-or-later

// Package report writes what a run of the statistics suite found out.
//
// [Run] is the whole of it and what the JSON file holds; the other formats are
// made from it.
package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/suite"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// format is raised when old readers would misunderstand a new file.
const format = 1

// A Run is one run with where it happened.
type Run struct {
	Format       int                    `json:"format"`
	Where        Where                  `json:"where"`
	Results      []suite.Result         `json:"results"`
	Coverage     []domstats.CoverageRow `json:"coverage"`
	Statistics   []suite.Statistic      `json:"statistics,omitempty"` // libvirt's own
	Schema       domstats.Schema        `json:"schema"`
	Observations []suite.Observation    `json:"observations"`
	Unknown      []string               `json:"unknown,omitempty"` // not in the catalogue
}

// Where says what was tested, and on what.
type Where struct {
	URI     string    `json:"uri"`
	Libvirt string    `json:"libvirt"`
	QEMU    string    `json:"qemu,omitempty"` // empty without a QEMU driver
	Kernel  string    `json:"kernel"`
	Machine string    `json:"machine"` // host name
	Started time.Time `json:"started"`
	Seconds float64   `json:"seconds"`
}

// New combines a report of the suite with where it was made. Versions and
// times of w are filled in.
func New(rep *suite.Report, w Where) *Run {
	w.Libvirt = rep.Libvirt.String()
	if rep.QEMU != 0 {
		w.QEMU = rep.QEMU.String()
	}
	w.Started, w.Seconds = rep.Started, rep.Took.Seconds()
	return &Run{Format: format, Where: w, Results: rep.Results, Coverage: rep.Coverage, Statistics: rep.Statistics, Schema: rep.Schema,
		Observations: rep.Observations, Unknown: rep.Unknown}
}

// Stack names the releases in a few words.
func (w Where) Stack() string {
	if w.QEMU == "" {
		return "libvirt " + w.Libvirt
	}
	return fmt.Sprintf("libvirt %s, QEMU %s", w.Libvirt, w.QEMU)
}

// Count is the number of results with a status.
func (r *Run) Count(s suite.Status) int {
	n := 0
	for _, x := range r.Results {
		if x.Status == s {
			n++
		}
	}
	return n
}

// Failed reports whether a case failed.
func (r *Run) Failed() bool { return r.Count(suite.Fail) > 0 }

// Totals are the counts in words.
func (r *Run) Totals() string {
	return fmt.Sprintf("%d pass, %d fail, %d skip, %d known, %d fixed", r.Count(suite.Pass), r.Count(suite.Fail), r.Count(suite.Skip),
		r.Count(suite.Known), r.Count(suite.Fixed))
}

// WriteJSON writes the whole run.
func (r *Run) WriteJSON(w io.Writer) error {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return err
	}
	_, err := w.Write(termtext.JSON(text.Bytes())) // names are the server's
	return err
}

// ReadFile reads a file that WriteJSON wrote.
func ReadFile(path string) (*Run, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := ReadJSON(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// ReadJSON reads what WriteJSON wrote. Numbers of samples arrive as
// [json.Number], so that none loses digits.
func ReadJSON(in io.Reader) (*Run, error) {
	d := json.NewDecoder(in)
	d.UseNumber()
	d.DisallowUnknownFields()
	var r Run
	if err := d.Decode(&r); err != nil {
		return nil, fmt.Errorf("cannot read the run: %w", err)
	}
	if r.Format != format {
		return nil, fmt.Errorf("the run has format %d, this program reads format %d", r.Format, format)
	}
	return &r, nil
}
