// SPDX-License-Identifier: GPL-2.0-or-later

package yamldoc

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/internal/diag"
)

// dump returns a document as text: fields in order with their lines.
func dump(n Node, depth int) (string, error) {
	switch {
	case depth > 4:
		return "…", nil
	case n.IsNull():
		return "null", nil
	case n.IsMapping():
		fields, err := n.Mapping()
		text := "{"
		for _, f := range fields {
			value, below := dump(f.Value, depth+1)
			err = diag.Join(err, below)
			text += fmt.Sprintf("%s@%d=%s ", f.Key, f.Pos.Line, value)
		}
		return strings.TrimSuffix(text, " ") + "}", err
	case n.IsSequence():
		items, err := n.Sequence()
		text := "["
		for _, item := range items {
			value, below := dump(item, depth+1)
			err = diag.Join(err, below)
			text += value + " "
		}
		return strings.TrimSuffix(text, " ") + "]", err
	}
	if text, err := n.Text(); err == nil {
		return fmt.Sprintf("%q", text), nil
	}
	return n.Describe(), nil
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ name, text, want, wantErr string }{
		{name: "empty", text: "", want: "null"},
		{name: "comment only", text: "# nothing\n", want: "null"},
		{name: "markers", text: "%YAML 1.1\n---\na: b\n...\n", want: `{a@3="b"}`},
		{name: "byte order mark", text: "\ufeffa: b\n", want: `{a@1="b"}`},
		{name: "crlf", text: "a: b\r\nc: d\r\n", want: `{a@1="b" c@2="d"}`},
		{name: "nulls", text: "a:\nb: ~\nc: null\nd: NULL\ne: ''\n", want: `{a@1=null b@2=null c@3=null d@4=null e@5=""}`},
		{name: "numbers", text: "[12, 0755, 1_000, 1.5, 0x1f, '12']\n", want: `[a number a number a number a number a number "12"]`},
		{name: "numbers of YAML 1.2 only", text: "[1e3, 5E10, 1.5e3, 08, 0o17, +.5]\n", want: `["1e3" "5E10" "1.5e3" "08" "0o17" "+.5"]`},
		{name: "numbers of YAML 1.1", text: "[0, -7, +0x1f, 0b11, 007, 1., 1.5e+3, .5, .5e-3, -.inf, .nan]\n", want: "[" + strings.TrimSpace(strings.Repeat("a number ", 11)) + "]"},
		{name: "booleans of YAML 1.1", text: "[yes, No, ON, off, true, FALSE, y, yEs, 'yes', \"on\"]\n", want: `[a boolean a boolean a boolean a boolean a boolean a boolean "y" "yEs" "yes" "on"]`},
		{name: "date", text: "[2024-01-31]\n", want: `[a date]`},
		{name: "tags", text: "[!!str 12, !!int '3', !!bool 'x', !mine x]\n", want: `["12" a number a boolean a value of type !mine]`},
		{name: "anchors", text: "a: &x {b: c}\nd: *x\n", want: `{a@1={b@1="c"} d@2={b@1="c"}}`},
		{name: "merge", text: "a: &x {b: c, d: e}\nf: {<<: *x, b: g}\n", want: `{a@1={b@1="c" d@1="e"} f@2={b@2="g" d@1="e"}}`},
		{name: "merge of several", text: "x: &x {b: 'x'}\ny: &y {b: 'y', c: 'y'}\nf:\n  <<: [*x, *y]\n", want: `{x@1={b@1="x"} y@2={b@2="y" c@2="y"} f@3={b@1="x" c@2="y"}}`},
		{name: "quoted merge key is a key", text: "{'<<': {a: b}}\n", want: `{<<@1={a@1="b"}}`},
		{name: "odd keys", text: "{12: a, yes: b, ~: c}\n", want: `{12@1="a" yes@1="b" ~@1="c"}`},

		{name: "second document", text: "a: b\n---\nc: d\n", wantErr: "f.yml:2: a second document starts here, expected only one"},
		{name: "key twice", text: "a: b\nc: d\na: e\n", want: `{a@3="e" c@2="d"}`},
		{name: "key twice below a merge", text: "x: &x {a: 1}\ny:\n  <<: *x\n  a: b\n  a: c\n", want: `{x@1={a@1=a number} y@2={a@5="c"}}`},
		{name: "key twice in what is merged", text: "x: &x {a: b, a: c}\ny:\n  <<: *x\n", want: `{x@1={a@1="c"} y@2={a@1="c"}}`},
		{name: "merge twice", text: "x: &x {b: 'x', c: 'x'}\ny: &y {b: 'y', d: 'y'}\nf:\n  <<: *x\n  e: 'f'\n  <<: *y\n", want: `{x@1={b@1="x" c@1="x"} y@2={b@2="y" d@2="y"} f@3={e@5="f" b@2="y" d@2="y" c@1="x"}}`},
		{name: "list as a key", text: "[a]: b\n", wantErr: "f.yml:1: expected a key, got a list"},
		{name: "merge of a string", text: "<<: a\n", wantErr: "f.yml:1: expected a mapping to merge, got a string"},
		{name: "merge into itself", text: "a: &a\n  <<: *a\n  b: c\n", want: `{a@1={b@3="c"}}`, wantErr: "f.yml:1: merges too many mappings"},
		{name: "unclosed list", text: "a: b\nc: [d\ne: f\n", wantErr: "f.yml:2: invalid YAML: did not find expected ',' or ']'"},
		{name: "wrong indentation", text: "a:\n  b: c\n d: e\n", wantErr: "f.yml:3: invalid YAML: did not find expected key"},
		{name: "two colons", text: "a: b\nc: d: e\n", wantErr: "f.yml:2: invalid YAML: mapping values are not allowed in this context"},
		{name: "tab", text: "a:\n\tb: c\n", wantErr: "f.yml:2: invalid YAML: found character that cannot start any token"},
		{name: "unclosed quote", text: "a: b\nc: 'd\n", wantErr: "f.yml:2: invalid YAML: found unexpected end of stream"},
		{name: "unknown anchor", text: "a: b\nc: *d\n", wantErr: "f.yml:2: invalid YAML: unknown anchor 'd' referenced"},
		{name: "NUL", text: "a: b\nc: \x00\n", wantErr: "f.yml:2: character U+0000 cannot stand in YAML"},
		{name: "escape character", text: "a: \x1b[31m\n", wantErr: "f.yml:1: character U+001B cannot stand in YAML"},
		{name: "not UTF-8", text: "a: b\n\nc: \xff\n", wantErr: "f.yml:3: byte 0xff is not UTF-8, expected text in UTF-8"},
		{name: "UTF-16", text: "\xff\xfea\x00", wantErr: "f.yml:1: byte 0xff is not UTF-8, expected text in UTF-8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, err := Parse("f.yml", []byte(c.text), 0)
			got := ""
			if err == nil {
				got, err = dump(n, 0)
			}
			if c.wantErr == "" && err != nil || c.wantErr != "" && (err == nil || err.Error() != c.wantErr) {
				t.Fatalf("got error %v, want %q", err, c.wantErr)
			}
			if (c.wantErr == "" || c.want != "") && got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestParseCountsSkippedLines(t *testing.T) {
	n, err := Parse("f.yml", []byte("  a:\n    b: 1\n"), 41)
	if err != nil {
		t.Fatal(err)
	}
	fields, err := n.Mapping()
	if err != nil || len(fields) != 1 || fields[0].Pos != (diag.Position{File: "f.yml", Line: 42, Column: 3}) {
		t.Errorf("got %v, %v", fields, err)
	}
	for text, want := range map[string]string{
		"a: [":          "f.yml:42: invalid YAML: did not find expected node content",
		"a: \xff":       "f.yml:42: byte 0xff is not UTF-8, expected text in UTF-8",
		"a: b\n---\nc:": "f.yml:43: a second document starts here, expected only one",
	} {
		if _, err := Parse("f.yml", []byte(text), 41); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

// Errors about a wrong type name the type and the position.
func TestWrongTypes(t *testing.T) {
	n, err := Parse("f.yml", []byte("- a\n- [b]\n- {c: d}\n-\n- 12\n"), 0)
	if err != nil {
		t.Fatal(err)
	}
	items, err := n.Sequence()
	if err != nil || len(items) != 5 {
		t.Fatal(items, err)
	}
	for i, want := range []struct{ text, boolean, sequence, mapping string }{
		{"", "expected true or false, got a string", "expected a list, got a string", "expected a mapping, got a string"},
		{"expected a string, got a list", "expected true or false, got a list", "", "expected a mapping, got a list"},
		{"expected a string, got a mapping", "expected true or false, got a mapping", "expected a list, got a mapping", ""},
		{"expected a string, got nothing", "expected true or false, got nothing", "expected a list, got nothing", "expected a mapping, got nothing"},
		{`expected a string, got a number: quote it as "12"`, "expected true or false, got a number", "expected a list, got a number", "expected a mapping, got a number"},
	} {
		_, textErr := items[i].Text()
		_, boolErr := items[i].Bool()
		_, seqErr := items[i].Sequence()
		_, mapErr := items[i].Mapping()
		for j, c := range []struct {
			err  error
			want string
		}{{textErr, want.text}, {boolErr, want.boolean}, {seqErr, want.sequence}, {mapErr, want.mapping}} {
			got := ""
			if c.err != nil {
				got = c.err.Error()
			}
			if c.want != "" {
				c.want = fmt.Sprintf("f.yml:%d: %s", i+1, c.want)
			}
			if got != c.want {
				t.Errorf("item %d, question %d: got %q, want %q", i, j, got, c.want)
			}
		}
	}
}

// bombs are documents that are far larger or deeper than their size.
func bombs() map[string]string {
	lists, merges := "a0: &a0 [x, x, x, x, x, x, x, x, x]\n", "a0: &a0 {x: y}\n"
	for i := 1; i < 15; i++ {
		ref := strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), ", ")
		lists += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, ref)
		merges += fmt.Sprintf("a%d: &a%d {<<: [%s], k%d: v}\n", i, i, ref, i)
	}
	var wide strings.Builder
	wide.WriteString("x: &x {")
	for i := range 20_000 {
		fmt.Fprintf(&wide, "k%d: v, ", i)
	}
	wide.WriteString("}\ny: {<<: [" + strings.Repeat("*x, ", 20_000) + "]}\n")
	return map[string]string{
		"aliases of lists":    lists,
		"aliases of merges":   merges,
		"wide merges":         wide.String(),
		"flow nesting":        strings.Repeat("[", 1<<20),
		"flow nesting, valid": strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000),
		"block nesting":       strings.Repeat("- ", 1<<20),
		"mapping nesting":     strings.Repeat("{a: ", 1<<19),
		"keys":                strings.Repeat("? ", 1<<20),
		"long scalar":         "a: " + strings.Repeat("x", 1<<21),
		"comments":            strings.Repeat("# x\n", 1<<19),
		"anchors":             "[" + strings.Repeat("&a x, *a, ", 1<<17) + "]",
	}
}

func TestBombsCostLittle(t *testing.T) {
	for name, text := range bombs() {
		t.Run(name, func(t *testing.T) {
			done := make(chan struct{})
			go func() {
				defer close(done)
				n, err := Parse("f.yml", []byte(text), 0)
				if err != nil {
					if strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "f.yml:") {
						t.Errorf("not one line with its place: %.200s", err)
					}
					return
				}
				if n.IsMapping() {
					fields, _ := n.Mapping()
					for _, f := range fields {
						_, _ = f.Value.Mapping()
						_, _ = f.Value.Sequence()
					}
				}
			}()
			select {
			case <-done:
			case <-time.After(2 * time.Minute): // a bomb takes years, a slow machine does not
				t.Fatal("takes too long")
			}
		})
	}
}

// FuzzParse: parsing never panics, errors are one line that begins with the file and a line
// in it, and a document reads the same at any offset.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"a: b\n", "a: &x [b, *x]\n", "<<: {a: b}\n", "- 1\n- yes\n", "a: |\n  b\n", "---\n---\n", "a: \"\\x00\"\n", "? [a]\n: b\n", "\xff", "%TAG ! a\n",
		"a: *b\n", "{a: b, a: c}", "!!binary x", "a:\n  - b\n c: d\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := Parse("f.yml", data, 0)
		shifted, shiftedErr := Parse("f.yml", data, 10)
		if (err == nil) != (shiftedErr == nil) {
			t.Fatalf("%v, but shifted %v", err, shiftedErr)
		}
		if err == nil {
			text, dumpErr := dump(n, 0)
			err = dumpErr
			if n.Pos().Line+10 != shifted.Pos().Line {
				t.Errorf("line %d became %d", n.Pos().Line, shifted.Pos().Line)
			}
			_ = text
		}
		if err == nil {
			return
		}
		last := 2 + strings.Count(strings.NewReplacer("\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n").Replace(string(data)), "\n")
		for _, line := range strings.Split(err.Error(), "\n") {
			var number int
			if _, scanErr := fmt.Sscanf(line, "f.yml:%d: ", &number); scanErr != nil || number < 1 || number > last {
				t.Errorf("fault %q does not begin with the place (%d lines)", line, last)
			}
		}
	})
}

// Duplicate keys are reported with both lines, once where an alias repeats them.
func TestDuplicates(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "",
		"a: b\nc: {a: d}\n":              "",
		"x: &x {a: b}\n<<: *x\n<<: *x\n": "",
		"a: b\nc: d\na: e\n":             `f.yml:3: key "a" appears twice, first in line 1: the last one counts`,
		"a: 1\n'a': 2\na: 3\n":           "f.yml:2: key \"a\" appears twice, first in line 1: the last one counts\nf.yml:3: key \"a\" appears twice, first in line 1: the last one counts",
		"- x: &x\n    a: b\n    a: c\n- *x\n- {<<: *x}\n": `f.yml:3: key "a" appears twice, first in line 2: the last one counts`,
		"b: {c: 1, c: 2}\nb: [{d: 1, d: 2}]\n": "f.yml:1: key \"c\" appears twice, first in line 1: the last one counts\n" +
			"f.yml:2: key \"b\" appears twice, first in line 1: the last one counts\nf.yml:2: key \"d\" appears twice, first in line 2: the last one counts",
	} {
		n, err := Parse("f.yml", []byte(text), 0)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range n.Duplicates() {
			got = append(got, f.Error())
		}
		if strings.Join(got, "\n") != want {
			t.Errorf("%q: got\n%s\nwant\n%s", text, strings.Join(got, "\n"), want)
		}
	}
}

// Psych reads "<<" in the order of the file.
func TestMappingInOrder(t *testing.T) {
	const bases = "x: &x {b: 'x', c: 'x'}\ny: &y {b: 'y', d: 'y'}\nf:\n"
	for text, want := range map[string]string{
		"  <<: *x\n  b: 'f'\n":           "b=f c=x",
		"  b: 'f'\n  <<: *x\n":           "b=x c=x",
		"  <<: *x\n  <<: *y\n":           "b=y c=x d=y",
		"  <<: [*x, *y]\n":               "b=x d=y c=x",
		"  e: 'f'\n  <<: *x\n  b: 'g'\n": "e=f b=g c=x",
		"  b: 'f'\n  b: 'g'\n":           "b=g",
	} {
		n, err := Parse("f.yml", []byte(bases+text), 0)
		if err != nil {
			t.Fatal(err)
		}
		fields, _, err := n.MappingInOrder()
		if err != nil {
			t.Fatal(err)
		}
		fields, _, err = fields[2].Value.MappingInOrder()
		var got []string
		for _, f := range fields {
			s, _ := f.Value.Scalar()
			got = append(got, f.Key+"="+s)
		}
		if strings.Join(got, " ") != want || err != nil {
			t.Errorf("%q: got %v, %v, want %s", text, got, err, want)
		}
	}
}

// TestLargeMappings: mappings of any size have the same rules for equal and merged keys.
func TestLargeMappings(t *testing.T) {
	for n := 1; n <= 3*searchable; n++ {
		var base, own strings.Builder
		for i := range n {
			fmt.Fprintf(&base, "  k%d: base\n", i)
			fmt.Fprintf(&own, "  k%d: first\n", 2*i)
		}
		for i := range n {
			fmt.Fprintf(&own, "  k%d: last\n", 4*i)
		}
		doc, err := Parse("f", []byte("base: &b\n"+base.String()+"own:\n"+own.String()+"  <<: *b\n"), 0)
		if err != nil {
			t.Fatal(err)
		}
		fields, _ := doc.Mapping()
		for _, inOrder := range []bool{false, true} {
			got, _, err := fields[1].Value.fields(inOrder)
			want := map[string]string{}
			for i := range n {
				want[fmt.Sprintf("k%d", i)] = "base"
			}
			for i := range n {
				if name := fmt.Sprintf("k%d", 2*i); 2*i >= n || !inOrder {
					want[name] = "first"
				}
			}
			for i := range n {
				if name := fmt.Sprintf("k%d", 4*i); 4*i >= n || !inOrder {
					want[name] = "last"
				}
			}
			for i, f := range got {
				text, _ := f.Value.Scalar()
				if text != want[f.Key] || i < n && f.Key != fmt.Sprintf("k%d", 2*i) {
					t.Errorf("%d keys, in order %v: field %d is %s: %s, want %s", n, inOrder, i, f.Key, text, want[f.Key])
				}
				delete(want, f.Key)
			}
			if err != nil || len(want) > 0 {
				t.Errorf("%d keys, in order %v: %v; without %v", n, inOrder, err, want)
			}
		}
	}
}
