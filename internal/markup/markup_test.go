// SPDX-License-Identifier: GPL-2.0-or-later

package markup

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

const hostile = "</title></style></td><script>alert(1)</script><a href=\"javascript:alert(1)\" onclick='x'>&amp;\x00\x1b\u202e\xff\r`"

func render(t *testing.T, parts ...any) string {
	t.Helper()
	var b strings.Builder
	if err := Render(&b, El("html", parts...)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestRender(t *testing.T) {
	got := render(t, Attr("lang", "en"), Style("p { color: red }"), "\n", If(false, El("i")), nil,
		El("p.note", If(true, Attr("id", "x<y", "x", 1.5)), "a<", 7, El("br"), Each([]string{"b", ""}, func(s string) Node {
			if s == "" {
				return nil
			}
			return El("b", s)
		}), El("a", Link("x<y"), "here")))
	want := "<!DOCTYPE html>\n<html lang=\"en\"><style>p { color: red }</style>\n<p class=\"note\" id=\"x&lt;y\" x=\"1.5\">a&lt;7<br/><b>b</b>" +
		"<a href=\"#x%3Cy\">here</a></p></html>\n"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestTextStaysText parses a page as a browser does: a hostile text is in it, wherever it
// may be, and is nothing but text.
func TestTextStaysText(t *testing.T) {
	page := render(t, El("title", hostile), Style("p {}"), El("p", Attr("id", hostile, "content", hostile), hostile, El("pre", "\n"+hostile)),
		El("svg", Attr("aria-label", hostile), El("title", hostile), El("text", hostile)), El("a", Link(hostile), hostile))
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	clean := strings.NewReplacer("\x00", "\ufffd", "\x1b", "\ufffd", "\u202e", "\ufffd", "\xff", "\ufffd", "\r", "\ufffd").Replace(hostile)
	texts := 0
	for n := range root.Descendants() {
		switch {
		case n.Type == html.TextNode && strings.TrimPrefix(n.Data, "\n") == clean:
			texts++
		case n.Type == html.ElementNode && strings.Contains("html head body title style p pre svg text a", n.Data):
			for _, a := range n.Attr {
				if a.Key == "href" && !strings.HasPrefix(a.Val, "#") || a.Key != "href" && a.Val != clean {
					t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
				}
			}
		case n.Type == html.ElementNode:
			t.Errorf("there is an element <%s>", n.Data)
		}
	}
	if texts != 6 {
		t.Errorf("%d texts in %s", texts, page)
	}
}

func TestLink(t *testing.T) {
	for id, want := range map[string]string{
		"API-01": "#API-01", "": "#", "a b": "#a%20b", "javascript:alert(1)": "#javascript:alert%281%29", "//host/x": "#//host/x", "#x": "#%23x",
	} {
		got := Link(id).(attributes)[0]
		if got.Key != "href" || got.Val != want {
			t.Errorf("%q: got %s=%q, want %q", id, got.Key, got.Val, want)
		}
	}
}

// TestRefused has what could make text something else.
func TestRefused(t *testing.T) {
	refused := map[string]func(){"style": func() { Style("p {}</style>") }}
	for _, name := range []string{"script", "style", "iframe", "noscript", "xmp.class"} {
		refused["element "+name] = func() { El(name, "x") }
	}
	for _, name := range []string{"href", "src", "onclick", "style", "srcdoc", "action", "xlink:href", "Class", "a b", ""} {
		refused["attribute "+name] = func() { Attr(name, "x") }
	}
	for name, do := range refused {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s is not refused", name)
				}
			}()
			do()
		}()
	}
}

type full struct{}

var errFull = errors.New("no room")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestFullDisk(t *testing.T) {
	if err := Render(full{}, El("html", strings.Repeat("x", 10000))); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
}
