// SPDX-License-Identifier: GPL-2.0-or-later

package jobdiff

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/jobrecord"
)

func TestSame(t *testing.T) {
	left, right := newSame("/tree"), newSame("/builds/x")
	for _, test := range []struct {
		name, a, b string
		want       bool
	}{
		{"times", "12:00:01 start", "23:59:59.123 start", true},
		{"dates", "built 2026-11-23T23:42:48Z", "built 2025-01-02 03:04:05 +0100", true},
		{"dates of date(1)", "Mon Nov 23 23:42:48 UTC 2026", "Tue Dec  1 01:02:03 UTC 2026", true},
		{"durations", "1/3 unit OK 0.02s", "1/3 unit OK 12.40s", true},
		{"durations of time(1)", "real 0m0.004s", "real 1m12.300s", true},
		{"durations in words", "in 3 seconds", "in 1.5 seconds", true},
		{"speeds", "Fetched (6,150 kB/s)", "Fetched (12.3 MB/s)", true},
		{"addresses", "at 0x7f0012345678", "at 0x55d2abcdef01", true},
		{"pids", "daemon[123]: up, pid 123", "daemon[77]: up, pid 77", true},
		{"valgrind", "==12== lost", "==4711== lost", true},
		{"temporary files", "cc /tmp/ccAbC.o", "cc /tmp/ccXyZ.o", true},
		{"temporary names", "in tmp.AbCdEf1234", "in tmp.ZyXwVu9876", true},
		{"UUIDs", "vm 123e4567-e89b-12d3-a456-426614174000", "vm 00000000-e89b-12d3-a456-426614174000", true},
		{"directories", "cd /tree/build", "cd /builds/x/build", true},
		{"blanks at the end", "a  ", "a", true},
		{"versions", "gcc 12.2.0", "gcc 14.2.0", false},
		{"results", "1/3 unit OK 0.02s", "1/3 unit FAIL 0.02s", false},
		{"counts", "Ok: 3", "Ok: 4", false},
		{"line numbers", "a.c:12:3: error", "a.c:13:3: error", false},
		{"exit codes", "status 1", "status 2", false},
		{"short numbers", "0x10", "0x11", false},
		{"commits", "commit 0123abcd", "commit 4567abcd", false},
	} {
		if got := left(test.a) == right(test.b); got != test.want {
			t.Errorf("%s: %q and %q are the same: %v", test.name, left(test.a), right(test.b), got)
		}
	}
}

// logged creates a job with these lines as its log.
func logged(t *testing.T, lines ...string) *Input {
	t.Helper()
	dir := t.TempDir()
	text := ""
	if len(lines) > 0 {
		text = strings.Join(lines, "\n") + "\n"
	}
	if err := os.WriteFile(filepath.Join(dir, "j.log"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return &Input{Run: &jobrecord.Stored{Dir: dir}, Job: &jobrecord.Job{Name: "j", Log: "j.log", WorkDir: "/tree"}}
}

func numbered(from, to int) []string {
	var lines []string
	for i := from; i <= to; i++ {
		lines = append(lines, fmt.Sprintf("line %d", i))
	}
	return lines
}

func TestCompareLogs(t *testing.T) {
	for _, test := range []struct {
		name        string
		left, right []string
		want        string // "LEFT RIGHT|lines", "" for the same
	}{
		{"same", numbered(1, 5), numbered(1, 5), ""},
		{"empty", nil, nil, ""},
		{"times only", []string{"took 1.2s"}, []string{"took 3.4s"}, ""},
		{"first line", []string{"a", "c"}, []string{"b", "c"}, "1 1|-a|+b| c"},
		{"context", append(numbered(1, 9), "ok", "end"), append(numbered(1, 9), "not ok", "end"), "10 10| line 7| line 8| line 9|-ok|+not ok| end"},
		{"one more", append(numbered(1, 4), "end"), append(append(numbered(1, 4), "new"), "end"), "5 5| line 2| line 3| line 4|+new| end"},
		{"left ends", numbered(1, 2), numbered(1, 4), "3 3| line 1| line 2|+line 3|+line 4"},
		{"right ends", numbered(1, 2), []string{"line 1"}, "2 2| line 1|-line 2"},
		{"nothing on one side", nil, []string{"x"}, "1 1|+x"},
		{"images apart", []string{"STEP 1", "STEP 2", "$ make", "a"}, []string{"STEP other", "$ make", "b"}, "4 3| $ make|-a|+b"},
		{"one without commands", []string{"STEP 1"}, []string{"$ make"}, "1 1|-STEP 1|+$ make"},
		{"colours", []string{"\x1b[32mok\x1b[0m"}, []string{"ok"}, ""},
		{"another order", []string{"x", "[1/2] a", "[2/2] b", "y"}, []string{"x", "[1/2] b", "[2/2] a", "y"}, ""},
		{"another order, then another line", []string{"[1/3] a", "[2/3] b", "y"}, []string{"[1/3] b", "[2/3] a", "z"}, "3 3| [1/3] a| [2/3] b|-y|+z"},
		{"twice and once", []string{"a", "a", "b"}, []string{"b", "a", "b"}, "1 1|-a|+b| a| b"},
		{"only the first", []string{"a", "same", "b"}, []string{"A", "same", "B"}, "1 1|-a|+A| same"},
	} {
		p, err := compareLogs(logged(t, test.left...), logged(t, test.right...))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if p != nil {
			got = fmt.Sprintf("%d %d", p.Left, p.Right)
			for _, line := range p.Lines {
				got += "|" + map[string]string{"left": "-", "right": "+", "both": " "}[line.Side] + line.Text
			}
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// TestLongDifference shows a part of logs that differ until their end.
func TestLongDifference(t *testing.T) {
	var left, right []string
	for i := range 1000 {
		left, right = append(left, fmt.Sprint("l", i)), append(right, fmt.Sprint("r", i, strings.Repeat("x", 4000)))
	}
	p, err := compareLogs(logged(t, left...), logged(t, right...))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Lines) != 2*(perSide+1) || p.Lines[perSide].Text != "… 188 more" {
		t.Errorf("%d lines: %+v", len(p.Lines), p.Lines[perSide])
	}
	for _, line := range p.Lines {
		if len(line.Text) > longLine+10 {
			t.Errorf("a line of %d bytes", len(line.Text))
		}
	}
}

func TestListedPackages(t *testing.T) {
	left := logged(t, "$ cat /packages.txt", "gcc_12_amd64", "make_4_amd64", "$ make", "cc_1_x", "ok")
	right := logged(t, "$ cat /packages.txt", "gcc_14_amd64", "bison_3_amd64", "make_4_amd64", "$ make", "cc_2_x", "ok")
	left.Job.Packages = []string{"gcc_12_amd64", "make_4_amd64"}
	right.Job.Packages = []string{"gcc_14_amd64", "bison_3_amd64", "make_4_amd64"}
	p, err := compareLogs(left, right)
	if err != nil {
		t.Fatal(err)
	}
	if p == nil || p.Left != 5 || p.Right != 6 || p.Lines[2] != (Line{"left", "cc_1_x"}) {
		t.Errorf("parts at %+v, want lines 5 and 6", p)
	}
}

func TestMissingLog(t *testing.T) {
	in := logged(t, "a")
	for _, log := range []string{"none.log", "../x"} {
		gone := &Input{Run: in.Run, Job: &jobrecord.Job{Log: log}}
		if _, err := compareLogs(in, gone); err == nil {
			t.Errorf("%s: no error", log)
		}
		if _, err := compareLogs(gone, in); err == nil {
			t.Errorf("%s: no error", log)
		}
	}
}

func BenchmarkCompareLogs(b *testing.B) {
	var text strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&text, "[%d/100000] Compiling C object src/libhello.so.p/file%d.c.o\n", i, i)
	}
	in := func(end string) *Input {
		dir := b.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "j.log"), []byte(text.String()+end), 0o600); err != nil {
			b.Fatal(err)
		}
		return &Input{Run: &jobrecord.Stored{Dir: dir}, Job: &jobrecord.Job{Log: "j.log"}}
	}
	left, right := in("a\n"), in("b\n")
	for b.Loop() {
		if _, err := compareLogs(left, right); err != nil {
			b.Fatal(err)
		}
	}
}

// TestMarksOfSections: the marks of sections have times, and are no output.
func TestMarksOfSections(t *testing.T) {
	log := func(at int) *Input {
		return logged(t, fmt.Sprintf("section_start:%d:x[collapsed=true]\r\x1b[0K$ one", at), fmt.Sprintf("section_end:%d:x\r\x1b[0K", at+1), "$ two")
	}
	if p, err := compareLogs(log(1796020682), log(1796020716)); p != nil || err != nil {
		t.Errorf("%+v, %v", p, err)
	}
}
