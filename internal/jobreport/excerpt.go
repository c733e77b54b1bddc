// SPDX-License-Identifier: GPL-2.0-or-later

package jobreport

import (
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/jobrecord"
)

const (
	around   = 20  // lines before and after the failing one
	tail     = 20  // lines at the end of a log
	longLine = 500 // bytes of a line that are shown
)

// An Excerpt is the part of a log that explains a failure.
type Excerpt struct {
	Lines []Line `json:"lines"` // around the first failing one; empty if it is not in the log
	Tail  []Line `json:"tail"`  // the end of the log, as far as it is not in Lines
	Total int    `json:"total"` // lines of the log
}

type Line struct {
	Number  int    `json:"number"` // from 1
	Text    string `json:"text"`
	Failing bool   `json:"failing,omitempty"`
}

// Read returns the part of a job's log that best explains its failure.
func Read(s *jobrecord.Stored, j *jobrecord.Job) (*Excerpt, error) {
	x := &Excerpt{Lines: []Line{}, Tail: []Line{}}
	var other []Line // the last ones that are not in x
	after := -1      // lines after the failing one, -1 before it
	for text, err := range s.Lines(j) {
		if err != nil {
			return nil, err
		}
		x.Total++
		line := Line{Number: x.Total, Text: shorten(text)}
		switch {
		case after < 0 && j.Line != "" && strings.TrimSpace(text) == j.Line:
			line.Failing = true
			x.Lines = append(other[max(0, len(other)-around):], line)
			other, after = nil, 0
		case after >= 0 && after < around:
			x.Lines = append(x.Lines, line)
			after++
		default:
			if other = append(other, line); len(other) > 10*max(around, tail) {
				other = slices.Clone(other[len(other)-max(around, tail):])
			}
		}
	}
	x.Tail = append(x.Tail, other[max(0, len(other)-tail):]...)
	return x, nil
}

func shorten(text string) string {
	if len(text) > longLine {
		return strings.ToValidUTF8(text[:longLine], "") + "…"
	}
	return text
}

func (x *Excerpt) text() string {
	var b strings.Builder
	for _, line := range x.Lines {
		b.WriteString(line.Text + "\n")
	}
	if len(x.Lines) > 0 && len(x.Tail) > 0 {
		b.WriteString("[…]\n")
	}
	for _, line := range x.Tail {
		b.WriteString(line.Text + "\n")
	}
	return b.String()
}
