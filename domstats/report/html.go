// SPDX-License-Identifier: GPL-2.0-or-later

package report

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"strings"

	"gitlab.com/lcitool/lcitool/domstats/suite"
)

//go:embed page.html
var page string

// WriteHTML writes one page that needs nothing else: the results, the map of
// what QEMU offers, what libvirt reports of it and what was checked, and a
// line for each counter that moved.
func (r *Run) WriteHTML(w io.Writer) error {
	t, err := template.New("page").Funcs(template.FuncMap{"line": polyline}).Parse(page)
	if err != nil {
		return fmt.Errorf("cannot read the page's template: %w", err)
	}
	exported, checked := 0, 0
	for _, row := range r.Coverage {
		if row.Pattern != "" {
			exported++
		}
		if row.Checked {
			checked++
		}
	}
	return t.Execute(w, struct {
		*Run
		Deviations        []suite.Deviation
		Moved             []suite.Observation
		Exported, Checked int
		Failures          []suite.Result
		Compared          int
	}{r, r.deviations(), r.moved(), exported, checked, r.failures(), r.compared()})
}

// failures are the results to look at first.
func (r *Run) failures() []suite.Result {
	var out []suite.Result
	for _, x := range r.Results {
		if x.Status == suite.Fail {
			out = append(out, x)
		}
	}
	return out
}

// compared is how many of libvirt's statistics a case compared, other than 0 with 0.
func (r *Run) compared() int {
	n := 0
	for _, s := range r.Statistics {
		if len(s.Cases) > 0 && s.Moved {
			n++
		}
	}
	return n
}

// deviations are the rows of the table that a case met, or missed.
func (r *Run) deviations() []suite.Deviation {
	met := map[string]bool{}
	for _, x := range r.Results {
		for _, id := range x.KDs {
			met[id] = true
		}
	}
	var out []suite.Deviation
	for _, d := range suite.Deviations() {
		if met[d.ID] {
			out = append(out, d)
		}
	}
	return out
}

// moved are the numbers that changed often enough to draw.
func (r *Run) moved() []suite.Observation {
	const enough, most = 4, 400
	var out []suite.Observation
	for _, o := range r.Observations {
		if len(o.Samples) >= enough && o.Type != "string" && o.Type != "boolean" && len(out) < most {
			out = append(out, o)
		}
	}
	return out
}

// polyline returns the points of a drawing of 300 by 40.
func polyline(samples []suite.Sample) string {
	const width, height = 300.0, 40.0
	low, high := number(samples[0].Value), number(samples[0].Value)
	for _, s := range samples {
		low, high = min(low, number(s.Value)), max(high, number(s.Value))
	}
	first, last := samples[0].At, samples[len(samples)-1].At
	var points []string
	for _, s := range samples {
		x := width * float64(s.At-first) / max(float64(last-first), 1)
		y := height - height*(number(s.Value)-low)/max(high-low, 1)
		points = append(points, fmt.Sprintf("%.1f,%.1f", x, y))
	}
	return strings.Join(points, " ")
}

// number reads a sample's value, whether it came from a run or from a file.
func number(v any) float64 {
	switch v := v.(type) {
	case int32:
		return float64(v)
	case uint32:
		return float64(v)
	case int64:
		return float64(v)
	case uint64:
		return float64(v)
	case float64:
		return v
	case json.Number:
		f, err := v.Float64()
		if err != nil {
			return 0
		}
		return f
	}
	return 0
}
