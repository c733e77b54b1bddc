// SPDX-License-Identifier: GPL-2.0-or-later

package jobreport

import (
	"bytes"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/junit"
	"gitlab.com/lcitool/lcitool/internal/outcome"
)

func report(t *testing.T, data string) []junit.Suite {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "j.xml"), []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
	return written(t, &jobrecord.Stored{Run: jobrecord.Run{Jobs: []jobrecord.Job{
		{Name: "job", State: outcome.Passed, Artifacts: dir, JUnit: []string{"j.xml"}}}}})
}

func written(t *testing.T, s *jobrecord.Stored) []junit.Suite {
	t.Helper()
	var all struct {
		Suites []junit.Suite `xml:"testsuite"`
	}
	if err := xml.Unmarshal(write(t, JUnit, s), &all); err != nil {
		t.Fatal(err)
	}
	return all.Suites
}

// TestJobReports reads reports of test programs, and hostile ones.
func TestJobReports(t *testing.T) {
	deep := strings.Repeat("<testsuite name='s'>", 1000) + "<testcase name='x'/>"
	for _, test := range []struct {
		name, data string
		want       string // suite/class/name and how it ended, of all cases
		fault      string // in the case about what could not be read
	}{
		{"suites", `<testsuites><testsuite name="s"><testcase name="a" classname="c"/><testcase name="b"><failure/></testcase></testsuite></testsuites>`,
			"job: s/job.c/a; job: s/job/b failed", ""},
		{"one suite", `<testsuite name="s"><testcase name="a"><error message="m"/></testcase></testsuite>`, "job: s/job/a error", ""},
		{"nested", `<testsuites><testsuite name="o"><testsuite name="i"><testcase name="a"/></testsuite><testcase name="b"/></testsuite></testsuites>`,
			"job: o i/job/a; job: o/job/b", ""},
		{"control characters", "<testsuite name='s\x1b'><testcase name='a\x00&#27;&#x1B;&#65;'/></testsuite>", "job: s/job/aA", ""},
		{"no text", "<testsuite name='s'><testcase name='\xff'/></testsuite>", "job: s/job/\uFFFD", ""},
		{"another encoding", "<?xml version='1.0' encoding='ISO-8859-1'?><testsuite name='\xe4'><testcase name='a'/></testsuite>", "job: ä/job/a", ""},
		{"Windows' encoding", "<?xml version='1.0' encoding='Windows-1252'?><testsuite name='\x80\x9f\xe4'><testcase name='a'/></testsuite>", "job: €Ÿä/job/a", ""},
		{"skipped", `<testsuite><testcase name="a"><skipped message="m">t</skipped></testcase></testsuite>`, "job:/job/a skipped", ""},
		{"elements nobody knows", `<testsuite name="s"><a><testcase name="no"/></a><testcase name="a"><b>x</b></testcase></testsuite>`, "job: s/job/a", ""},
		{"cut off", `<testsuite name="s"><testcase name="a"/><testcase name="b"`, "job: s/job/a", "not a JUnit report"},
		{"nothing", "", "", ""},
		{"a page", "<!DOCTYPE html><p>404<br></p>", "", "not a JUnit report"},
		{"entities", `<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><testsuite name="s"><testcase name="&b;"/></testsuite>`, "", "not a JUnit report"},
		{"deep", deep, "", "nested too deep"},
		{"encoding nobody knows", "<?xml version='1.0' encoding='klingon'?><testsuite/>", "", "not a JUnit report"},
	} {
		var got []string
		fault := ""
		for _, s := range report(t, test.data)[1:] {
			for _, c := range s.Cases {
				if s.Name == "job: reports" {
					fault = c.Skipped.Message
					continue
				}
				got = append(got, s.Name+"/"+c.Class+"/"+c.Name+how(c))
			}
		}
		if strings.Join(got, "; ") != test.want || !strings.Contains(fault, test.fault) || (fault == "") != (test.fault == "") {
			t.Errorf("%s: %q, fault %q; want %q, %q", test.name, strings.Join(got, "; "), fault, test.want, test.fault)
		}
	}
}

func how(c junit.Case) string {
	switch {
	case c.Failure != nil:
		return " failed"
	case c.Error != nil:
		return " error"
	case c.Skipped != nil:
		return " skipped"
	}
	return ""
}

// TestBounds has reports over the limits of cases, names, output and size.
func TestBounds(t *testing.T) {
	many := "<testsuite>" + strings.Repeat("<testcase name='a'/>", 50_000+10) + "</testsuite>"
	suites := report(t, many)
	if n := len(suites[1].Cases); n != 50_000 || suites[1].Tests != n {
		t.Errorf("%d cases, %d counted", n, suites[1].Tests)
	}
	if !strings.Contains(suites[2].Cases[0].Skipped.Message, junit.ErrFull.Error()) {
		t.Errorf("said of the rest: %q", suites[2].Cases[0].Skipped.Message)
	}
	long := report(t, "<testsuite><testcase name='"+strings.Repeat("n", 10_000)+"'><system-out>"+strings.Repeat("x", 1<<20)+"the end</system-out></testcase></testsuite>")
	if c := long[1].Cases[0]; len(c.Name) > 1<<10+10 || len(c.Output) > 64<<10+10 || !strings.HasSuffix(c.Output, "the end") {
		t.Errorf("%d bytes of name, %d of output", len(c.Name), len(c.Output))
	}
	if s := report(t, strings.Repeat(" ", maxFile+1)); !strings.Contains(s[1].Cases[0].Skipped.Message, "larger than 16 MiB") {
		t.Errorf("said of a large file: %+v", s[1])
	}
}

// TestEscape reads only regular files below the directory of the artifacts.
func TestEscape(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(dir, "outside.xml")
	inside := filepath.Join(dir, "artifacts")
	if err := os.WriteFile(outside, []byte("<testsuite><testcase name='a'/></testsuite>"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(inside, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(inside, "link.xml")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(inside, "pipe.xml"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"../outside.xml", outside, "link.xml", "pipe.xml", ".", "none.xml"} {
		data, err := readBelow(inside, name)
		if err == nil {
			t.Errorf("%s: read %q", name, data)
		}
	}
}

// TestStates shows how each state of a job is counted.
func TestStates(t *testing.T) {
	for _, test := range []struct {
		job  jobrecord.Job
		want string
	}{
		{jobrecord.Job{State: outcome.Passed}, ""},
		{jobrecord.Job{State: outcome.Failed, Code: 1}, " failed"},
		{jobrecord.Job{State: outcome.TimedOut}, " failed"},
		{jobrecord.Job{State: outcome.Failed, Allowed: true}, " skipped"},
		{jobrecord.Job{State: outcome.NoImage}, " error"},
		{jobrecord.Job{State: outcome.EngineError}, " error"},
		{jobrecord.Job{State: outcome.Stopped}, " error"},
		{jobrecord.Job{State: outcome.Running}, " error"},
		{jobrecord.Job{State: outcome.NotRun}, " skipped"},
		{jobrecord.Job{State: outcome.Skipped}, " skipped"},
	} {
		test.job.Name, test.job.Started = "a", time.Now()
		s := written(t, &jobrecord.Stored{Run: jobrecord.Run{Jobs: []jobrecord.Job{test.job}}})
		if got := how(s[0].Cases[0]); got != test.want {
			t.Errorf("%+v: %q, want %q", test.job, got, test.want)
		}
	}
}

// FuzzJUnit: our report is valid, whatever report a job leaves.
func FuzzJUnit(f *testing.F) {
	seed, err := os.ReadFile("testdata/artifacts/tests/junit.xml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte("<testsuite name='\x1b'><testcase>&#0;]]>"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, "j.xml"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		err := JUnit(&b, &jobrecord.Stored{Run: jobrecord.Run{Jobs: []jobrecord.Job{{Name: string(data), Artifacts: dir, JUnit: []string{"j.xml"}}}}})
		if err != nil {
			t.Fatal(err)
		}
		var back struct {
			Suites []junit.Suite `xml:"testsuite"`
		}
		if err := xml.Unmarshal(b.Bytes(), &back); err != nil {
			t.Errorf("%v:\n%s", err, b.Bytes())
		}
	})
}

// TestLinkInPlaceOfArtifacts: a job that can write to the project can put a link
// in the place of another one's artifacts.
func TestLinkInPlaceOfArtifacts(t *testing.T) {
	dir := t.TempDir()
	elsewhere := filepath.Join(t.TempDir(), "x.xml")
	if err := os.WriteFile(elsewhere, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "job")
	if err := os.Symlink(filepath.Dir(elsewhere), link); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{link, ""} {
		if data, err := readBelow(dir, "x.xml"); err == nil {
			t.Errorf("read %q", data)
		}
	}
}

// TestLongLists: the time for a report does not grow with the lists of packages
// that images claim.
func TestLongLists(t *testing.T) {
	run := &jobrecord.Run{}
	for range 4 {
		run.Jobs = append(run.Jobs, jobrecord.Job{State: outcome.Passed, Packages: []string{"a_1_all"}})
	}
	failed := &jobrecord.Job{State: outcome.Failed, Packages: []string{"a_2_all"}}
	for lines, want := range map[int]bool{1: false, 2: true, maxLines: true} {
		left := lines
		if got := nearest(run, failed, &left); (got != nil) != want || want && lines < maxLines && left != -2 || lines == maxLines && left != maxLines-8 {
			t.Errorf("%d lines: %+v, %d left", lines, got, left)
		}
	}
}
