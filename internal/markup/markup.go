// SPDX-License-Identifier: GPL-2.0-or-later

// Package markup makes HTML pages of elements.
//
// A string is always text: it becomes no element, no attribute, no address to
// load and no program. html/template would do the same, but its text/template
// calls methods by names that are only known when the program runs: the linker
// then keeps the exported methods of all types, a quarter of the program.
package markup

import (
	"fmt"
	"io"
	"net/url"
	"strings"

	"golang.org/x/net/html"

	"gitlab.com/lcitool/lcitool/internal/termtext"
)

// A Node is a part of an element: an element, attributes, or several nodes. nil
// is nothing.
type Node interface {
	appendTo(parent *html.Node)
}

// El returns an element. A kind is its name and, after a dot, its class. Parts
// that are no nodes are text.
func El(kind string, parts ...any) Node {
	name, class, _ := strings.Cut(kind, ".")
	switch name {
	case "iframe", "noembed", "noframes", "noscript", "plaintext", "script", "style", "xmp":
		panic("markup: the text of <" + name + "> is not text")
	}
	if class != "" {
		parts = append([]any{Attr("class", class)}, parts...)
	}
	return element{name, Nodes(parts...)}
}

// Nodes returns the parts as one Node.
func Nodes(parts ...any) Node {
	var list nodes
	for _, part := range parts {
		switch part := part.(type) {
		case nil:
		case Node:
			list = append(list, part)
		default:
			list = append(list, text(fmt.Sprint(part)))
		}
	}
	return list
}

// If returns the parts if a condition holds.
func If(condition bool, parts ...any) Node {
	if !condition {
		return nil
	}
	return Nodes(parts...)
}

// Each returns a node for each item of a list.
func Each[T any](list []T, node func(T) Node) Node {
	var all nodes
	for _, item := range list {
		if n := node(item); n != nil {
			all = append(all, n)
		}
	}
	return all
}

// Attr returns attributes: a name, its value, the next name. It knows the names
// of those whose value is shown or measured, not loaded or run.
func Attr(pairs ...any) Node {
	var list attributes
	for i := 0; i < len(pairs); i += 2 {
		name := fmt.Sprint(pairs[i])
		switch name {
		case "aria-hidden", "aria-label", "charset", "class", "content", "cx", "cy", "d", "dominant-baseline", "height", "http-equiv", "id",
			"lang", "marker-end", "markerHeight", "markerWidth", "name", "orient", "patternTransform", "patternUnits", "points", "r", "refX",
			"refY", "role", "text-anchor", "viewBox", "width", "x", "y":
		default:
			panic("markup: attribute " + name + " is not known to be harmless")
		}
		list = append(list, html.Attribute{Key: name, Val: termtext.Text(fmt.Sprint(pairs[i+1]))})
	}
	return list
}

// Link returns an attribute that leads to the element of this page with an ID.
// There are no other links, so that none leads to a program or another site.
func Link(id string) Node {
	return attributes{{Key: "href", Val: "#" + (&url.URL{Path: termtext.Text(id)}).EscapedPath()}}
}

// Style returns the style of the page, which is the program's own.
func Style(css string) Node {
	if strings.Contains(css, "</") {
		panic("markup: the style ends itself")
	}
	return element{"style", nodes{text(css)}}
}

// Render writes a page. root is its element html.
func Render(w io.Writer, root Node) error {
	document := &html.Node{Type: html.DocumentNode}
	document.AppendChild(&html.Node{Type: html.DoctypeNode, Data: "html"})
	Nodes("\n", root, "\n").appendTo(document)
	return html.Render(w, document)
}

type nodes []Node

func (l nodes) appendTo(parent *html.Node) {
	for _, n := range l {
		n.appendTo(parent)
	}
}

type element struct {
	name     string
	children Node
}

func (e element) appendTo(parent *html.Node) {
	n := &html.Node{Type: html.ElementNode, Data: e.name}
	e.children.appendTo(n)
	parent.AppendChild(n)
}

type text string

func (t text) appendTo(parent *html.Node) {
	parent.AppendChild(&html.Node{Type: html.TextNode, Data: termtext.Text(string(t))})
}

type attributes []html.Attribute

func (a attributes) appendTo(parent *html.Node) { parent.Attr = append(parent.Attr, a...) }
