// SPDX-License-Identifier: GPL-2.0-or-later

package jobreport

import (
	"fmt"

	"gitlab.com/lcitool/lcitool/internal/jobdiff"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/markup"
)

// page returns the element html.
func (d *pageData) page() markup.Node {
	verdict := markup.El("span.failed", "Jobs did not pass")
	if d.OK {
		verdict = markup.El("span.passed", "Jobs passed")
	}
	return markup.El("html", markup.Attr("lang", "en"), "\n",
		markup.El("meta", markup.Attr("charset", "utf-8")), "\n",
		markup.El("meta", markup.Attr("http-equiv", "Content-Security-Policy", "content", d.Policy)), "\n",
		markup.El("meta", markup.Attr("name", "viewport", "content", "width=device-width, initial-scale=1")), "\n",
		markup.El("title", "Jobs: ", d.Sum), "\n",
		markup.Style(style), "\n",
		markup.El("h1", verdict), "\n",
		d.head(), "\n",
		markup.El("h2", "Jobs"), "\n",
		table(headings("Job", "Target", "Result", "Time", "First failing line"), markup.Each(d.Rows, row.node)), "\n",
		d.Drawing.node(len(d.Times) > 0),
		d.times(), d.failures(), d.crashes(), d.packages())
}

func (d *pageData) head() markup.Node {
	run := d.Run
	from := markup.Nodes("the working tree")
	if run.Commit != "" {
		from = markup.Nodes("commit ", code(run.Commit))
	}
	return markup.El("p", markup.El("b", d.Sum), " in ", d.Time, markup.If(d.Killed(), "; this run was ended before it was over"), br(), "\n",
		code(run.Project), ", ", from, markup.If(run.Event != "", ", event ", code(run.Event)), br(), "\n",
		d.Date(), ", run ", code(run.ID), markup.If(run.Engine != "", ", engine ", code(run.Engine)))
}

func code(text string) markup.Node { return markup.El("code", text) }

func br() markup.Node { return markup.El("br") }

func headings(columns ...string) markup.Node {
	return markup.El("tr", markup.Each(columns, func(column string) markup.Node {
		if column == "Time" {
			return markup.El("th.time", column)
		}
		return markup.El("th", column)
	}))
}

func table(heading, rows markup.Node) markup.Node {
	return markup.El("div.wide", markup.El("table", "\n", heading, "\n", rows))
}

func (r row) node() markup.Node {
	return markup.Nodes(markup.El("tr",
		markup.El("td.name", r.Name), markup.El("td.target", r.Target, " ", r.Arch),
		markup.El("td", markup.Attr("class", "result "+r.Class), r.Result), markup.El("td.time", r.Time), "\n",
		markup.El("td.said", markup.If(r.Line != "", code(r.Line)), markup.If(r.ID != "", " ", markup.El("a", markup.Link(r.ID), "log")))), "\n")
}

func (d *pageData) times() markup.Node {
	if len(d.Times) == 0 {
		return nil
	}
	longest := markup.Each(d.Longest, func(c command) markup.Node {
		return markup.Nodes(markup.El("tr", markup.El("td.time", c.Time), markup.El("td.name", c.Job), markup.El("td.said", code(c.Text))), "\n")
	})
	return markup.Nodes(markup.El("h2", "Times"), "\n",
		markup.If(len(d.Longest) > 0, markup.El("p", "The commands that took longest:"), "\n",
			table(headings("Time", "Job", "Command"), longest), "\n"),
		markup.Each(d.Times, breakdown.node))
}

func (b breakdown) node() markup.Node {
	var parts []any
	for i, p := range b.Parts {
		if i > 0 {
			parts = append(parts, ", ")
		}
		parts = append(parts, p.Name+" "+p.Time)
	}
	commands := markup.Each(b.Commands, func(c command) markup.Node {
		return markup.Nodes(markup.El("tr", markup.El("td.time", c.Time), markup.El("td", c.Stage), markup.El("td.said", code(c.Text))), "\n")
	})
	return markup.Nodes(markup.El("details", markup.El("summary", b.Name), "\n",
		markup.El("p", parts...), "\n",
		markup.If(len(b.Commands) > 0, table(headings("Time", "Of", "Command"), commands), more("More: ", b.Left), "\n")), "\n")
}

func more(text string, n int) markup.Node {
	return markup.If(n > 0, markup.El("p", text, n, "."))
}

func (d *pageData) failures() markup.Node {
	if len(d.Failures) == 0 {
		return nil
	}
	return markup.Nodes(markup.El("h2", "Failures"), "\n", markup.Each(d.Failures, failure.node), more("More failures: ", d.Left))
}

func (f failure) node() markup.Node {
	return markup.Nodes(markup.El("h3", markup.Attr("id", f.ID), f.Name, ": ", markup.El("span", markup.Attr("class", f.Class), f.Result)), "\n",
		markup.If(f.Line != "", markup.El("p", code(f.Line))),
		markup.If(f.Command != "", markup.El("p", "Command: ", code(f.Command))),
		markup.If(f.Unread != "", markup.El("p", f.Unread)),
		f.Excerpt.node(),
		markup.If(f.LogFile != "", markup.El("p", "Log: ", code(f.LogFile))),
		markup.If(f.Container != "", markup.El("p", "Its container was kept: ", code(f.Container))), "\n")
}

func (x *Excerpt) node() markup.Node {
	if x == nil || len(x.Lines)+len(x.Tail) == 0 {
		return nil
	}
	line := func(l Line) markup.Node {
		return markup.El("span", markup.If(l.Failing, markup.Attr("class", "here")), markup.El("i", l.Number), l.Text)
	}
	gap := len(x.Lines) > 0 && len(x.Tail) > 0
	return markup.Nodes(markup.El("pre", markup.Each(x.Lines, line), markup.If(gap, markup.El("span.gap", markup.El("i", "…"))), markup.Each(x.Tail, line)), "\n")
}

func (d *pageData) crashes() markup.Node {
	if len(d.Crashes) == 0 {
		return nil
	}
	return markup.Nodes(markup.El("h2", "Crashes"), "\n", markup.Each(d.Crashes, crash.node))
}

func (c crash) node() markup.Node {
	frame := func(text string) markup.Node { return markup.El("span", text) }
	return markup.Nodes(markup.El("h3", c.Job, ": ", markup.El("span.failed", c.Text())), "\n",
		markup.El("p", markup.If(c.Command != "", "Command: ", code(c.Command), br()), markup.If(c.BuildID != "", "Build id: ", code(c.BuildID), br()),
			"Files: ", code(c.Dir), markup.Each(c.Notes, func(note string) markup.Node { return markup.Nodes(br(), note) })), "\n",
		markup.If(len(c.Frames) > 0, markup.El("pre", markup.Each(c.Frames, frame)), "\n"))
}

func (d *pageData) packages() markup.Node {
	if len(d.Packages) == 0 {
		return nil
	}
	return markup.Nodes(markup.El("h2", "Packages"), "\n",
		markup.El("p", "Each job that failed, compared with the one that passed whose image is most like its own."), "\n",
		markup.Each(d.Packages, comparison.node))
}

func (c comparison) node() markup.Node {
	jobs := fmt.Sprintf("%s and %s: ", c.Failed.Name, c.Passed.Name)
	if len(c.Changed) == 0 {
		return markup.Nodes(markup.El("p", jobs, "of ", c.Same, " packages in both, none has another version."), "\n")
	}
	version := func(p jobdiff.PackageChange) markup.Node {
		return markup.Nodes(markup.El("tr", markup.El("td", code(p.Name)), markup.El("td", code(p.Left)), markup.El("td", code(p.Right))), "\n")
	}
	column := func(j *jobrecord.Job, result string) markup.Node { return markup.El("th", j.Name, " (", result, ")") }
	heading := markup.El("tr", markup.El("th", "Package"), column(c.Failed, "failed"), column(c.Passed, "passed"))
	return markup.El("details",
		markup.El("summary", jobs, len(c.Changed), markup.If(c.More > 0, " of many"), " other versions, ", c.Same, " the same"), "\n",
		table(heading, markup.Each(c.Changed, version)), more("More: ", c.More), "\n")
}
