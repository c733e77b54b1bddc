// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestScreen(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"lines", "one\r\ntwo\r\n", "one\ntwo\n"},
		{"a line again", "first\rsec\r\nx", "secst\nx\n"},
		{"a line erased", "first\r\x1b[Kx", "x\n"},
		{"a block again", "a\r\nb\r\n\x1b[2A\x1b[Jc\r\n", "c\n"},
		{"colours", "\x1b[1;31mred\x1b[0m plain", "red plain\n"},
		{"what it does not know", "\x1b[?25lx\x1b(y\x1b]z", "xyz\n"},
		{"above the top", "\x1b[9Ax", "x\n"},
		{"letters", "äöü →", "äöü →\n"},
		{"a long line", "12345678901234567890123456789012345678901\r\nx", "1234567890123456789012345678901234567890\n1\nx\n"},
	} {
		// Byte by byte, since reads end anywhere.
		s := screen{columns: 40}
		for i := range len(c.in) {
			s.write([]byte(c.in[i : i+1]))
		}
		if got := s.text(10); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func wellFormed(t *testing.T, text string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
	}
}

// TestWatch draws the last screen with the wanted text, which is not the last screen.
func TestWatch(t *testing.T) {
	lines, err := watch(regexp.MustCompile(`running`), 40, 5, []string{"sh", "-c", `printf '\033[32m<job>\033[0m running'; sleep 5; printf '\r\033[Kover\n'; exit 3`})
	if err != nil {
		t.Fatal(err)
	}
	got := draw(lines, 40)
	wellFormed(t, got)
	if !strings.Contains(got, `fill="#7ee787">&lt;job&gt;</text>`) || strings.Contains(got, "over") {
		t.Errorf("drew %s", got)
	}
	if _, err := watch(regexp.MustCompile(`nosuch`), 40, 5, []string{"echo", "something"}); err == nil || !strings.Contains(err.Error(), "something") {
		t.Errorf("never shown: %v", err)
	}
}

func TestChart(t *testing.T) {
	out := filepath.Join(t.TempDir(), "chart.svg")
	if err := run(".", "../../internal/jobreport/testdata/report.html", 0, 0, []string{out}); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	wellFormed(t, string(got))
	if !strings.Contains(string(got), "<style>") || !strings.Contains(string(got), `class="p-passed"`) {
		t.Errorf("drew %s", got)
	}
	if err := run(".", out, 0, 0, []string{out}); err == nil {
		t.Error("a page without a style was accepted")
	}
}
