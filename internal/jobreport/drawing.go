// SPDX-License-Identifier: GPL-2.0-or-later

package jobreport

import (
	"fmt"

	"gitlab.com/lcitool/lcitool/internal/markup"
)

// node returns the drawing with its legend. lighter says that it has parts of
// jobs that are drawn lighter.
func (d *drawing) node(lighter bool) markup.Node {
	parts := []any{markup.Attr("viewBox", fmt.Sprintf("0 0 %d %d", d.Width, d.Height), "role", "img", "aria-label", "When each job ran"), "\n", patterns(), "\n"}
	for _, t := range d.Ticks {
		parts = append(parts, markup.El("path.rule", markup.Attr("d", fmt.Sprintf("M%v 20V%d", t.X, d.Height))),
			markup.El("text.scale", markup.Attr("x", t.X, "y", 14, "text-anchor", "middle"), t.Text), "\n")
	}
	for _, a := range d.Arrows {
		line := fmt.Sprintf("M%v %dV%dH%v", a.FromX, a.FromY, a.ToY, a.ToX)
		parts = append(parts, markup.El("path.need", markup.Attr("d", line, "marker-end", "url(#head)")), "\n")
	}
	parts = append(parts, markup.Each(d.Bars, bar.node))
	return markup.Nodes(markup.El("h2", "Timeline"), "\n",
		markup.El("div.wide", markup.El("svg", parts...)), "\n",
		markup.El("p.legend", markup.Each(d.Kinds, kind.node), markup.If(lighter, legendEntry("image, tree, after_script, artifacts", "p-passed", "aside"))), "\n")
}

func (b bar) node() markup.Node {
	segment := func(s segment) markup.Node {
		return markup.El("rect.aside", markup.Attr("x", s.X, "y", b.Y, "width", s.W, "height", barHeight), markup.El("title", s.Title))
	}
	return markup.Nodes(markup.El("g", markup.El("title", b.Title), markup.El("text", markup.Attr("x", 0, "y", b.Middle, "dominant-baseline", "central"), b.Label), "\n",
		markup.If(b.Began, markup.El("rect", markup.Attr("class", "p-"+b.Class, "x", b.X, "y", b.Y, "width", b.W, "height", barHeight)), markup.Each(b.Segments, segment)),
		markup.El("text.after", markup.Attr("x", b.TextX, "y", b.Middle, "dominant-baseline", "central"), b.Text)), "\n")
}

func (k kind) node() markup.Node { return legendEntry(k.Text, "p-"+k.Class) }

// legendEntry returns a small bar of the classes, one over the other, and what
// it means.
func legendEntry(meaning string, classes ...string) markup.Node {
	rect := func(class string) markup.Node {
		return markup.El("rect", markup.Attr("class", class, "x", 1, "y", 1, "width", 26, "height", 12))
	}
	return markup.El("span", markup.El("svg", markup.Attr("viewBox", "0 0 28 14", "aria-hidden", "true"), markup.Each(classes, rect)), meaning)
}

// patterns tell bars apart without colours.
func patterns() markup.Node {
	pattern := func(id string, size int, turned bool, class string, ink markup.Node) markup.Node {
		return markup.Nodes(markup.El("pattern", markup.Attr("id", id, "width", size, "height", size, "patternUnits", "userSpaceOnUse"),
			markup.If(turned, markup.Attr("patternTransform", "rotate(45)")),
			markup.El("rect", markup.Attr("class", "back "+class, "width", size, "height", size)), ink), "\n")
	}
	ink := func(class, line string) markup.Node {
		return markup.El("path", markup.Attr("class", "ink "+class, "d", line))
	}
	return markup.El("defs", "\n",
		pattern("hatch", 6, true, "b-bad", ink("i-bad", "M0 0V6")),
		pattern("cross", 7, true, "b-bad", ink("i-bad", "M0 0V7M0 0H7")),
		pattern("level", 5, false, "b-bad", ink("i-bad", "M0 2H5")),
		pattern("upright", 5, false, "b-known", ink("i-known", "M2 0V5")),
		pattern("dots", 6, false, "b-known", markup.El("circle.b-known", markup.Attr("cx", 3, "cy", 3, "r", 1.4))),
		markup.El("marker", markup.Attr("id", "head", "markerWidth", 6, "markerHeight", 6, "refX", 5, "refY", 3, "orient", "auto"),
			markup.El("path.head", markup.Attr("d", "M0 0L6 3L0 6Z"))), "\n")
}
