// SPDX-License-Identifier: GPL-2.0-or-later

package facts

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/yamldoc"
)

// describe writes entries as text, decoded as far as they can be.
func describe(headings []heading, entries []entry) (text string, errs []error) {
	var b strings.Builder
	for _, h := range headings {
		fmt.Fprintf(&b, "%s@%d\n", h.name, h.pos.Line)
	}
	for _, e := range entries {
		if checkHeading(heading{name: e.section}) != nil {
			continue
		}
		fmt.Fprintf(&b, "%s/%s@%d:", e.section, e.name, e.line)
		value, err := e.node()
		if err == nil && !value.IsNull() {
			var fields []yamldoc.Field
			fields, err = value.Mapping()
			for _, f := range fields {
				name, nameErr := decodeName(f)
				err = diag.Join(err, nameErr)
				fmt.Fprintf(&b, " %s@%d.%d=%q,%v", f.Key, f.Pos.Line, f.Pos.Column, name.Package, name.Null)
			}
		}
		if err != nil {
			errs = append(errs, err)
		}
		b.WriteString("\n")
	}
	return b.String(), errs
}

func TestScanTakesThePlainForm(t *testing.T) {
	for _, c := range []struct {
		name, text string
		plain      bool
	}{
		{"empty", "", true},
		{"plain", "mappings:\n  a:\n    default: b\n    deb:\n  c:\n    rpm: 'd e' \n", true},
		{"comments", "# x\n\nmappings: # not plain on a heading's line\n", false},
		{"comments between", "---\n# x\nmappings:\n  # y\n  a: # z\n    deb: b # c\n\n", true},
		{"crlf", "mappings:\r\n  a:\r\n    deb: b\r\n", true},
		{"no last newline", "mappings:\n  a:\n    deb: b", true},
		{"two markers", "---\n---\nmappings:\n", false},
		{"flow", "mappings: {a: {deb: b}}\n", false},
		{"flow in an entry", "mappings:\n  a: {deb: b}\n", false},
		{"other indentation", "mappings:\n    a:\n        deb: b\n", false},
		{"other indentation later", "mappings:\n  a:\n    deb: b\npypi_mappings:\n    a:\n        deb: b\n", false},
		{"anchor", "mappings:\n  a: &a\n    deb: b\n", false},
		{"block scalar", "mappings:\n  a:\n    deb: |\n      b\n", false},
		{"several lines", "mappings:\n  a:\n    deb: b\n      c\n", false},
		{"quotes over lines", "mappings:\n  a:\n    deb: 'b\n    rpm: c'\n", false},
		{"tab", "mappings:\n\ta:\n", false},
		{"carriage return alone", "mappings:\n  a: # x\r  b:\n", false},
		{"line separator", "mappings:\n  a: # x\u2028  b:\n", false},
		{"next line", "mappings:\n  a: # x\u0085  b:\n", false},
		{"quoted key", "mappings:\n  'a':\n    deb: b\n", false},
		{"scalar at the top", "version: 1\n", false},
		{"entry at the top", "  a:\n    deb: b\n", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, _, plain := scan("f", []byte(c.text)); plain != c.plain {
				t.Errorf("plain is %v", plain)
			}
		})
	}
}

func TestBuiltInFilesArePlain(t *testing.T) {
	files, err := fs.Glob(embedded, "mappings/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, file := range files {
		data, err := fs.ReadFile(embedded, file)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, plain := scan(file, data); !plain {
			t.Errorf("%s is decoded as a whole, which is slow", file)
		}
	}
}

// FuzzLoadMappings: a file that is split by its lines holds the same entries,
// at the same places and with the same names, as when it is decoded as a
// whole; one that cannot be decoded as a whole has a fault in some entry.
func FuzzLoadMappings(f *testing.F) {
	files, err := fs.Glob(embedded, "mappings/*.yml")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, file := range files {
		data, err := fs.ReadFile(embedded, file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data[:min(len(data), 600)])
	}
	for _, s := range []string{
		"mappings:\n  a:\n    default: b: c\n", "mappings:\n  a:\n    deb: - b\n", "mappings:\n  a:\n     deb: b\n    rpm: c\n",
		"mappings:\n  a:\n    deb: b\nmappings:\n  c:\n", "mappings:\n  a: b\n    deb: c\n", "mappings:\n  a:\n    deb:\n      rpm: b\n",
		"---\nmappings:\n  a:\n    deb: \"b\" # c\n", "other:\n  a: 1\nmappings:\n  a:\n    deb: 'x'\n    deb: y\n", "mappings:\n  a:\n    <<:\n", "mappings:\n  null:\n    ~: a\n",
		"mappings:\r\n  a:\r\n    deb: b\r\n", "mappings:\n  a:\n    deb: b  \n  # c\n   # d\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		headings, entries, plain := scan("f", data)
		if !plain {
			if _, _, _, err := splitWhole("f", data); err != nil && !strings.HasPrefix(err.Error(), "f:") {
				t.Errorf("fault without a place: %v", err)
			}
			return
		}
		for i := range entries {
			checkPlain(t, &entries[i])
		}
		fast, fastErrs := describe(headings, entries)
		repeats := hasRepeats(headings)
		table := map[string][]entry{}
		for _, e := range entries {
			repeats = addEntry(table, e) != nil || repeats
		}
		wholeHeadings, wholeEntries, told, err := splitWhole("f", data)
		if err != nil {
			if len(fastErrs) == 0 && !unknownSection(headings) {
				t.Fatalf("whole: %v\nby lines there is nothing wrong:\n%s", err, fast)
			}
			return
		}
		if repeats && len(told) == 0 {
			t.Fatal("by lines a key appears twice, whole none does")
		}
		if repeats {
			return // only one of the two has made a choice
		}
		whole, wholeErrs := describe(wholeHeadings, wholeEntries)
		if (len(fastErrs) == 0) != (len(wholeErrs) == 0) {
			t.Fatalf("by lines %v, whole %v", fastErrs, wholeErrs)
		}
		if fast != whole {
			t.Fatalf("by lines:\n%s\nwhole:\n%s", fast, whole)
		}
	})
}

// checkPlain compares what an entry's lines say with what the parser says.
func checkPlain(t *testing.T, e *entry) {
	t.Helper()
	lines, ok := e.plainLines()
	if !ok {
		return
	}
	value, err := e.node()
	if err != nil {
		t.Fatalf("lines %v, parser %v:\n%s", lines, err, e.text)
	}
	fields, err := value.Mapping()
	if err != nil || len(fields) != len(lines) {
		t.Fatalf("lines %v, parser %v, %v:\n%s", lines, fields, err, e.text)
	}
	for i, f := range fields {
		if name, err := decodeName(f); err != nil || f.Key != lines[i].selector || name != lines[i].name {
			t.Fatalf("line %+v, parser %s %+v, %v:\n%s", lines[i], f.Key, name, err, e.text)
		}
	}
}

// TestBuiltInEntriesArePlain keeps short runs short.
func TestBuiltInEntriesArePlain(t *testing.T) {
	set, err := Load(Options{Layers: []Layer{BuiltIn()}})
	if err != nil {
		t.Fatal(err)
	}
	plain, all := 0, 0
	for _, table := range set.tables {
		for _, entries := range table {
			for i := range entries {
				all++
				if _, ok := entries[i].plainLines(); ok {
					plain++
					checkPlain(t, &entries[i])
				}
			}
		}
	}
	if all < 300 || plain < all*9/10 {
		t.Errorf("only %d of %d entries", plain, all)
	}
}

// unknownSection reports whether a heading is none we know; what stands below
// is never decoded.
func unknownSection(headings []heading) bool {
	for _, h := range headings {
		if checkHeading(h) != nil {
			return true
		}
	}
	return false
}
