// SPDX-License-Identifier: GPL-2.0-or-later

package termtext

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// hostile are texts that control the terminal, hide text or forge lines, with the result of
// Line.
var hostile = []struct{ in, line string }{
	{"plain", "plain"},
	{"größer 日本語 🔨", "größer 日本語 🔨"},
	{"a\tb", "a b"},
	{"x\nlcitool: all jobs passed", "x\uFFFDlcitool: all jobs passed"},
	{"x\r\nHost: a", "x\uFFFD\uFFFDHost: a"},
	{"\x1b[2Jx", "\uFFFD[2Jx"},
	{"\x1b]0;t\a", "\uFFFD]0;t\uFFFD"},
	{"c1 \u009b2J", "c1 \uFFFD2J"},
	{"nel\u0085x", "nel\uFFFDx"},
	{"bidi\u202eevil\u202c", "bidi\uFFFDevil\uFFFD"},
	{"isolate\u2066x\u2069", "isolate\uFFFDx\uFFFD"},
	{"mark\u200e\u061c", "mark\uFFFD\uFFFD"},
	{"zero\u200b\u200c\u200d\ufeff", "zero\uFFFD\uFFFD\uFFFD\uFFFD"},
	{"filler\u3164\u115f", "filler\uFFFD\uFFFD"},
	{"tag\U000e0041", "tag\uFFFD"},
	{"ls\u2028ps\u2029", "ls\uFFFDps\uFFFD"},
	{"soft\u00adhyphen", "soft\uFFFDhyphen"},
	{"del\x7f\x00", "del\uFFFD\uFFFD"},
	{"bad\xff\xfe", "bad\uFFFD"},
	{"raw c1 \x9b2J", "raw c1 \uFFFD2J"},
	{"non\uffff", "non\uFFFD"},
}

func TestLine(t *testing.T) {
	for _, test := range hostile {
		if got := Line(test.in); got != test.line {
			t.Errorf("Line(%q) = %q, want %q", test.in, got, test.line)
		}
		for name, text := range map[string]string{"LogLine": LogLine(test.in), "FileName": FileName(test.in), "Quoted": Quoted(test.in), "Text": Text(test.in)} {
			for _, r := range text {
				if Hidden(r) && !strings.ContainsRune("\t\n", r) || r == '\n' && name != "Text" || r == '\t' && name == "FileName" {
					t.Errorf("%s(%q) = %q", name, test.in, text)
				}
			}
		}
	}
}

func TestText(t *testing.T) {
	if got := Text("a\n\tb\x1b\u202e\r\n"); got != "a\n\tb\uFFFD\uFFFD\uFFFD\n" {
		t.Errorf("got %q", got)
	}
}

func TestQuoted(t *testing.T) {
	for in, want := range map[string]string{
		"a b": "a b", "größe": "größe", "a\nb": `"a\nb"`, "\u202ex": `"\u202ex"`, "\xff": `"\xff"`, "z\u200b": `"z\u200b"`, "\u3164": `"\u3164"`,
	} {
		if got := Quoted(in); got != want {
			t.Errorf("Quoted(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestLogLine(t *testing.T) {
	for in, want := range map[string]string{
		"plain":              "plain",
		"\x1b[31mred\x1b[0m": "red",
		"10%\r50%\r100%":     "100%",
		"done\r":             "done",
		"section_start:1:x[collapsed=true]\r\x1b[0K$ make": "$ make",
		"section_end:1:x\r\x1b[0K":                         "",
		"gone\r\x1b[Kat\r\x1b[2Kx\x1b[K":                   "x",
		"a\tb":                                             "a\tb",
		"\x1b]0;title\aout":                                "out",
		"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\":         "link",
		"\x1bPq#0\x1b\\x":                                  "x",
		"\x1b_apc\x1b\\x":                                  "x",
		"\x1b(Bx":                                          "x",
		"\x1b7x\x1b8":                                      "x",
		"\u009b31mx":                                       "x",
		"\u009dtitle\u009cx":                               "x",
		"\x1b[?25lx":                                       "x",
		"a\x1b[":                                           "a",
		"a\x1b":                                            "a",
		"\xffx\x1b[m\xfe":                                  "\uFFFDx\uFFFD",
		"é\x1b[1mü":                                        "éü",
		"\x1b]0;never ends":                                "",
	} {
		if got := LogLine(in); got != want {
			t.Errorf("LogLine(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestFileName(t *testing.T) {
	keep := []string{"x86_64-debian-13", "build: [a, b]", "größe", "a..b", "a.b", "job 1", "日本語"}
	for _, name := range keep {
		if got := FileName(name); got != name {
			t.Errorf("FileName(%q) = %q", name, got)
		}
	}
	texts := append([]string{
		"", ".", "..", "-", "-rf", ".hidden", "a/b", "a-b", "a\\b", "../../etc/passwd", "/", "a\x00b", "a\nb", "a\u202eb", "a\u200bb", "ab", " ab", "ab ",
		strings.Repeat("z", 300), strings.Repeat("z", 301), strings.Repeat("z", 200), strings.Repeat("ü", 150), strings.Repeat("ü", 151), "\xff", "\xfe", "\uFFFD",
		"_-rf", "_",
	}, keep...)
	texts = append(texts, FileName("a/b"), FileName(FileName("a/b")), FileName("-rf"))
	dir := t.TempDir()
	from := map[string]string{}
	for _, text := range texts {
		name := FileName(text)
		if other, taken := from[name]; taken && other != text {
			t.Errorf("%q and %q have the same name %q", other, text, name)
		}
		from[name] = text
		if strings.ContainsAny(name, "/\\\x00") || name[0] == '.' || name[0] == '-' || len(name) > longestName || !utf8.ValidString(name) {
			t.Errorf("FileName(%q) = %q", text, name)
		}
		if err := os.WriteFile(filepath.Join(dir, name+".log"), nil, 0o600); err != nil {
			t.Error(err)
		}
	}
}

func TestJSON(t *testing.T) {
	for _, test := range hostile {
		if !utf8.ValidString(test.in) {
			continue
		}
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode([]string{test.in}); err != nil {
			t.Fatal(err)
		}
		got := JSON(b.Bytes())
		for _, r := range strings.TrimSuffix(string(got), "\n") {
			if Hidden(r) {
				t.Errorf("%q: %q shows a hidden character", test.in, got)
			}
		}
		var back []string
		if err := json.Unmarshal(got, &back); err != nil || back[0] != test.in {
			t.Errorf("%q: read back %q, %v", test.in, back, err)
		}
	}
}

// outputs are outputs of programs, with what a terminal gets.
var outputs = []struct{ in, want string }{
	{"hello\n", "hello\n"},
	{"a\tb\r\n", "a\tb\r\n"},
	{"10%\r20%\r", "10%\r20%\r"},
	{"\x1b[1;31mred\x1b[0m\n", "\x1b[1;31mred\x1b[0m\n"},
	{"\x1b[38:2:1:2:3mx\x1b[m", "\x1b[38:2:1:2:3mx\x1b[m"},
	{"\x1b[32mgreen", "\x1b[32mgreen\x1b[0m"},
	{"\x1b]0;title\aout\n", "out\n"},
	{"\x1b]52;c;AAAA\x1b\\out\n", "out\n"},
	{"\x1b]0;no end\nout\n", "\nout\n"},
	{"\x1b[2J\x1b[H\x1b[1A\x1b[10;10Hx\x1b[K\n", "x\n"},
	{"\x1b[?1049h\x1b[?25lx", "x"},
	{"\x1b[>4;1mx", "x"},
	{"\x1b[6n\x1b[cx", "x"},
	{"\x1bP$qm\x1b\\x", "x"},
	{"\x1b_Gf=100;AAA\x1b\\x", "x"},
	{"\x1b^pm\x1b\\\x1bXsos\x1b\\x", "x"},
	{"\x1bc\x1b7\x1b8\x1bM\x1b=x", "x"},
	{"\x1b(0x\x1b(B", "x"},
	{"\x1b#8x", "x"},
	{"\u009b2Jx\u009b31my", "x\x1b[31my\x1b[0m"},
	{"\u009d0;t\u009cx", "x"},
	{"\u0085\u008dx", "\uFFFD\uFFFDx"},
	{"\x9b2Jx", "\uFFFD2Jx"},
	{"a\b\b\a\v\fb\x00\x7f", "ab"},
	{"abc\u202edef", "abc\uFFFDdef"},
	{"größe 日本語\n", "größe 日本語\n"},
	{"\x1b[\x1b[31mx", "\x1b[31mx\x1b[0m"},
	{"\x1b[31\nx", "\nx"},
	{"\x1b]0;a\x1b[31mx", "\x1b[31mx\x1b[0m"},
	{"cut \xe6\x97", "cut \uFFFD"},
	{"\x1b", ""},
}

// TestWriter writes each output at once, byte by byte and in every two parts.
func TestWriter(t *testing.T) {
	for _, test := range outputs {
		check := func(parts ...string) {
			t.Helper()
			var b bytes.Buffer
			w := NewWriter(&b)
			for _, part := range parts {
				if n, err := w.Write([]byte(part)); n != len(part) || err != nil {
					t.Fatalf("%q: wrote %d, %v", part, n, err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if b.String() != test.want {
				t.Errorf("%q: got %q, want %q", parts, b.String(), test.want)
			}
		}
		check(test.in)
		check(strings.Split(test.in, "")...)
		for i := range test.in {
			check(test.in[:i], test.in[i:])
		}
		var bytes []string
		for i := range len(test.in) {
			bytes = append(bytes, test.in[i:i+1])
		}
		check(bytes...)
	}
}

func TestWriterFails(t *testing.T) {
	w := NewWriter(failing{})
	if _, err := w.Write([]byte("x")); err == nil {
		t.Error("a terminal that fails is no error")
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, fmt.Errorf("gone") }

func FuzzWriter(f *testing.F) {
	for _, test := range outputs {
		f.Add(test.in, 3)
	}
	f.Fuzz(func(t *testing.T, in string, at int) {
		var whole, parts bytes.Buffer
		w := NewWriter(&whole)
		_, _ = w.Write([]byte(in))
		_ = w.Close()
		at = max(0, min(at, len(in)))
		w = NewWriter(&parts)
		_, _ = w.Write([]byte(in[:at]))
		_, _ = w.Write([]byte(in[at:]))
		_ = w.Close()
		if whole.String() != parts.String() {
			t.Fatalf("%q: %q at once, %q in parts", in, whole.String(), parts.String())
		}
		rest := whole.String()
		for _, r := range strings.NewReplacer("\n", "", "\r", "", "\t", "").Replace(stripColour(rest)) {
			if Hidden(r) {
				t.Fatalf("%q: %q reached the terminal", in, rest)
			}
		}
	})
}

// stripColour removes the sequences that a terminal may get.
func stripColour(text string) string {
	for {
		before, after, found := strings.Cut(text, "\x1b[")
		end := strings.IndexByte(after, 'm')
		if !found || end < 0 || strings.Trim(after[:end], "0123456789;:") != "" {
			return text
		}
		text = before + after[end+1:]
	}
}

func FuzzFileName(f *testing.F) {
	f.Add("a/b")
	f.Add("..")
	f.Add("\xff\u202e")
	f.Fuzz(func(t *testing.T, text string) {
		name := FileName(text)
		if name == "" || len(name) > longestName || !filepath.IsLocal(name) || name != filepath.Base(name) || name[0] == '-' || name[0] == '.' || Line(name) != name {
			t.Errorf("FileName(%q) = %q", text, name)
		}
		if name != text && FileName(name) == name {
			t.Errorf("%q and %q have the same name", text, name)
		}
	})
}

func TestTable(t *testing.T) {
	rows := [][]string{{"NAME", "WHAT"}, {"long name", "x"}}
	for _, h := range hostile {
		rows = append(rows, []string{h.in, "y"})
	}
	var b bytes.Buffer
	if err := Table(&b, rows); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if len(lines) != len(rows) {
		t.Fatalf("%d lines of %d rows:\n%s", len(lines), len(rows), b.String())
	}
	for i, h := range hostile {
		if got := lines[i+2]; !strings.HasPrefix(got, h.line+" ") || !strings.HasSuffix(got, " y") {
			t.Errorf("row of %q is %q", h.in, got)
		}
	}
	if lines[1] != fmt.Sprintf("long name%sx", strings.Repeat(" ", strings.Index(lines[0], "WHAT")-len("long name"))) {
		t.Errorf("columns do not stand below each other:\n%s\n%s", lines[0], lines[1])
	}
}
