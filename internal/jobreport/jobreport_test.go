// SPDX-License-Identifier: GPL-2.0-or-later

package jobreport

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"gitlab.com/lcitool/lcitool/internal/golden"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
)

func formats() map[string]func(io.Writer, *jobrecord.Stored) error {
	return map[string]func(io.Writer, *jobrecord.Stored) error{"report.xml": JUnit, "report.json": JSON, "report.html": HTML}
}

func write(t *testing.T, to func(io.Writer, *jobrecord.Stored) error, s *jobrecord.Stored) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := to(&b, s); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDamagedRecord(t *testing.T) {
	now := time.Now()
	for name, run := range map[string]jobrecord.Run{
		"nothing":           {},
		"no start":          {Ended: now, Jobs: []jobrecord.Job{{Name: "j"}}},
		"end before start":  {Started: now, Ended: now.Add(-time.Hour), Jobs: []jobrecord.Job{{Name: "j", Started: now.Add(-time.Minute), State: "failed"}}},
		"endless":           {Started: now, Jobs: []jobrecord.Job{{Name: "j", Started: now, Duration: 1e300, State: "passed"}}},
		"negative":          {Started: now, Jobs: []jobrecord.Job{{Name: "j", Started: now, Duration: -1e300, State: "passed"}}},
		"needs itself":      {Started: now, Jobs: []jobrecord.Job{{Name: "j", Started: now, Needs: []string{"j", "none"}, State: "\x1b[31m"}}},
		"log elsewhere":     {Started: now, Jobs: []jobrecord.Job{{Name: "j", Started: now, State: "failed", Log: "../../etc/passwd"}}},
		"reports elsewhere": {Started: now, Jobs: []jobrecord.Job{{Name: "j", Started: now, State: "failed", Artifacts: t.TempDir(), JUnit: []string{"/etc/passwd", "../x"}}}},
	} {
		for report, to := range formats() {
			got := write(t, to, &jobrecord.Stored{Run: run, Dir: t.TempDir()})
			if len(got) > 64<<10 || bytes.Contains(got, []byte("root:")) || bytes.ContainsRune(got, '\x1b') {
				t.Errorf("%s: %s has %d bytes: %.500s", name, report, len(got), got)
			}
		}
	}
}

func TestGolden(t *testing.T) {
	for name, to := range formats() {
		got := write(t, to, sample(t))
		if bytes.Contains(got, []byte("secret-value")) {
			t.Errorf("%s shows the value of a variable", name)
		}
		here, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		got = bytes.Replace(got, []byte(style), []byte("/* page.css */"), 1)
		golden.File(t, "testdata/"+name, bytes.ReplaceAll(got, []byte(here), []byte("/here")))
	}
}

// TestPage parses pages as a browser does: output of a job becomes no element, and nothing
// is loaded from elsewhere.
func TestPage(t *testing.T) {
	known := map[string]bool{}
	for _, tag := range strings.Fields(`html head body meta title style h1 h2 h3 p b br code table tbody tr th td div a span svg defs pattern rect path circle marker
		g text pre i details summary`) {
		known[tag] = true
	}
	for name, s := range map[string]*jobrecord.Stored{"sample": sample(t), "hostile": hostile(t), "empty": {}, "many": many(150)} {
		page := write(t, HTML, s)
		if len(page) > 2<<20 {
			t.Errorf("%s: %d bytes", name, len(page))
		}
		root, err := html.Parse(bytes.NewReader(page))
		if err != nil {
			t.Fatal(err)
		}
		for n := range root.Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			if !known[n.Data] {
				t.Errorf("%s: the page has an element <%s>", name, n.Data)
			}
			for _, a := range n.Attr {
				outside := (a.Key == "href" || a.Key == "src" || a.Key == "marker-end") && !strings.HasPrefix(a.Val, "#") && !strings.HasPrefix(a.Val, "url(#")
				if outside || strings.HasPrefix(a.Key, "on") || a.Key == "style" {
					t.Errorf("%s: the page has %s=%q", name, a.Key, a.Val)
				}
			}
		}
	}
}

// TestHostile: reports stay valid for the programs that read them.
func TestHostile(t *testing.T) {
	s := hostile(t)
	var back map[string]any
	if err := json.Unmarshal(write(t, JSON, s), &back); err != nil {
		t.Error(err)
	}
	for name, to := range formats() {
		if got := write(t, to, s); name != "report.json" && bytes.Contains(got, []byte(script)) {
			t.Errorf("%s: a value is not quoted", name)
		}
	}
	for name, to := range formats() {
		if err := to(failing{}, s); !errors.Is(err, errFailing) {
			t.Errorf("%s: written to a full disk: %v", name, err)
		}
	}
}

var errFailing = errors.New("no room")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFailing }

func TestExcerpt(t *testing.T) {
	dir := t.TempDir()
	var log strings.Builder
	for i := range 100 {
		log.WriteString("line ")
		log.WriteByte(byte('0' + i/10))
		log.WriteByte(byte('0' + i%10))
		log.WriteByte('\n')
	}
	if err := os.WriteFile(filepath.Join(dir, "log"), []byte(log.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, line      string
		first, n, tails int // number of the first line around, how many, how many at the end
	}{
		{"in the middle", "line 50", 31, 41, 20},
		{"at the beginning", "line 00", 1, 21, 20},
		{"near the beginning", "line 05", 1, 26, 20},
		{"near the end", "line 95", 76, 25, 0},
		{"tail and middle meet", "line 75", 56, 41, 4},
		{"not in the log", "elsewhere", 0, 0, 20},
		{"not known", "", 0, 0, 20},
	} {
		x, err := Read(&jobrecord.Stored{Dir: dir}, &jobrecord.Job{Log: "log", Line: test.line})
		if err != nil {
			t.Fatal(err)
		}
		if len(x.Lines) != test.n || len(x.Tail) != test.tails || x.Total != 100 {
			t.Errorf("%s: %d lines, %d at the end, %d in all", test.name, len(x.Lines), len(x.Tail), x.Total)
			continue
		}
		if test.n > 0 && x.Lines[0].Number != test.first {
			t.Errorf("%s: begins with line %d, want %d", test.name, x.Lines[0].Number, test.first)
		}
		marked := 0
		for i, line := range append(x.Lines, x.Tail...) {
			if i > 0 && i < len(x.Lines) && line.Number != x.Lines[i-1].Number+1 {
				t.Errorf("%s: line %d comes after line %d", test.name, line.Number, x.Lines[i-1].Number)
			}
			if line.Failing {
				marked++
			}
		}
		if (test.n > 0) != (marked == 1) {
			t.Errorf("%s: %d lines are marked", test.name, marked)
		}
	}
	for _, log := range []string{"none", "../run/x86_64-debian-12.log", "/etc/hostname"} {
		if x, err := Read(&jobrecord.Stored{Dir: dir}, &jobrecord.Job{Name: "a", Log: log}); err == nil {
			t.Errorf("log %q was read: %+v", log, x)
		}
	}
}
