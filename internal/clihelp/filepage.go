// SPDX-License-Identifier: GPL-2.0-or-later

package clihelp

import (
	"fmt"
	"path"
	"strings"

	"gopkg.in/yaml.v3"
)

// A FilePage is a manual page in section 5: a file, or files that go together.
type FilePage struct {
	Name    string // of the page, such as "tool-config"
	Short   string // what the page is about, for NAME
	Date    string // of the release, such as "November 2026"
	Files   []FileKeys
	Paths   []Item   // for FILES
	SeeAlso []string // pages, such as "tool(1)"
}

// FileKeys is one kind of file on a page.
type FileKeys struct {
	Heading  string // such as "ci/manifest.yml"
	Schema   string // name of its JSON Schema
	Examples []FileExample
}

// A FileExample is a whole file.
type FileExample struct {
	About string // a sentence
	Text  string // YAML
	Part  string // of the schema that it fits, such as "#/$defs/override"; "" for the whole
}

// Man writes the page for troff -man. Keys come in the order of the schemas,
// which read returns by name.
func (p *FilePage) Man(read func(name string) ([]byte, error)) ([]byte, error) {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %q 5 %q %q %q\n", strings.ToUpper(p.Name), p.Date, "lcitool", "lcitool")
	b.WriteString(".SH NAME\n" + escape(p.Name) + ` \- ` + escape(p.Short) + "\n.SH DESCRIPTION\nThe files are YAML. A name in capitals stands for any key, [] for each item of a list.\n")
	for _, f := range p.Files {
		w := &keyWriter{text: &b, read: read, documents: map[string]*yaml.Node{}}
		root, err := w.document(f.Schema)
		if err != nil {
			return nil, err
		}
		b.WriteString(".SH " + escape(f.Heading) + "\n" + paragraphs(value(root, "description")))
		if err := w.keys("", f.Schema, root); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Schema, err)
		}
	}
	b.WriteString(".SH EXAMPLES\n")
	for _, f := range p.Files {
		for _, example := range f.Examples {
			b.WriteString(".PP\n" + escape(example.About) + "\n.PP\n.EX\n" + literal(example.Text) + ".EE\n")
		}
	}
	items(&b, "FILES", p.Paths)
	b.WriteString(".SH SEE ALSO\n")
	for i, page := range p.SeeAlso {
		name, section, _ := strings.Cut(page, "(")
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(`\fB` + escape(name) + `\fR(` + section)
	}
	b.WriteString("\n")
	return []byte(b.String()), nil
}

// maxDepth is more than any of the schemas has.
const maxDepth = 12

type keyWriter struct {
	text      *strings.Builder
	read      func(name string) ([]byte, error)
	documents map[string]*yaml.Node
	depth     int
}

func (w *keyWriter) document(name string) (*yaml.Node, error) {
	if doc := w.documents[name]; doc != nil {
		return doc, nil
	}
	data, err := w.read(name)
	if err != nil {
		return nil, err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil || len(doc.Content) != 1 {
		return nil, fmt.Errorf("%s is no schema: %w", name, err)
	}
	w.documents[name] = doc.Content[0]
	return doc.Content[0], nil
}

// keys writes what a schema of an object says of its keys. file is the schema
// that references are relative to.
func (w *keyWriter) keys(prefix, file string, node *yaml.Node) error {
	if w.depth++; w.depth > maxDepth {
		return fmt.Errorf("%s: the schema refers to itself", prefix)
	}
	defer func() { w.depth-- }()
	file, node, err := w.follow(file, node)
	if err != nil {
		return err
	}
	if prefix != "" {
		prefix += "."
	}
	for _, set := range []struct{ key, shown string }{{"properties", ""}, {"patternProperties", ""}} {
		properties := member(node, set.key)
		for i := 0; properties != nil && i+1 < len(properties.Content); i += 2 {
			name := properties.Content[i].Value
			if set.key == "patternProperties" {
				name = strings.Trim(name, "^$") + "NAME"
			}
			if err := w.key(prefix+name, file, properties.Content[i+1]); err != nil {
				return err
			}
		}
	}
	if any := member(node, "additionalProperties"); any != nil && any.Kind == yaml.MappingNode {
		return w.key(prefix+"NAME", file, any)
	}
	return nil
}

// key writes one key, then those below it.
func (w *keyWriter) key(name, file string, node *yaml.Node) error {
	own := value(node, "description")
	file, node, err := w.follow(file, node)
	if err != nil {
		return err
	}
	facts := own
	if facts == "" {
		facts = value(node, "description")
	}
	if facts != "" && !strings.HasSuffix(facts, ".") {
		facts += "."
	}
	if choices := member(node, "enum"); choices != nil && path.Base(file) != "names.json" {
		facts += " One of " + list(choices) + "."
	}
	if def := member(node, "default"); def != nil && def.Value != "" {
		facts += " The default is " + def.Value + "."
	}
	if facts == "" {
		facts = kinds(node)
	}
	w.text.WriteString(".TP\n.B " + escape(name) + "\n" + escape(strings.TrimSpace(facts)) + "\n")
	below := []*yaml.Node{node}
	if alternatives := member(node, "anyOf"); alternatives != nil {
		below = append(below, alternatives.Content...)
	}
	for _, n := range below {
		inner, n, err := w.follow(file, n)
		if err != nil {
			return err
		}
		at := name
		if items := member(n, "items"); items != nil {
			at, n = name+"[]", items
		}
		if err := w.keys(at, inner, n); err != nil {
			return err
		}
	}
	return nil
}

// follow resolves a reference.
func (w *keyWriter) follow(file string, node *yaml.Node) (string, *yaml.Node, error) {
	for range maxDepth {
		ref := value(node, "$ref")
		if ref == "" || member(node, "properties") != nil && !strings.HasPrefix(ref, "#/$defs/override") {
			return file, node, nil
		}
		other, place, _ := strings.Cut(ref, "#/")
		if other != "" {
			file = other
		}
		doc, err := w.document(file)
		if err != nil {
			return "", nil, err
		}
		for _, step := range strings.Split(place, "/") {
			if doc = member(doc, step); doc == nil {
				return "", nil, fmt.Errorf("%s leads nowhere", ref)
			}
		}
		node = doc
	}
	return "", nil, fmt.Errorf("references of %s have no end", file)
}

// member returns what an object has below a key, nil for nothing.
func member(node *yaml.Node, key string) *yaml.Node {
	if node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return node.Content[i+1]
		}
	}
	return nil
}

func value(node *yaml.Node, key string) string {
	if m := member(node, key); m != nil && m.Kind == yaml.ScalarNode {
		return m.Value
	}
	return ""
}

// kinds says what values are, for a key that the schema says nothing else of.
func kinds(node *yaml.Node) string {
	kind := member(node, "type")
	switch {
	case kind == nil:
		return "Any value."
	case kind.Kind == yaml.ScalarNode && kind.Value == "object":
		return "A mapping."
	case kind.Kind == yaml.ScalarNode && kind.Value == "array":
		return "A list."
	case kind.Kind == yaml.ScalarNode:
		return "A " + kind.Value + "."
	}
	return "A " + list(kind) + "."
}

// list joins the items of a sequence: a, b or c.
func list(node *yaml.Node) string {
	var words []string
	for _, item := range node.Content {
		word := item.Value
		if word == "object" {
			word = "mapping"
		}
		if word == "array" {
			word = "list"
		}
		words = append(words, word)
	}
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
