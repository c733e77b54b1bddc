// SPDX-License-Identifier: GPL-2.0-or-later

package report

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/suite"
	"gitlab.com/lcitool/lcitool/internal/markup"
)

//go:embed page.css
var style string

// WriteHTML writes one page that needs nothing else: the results, the map of
// what QEMU offers, what libvirt reports of it and what was checked, and a
// line for each counter that moved.
func (r *Run) WriteHTML(w io.Writer) error {
	where := &r.Where
	return markup.Render(w, markup.El("html", markup.Attr("lang", "en"), "\n",
		markup.El("meta", markup.Attr("charset", "utf-8")), "\n",
		markup.El("meta", markup.Attr("name", "viewport", "content", "width=device-width, initial-scale=1")), "\n",
		markup.El("title", "Domain statistics: ", where.Stack()), "\n",
		markup.Style("\n"+style), "\n",
		markup.El("h1", "Domain statistics"), "\n",
		markup.El("p", where.Stack(), ", kernel ", where.Kernel, " on ", where.Machine, ", ", where.URI, markup.El("br"), "\n",
			where.Started.UTC().Format("2006-01-02 15:04"), " UTC, ", fmt.Sprintf("%.0f", where.Seconds), " s: ", markup.El("b", r.Totals())), "\n",
		section("Failures", headings("Case", "What it is about"), r.failures(), failed), "\n",
		markup.El("h2", "Cases"), "\n",
		table(headings("Case", "Verdict", "What it is about"), markup.Each(r.Results, result)), "\n",
		section("Deviations met", headings("Id", "What happens", "What would be right"), r.deviations(), deviation), "\n",
		r.libvirts(), "\n",
		r.qemus(), "\n",
		markup.If(len(r.Unknown) > 0, markup.El("h2", "Not in the catalogue"), "\n",
			markup.El("p", markup.Each(r.Unknown, func(name string) markup.Node { return markup.Nodes(code(name), " ") }))), "\n",
		drawings(r.moved()), "\n"))
}

func code(text string) markup.Node { return markup.El("code", text) }

func headings(columns ...string) markup.Node {
	return markup.El("tr", markup.Each(columns, func(column string) markup.Node { return markup.El("th", column) }))
}

func table(heading, rows markup.Node) markup.Node {
	return markup.El("table", "\n", heading, "\n", rows)
}

// section returns a heading and a table, or nothing without rows.
func section[T any](title string, heading markup.Node, rows []T, node func(T) markup.Node) markup.Node {
	return markup.If(len(rows) > 0, markup.El("h2", title), "\n", table(heading, markup.Each(rows, node)))
}

// about is the title of a case, with its messages.
func about(x suite.Result) markup.Node {
	return markup.El("td", x.Title, markup.Each(x.Messages, func(message string) markup.Node { return markup.El("p", message) }))
}

func failed(x suite.Result) markup.Node {
	return markup.Nodes(markup.El("tr", markup.El("td", markup.El("a", markup.Link(x.ID), code(x.ID))), about(x)), "\n")
}

func result(x suite.Result) markup.Node {
	return markup.Nodes(markup.El("tr", markup.Attr("id", x.ID),
		markup.El("td", code(x.ID)), markup.El("td", markup.Attr("class", x.Status), x.Verdict()), about(x)), "\n")
}

func deviation(d suite.Deviation) markup.Node {
	return markup.Nodes(markup.El("tr", markup.El("td", d.ID), markup.El("td", d.What), markup.El("td", d.Correct)), "\n")
}

func yesNo(yes bool) markup.Node {
	if yes {
		return markup.El("td", markup.El("span.yes", "yes"))
	}
	return markup.El("td", markup.El("span.no", "no"))
}

// libvirts are the statistics of libvirt's catalogue.
func (r *Run) libvirts() markup.Node {
	if len(r.Statistics) == 0 {
		return nil
	}
	link := func(id string) markup.Node { return markup.Nodes(markup.El("a", markup.Link(id), id), " ") }
	row := func(s suite.Statistic) markup.Node {
		return markup.Nodes(markup.El("tr", markup.El("td", code(s.Pattern)), "\n", yesNo(s.Seen), "\n",
			markup.El("td", markup.Each(s.Cases, link), markup.If(len(s.Cases) > 0 && !s.Moved, markup.El("span.no", "(stayed 0)")))), "\n")
	}
	return markup.Nodes(markup.El("h2", "What libvirt reports"), "\n",
		markup.El("p", "Of the ", len(r.Statistics), " statistics in libvirt's catalogue, cases compared the values of ", r.compared(),
			"; a value that stayed 0 does not count."), "\n",
		table(headings("Statistic", "Seen", "Compared by"), markup.Each(r.Statistics, row)))
}

// qemus are the statistics that QEMU offers.
func (r *Run) qemus() markup.Node {
	exported, checked := 0, 0
	for _, row := range r.Coverage {
		if row.Pattern != "" {
			exported++
		}
		if row.Checked {
			checked++
		}
	}
	row := func(c domstats.CoverageRow) markup.Node {
		reported := code(c.Pattern)
		if c.Pattern == "" {
			reported = markup.El("span.no", "not reported: ", c.Reason)
		}
		return markup.Nodes(markup.El("tr", markup.El("td", c.Provider, " ", c.Target, " ", code(c.Name)), markup.El("td", c.Type, " ", c.Unit), "\n",
			markup.El("td", reported), "\n", yesNo(c.Seen), "\n", yesNo(c.Checked)), "\n")
	}
	return markup.Nodes(markup.El("h2", "What QEMU offers"), "\n",
		markup.El("p", "QEMU offers ", len(r.Coverage), " entries; libvirt reports ", exported, ", and the values of ", checked, " were compared with QEMU's."), "\n",
		table(headings("Offered by QEMU", "Type", "Reported by libvirt as", "Seen", "Checked"), markup.Each(r.Coverage, row)))
}

// drawings has a line for each counter.
func drawings(moved []suite.Observation) markup.Node {
	row := func(o suite.Observation) markup.Node {
		line := markup.El("svg", markup.Attr("viewBox", "-2 -2 304 44", "role", "img", "aria-label", o.Name+" over time"),
			markup.El("polyline", markup.Attr("points", polyline(o.Samples))))
		return markup.Nodes(markup.El("tr", markup.El("td", code(o.Case)), markup.El("td", code(o.Name)), markup.El("td", line)), "\n")
	}
	return markup.El("details", markup.El("summary", "Counters that moved (", len(moved), ")"), "\n",
		markup.El("table", "\n", markup.Each(moved, row)), "\n")
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
