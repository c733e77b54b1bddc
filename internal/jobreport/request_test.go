// SPDX-License-Identifier: GPL-2.0-or-later

package jobreport

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/internal/jobrecord"
	"gitlab.com/lcitool/lcitool/internal/outcome"
	"gitlab.com/lcitool/lcitool/internal/redact"
)

func TestParseReports(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("dir", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		values  []string
		want    string // kinds and files
		wantErr string
	}{
		{nil, "", ""},
		{[]string{"junit=a.xml", "json=-", "html=./b.html"}, "junit a.xml, json -, html b.html", ""},
		{[]string{"junit=a=b"}, "junit a=b", ""},
		{[]string{"junit"}, "", `expected KIND=FILE, got "junit"`},
		{[]string{"junit="}, "", "expected KIND=FILE"},
		{[]string{"=a"}, "", "invalid choice: ''"},
		{[]string{"xml=a"}, "", "invalid choice: 'xml' (choose from junit, json, html)"},
		{[]string{"JUnit=a"}, "", "invalid choice"},
		{[]string{"junit=-", "json=-"}, "", `two reports cannot both be written to "-"`},
		{[]string{"junit=a", "json=./a"}, "", `two reports cannot both be written to "a"`},
		{[]string{"junit=none/a"}, "", `there is no directory "none"`},
		{[]string{"junit=dir"}, "", `"dir" is a directory`},
	} {
		reports, err := ParseRequests(test.values)
		var got []string
		for _, r := range reports {
			got = append(got, r.kind+" "+r.file)
		}
		if strings.Join(got, ", ") != test.want || (err == nil) != (test.wantErr == "") || err != nil && !strings.Contains(err.Error(), test.wantErr) {
			t.Errorf("%q: %v, %v; want %s, %s", test.values, got, err, test.want, test.wantErr)
		}
	}
}

func TestWriteReports(t *testing.T) {
	dir := t.TempDir()
	var out bytes.Buffer
	file := filepath.Join(dir, "r.html")
	if err := os.WriteFile(file, []byte("an older one"), 0o600); err != nil {
		t.Fatal(err)
	}
	gone := filepath.Join(dir, "gone", "r.xml")
	if err := os.Mkdir(filepath.Dir(gone), 0o755); err != nil {
		t.Fatal(err)
	}
	reports, err := ParseRequests([]string{"junit=" + gone, "html=" + file, "json=-"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Dir(gone)); err != nil {
		t.Fatal(err)
	}
	run := &jobrecord.Run{ID: "1", Started: time.Unix(0, 0), Jobs: []jobrecord.Job{{Name: "a", State: outcome.Stopped}}}
	err = WriteAll(t.Context(), reports, &jobrecord.Stored{Run: *run, Dir: dir}, redact.New("Stopped-secret"), &out)
	if err == nil || !strings.Contains(err.Error(), "cannot write the junit report: ") {
		t.Errorf("error: %v", err)
	}
	if data, err := os.ReadFile(file); err != nil || !bytes.HasPrefix(data, []byte("<!DOCTYPE html>")) {
		t.Errorf("page: %q, %v", data, err)
	}
	if !strings.HasPrefix(out.String(), "{\n  \"id\": \"1\"") {
		t.Errorf("on stdout: %q", out.String())
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left beside the page: %v, %v", left, err)
	}
}

// TestReportInAnOpenFile: a path that stands for an open file is not replaced, even if
// the user could.
func TestReportInAnOpenFile(t *testing.T) {
	out, err := os.CreateTemp(t.TempDir(), "out")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := out.WriteString("before\n"); err != nil {
		t.Fatal(err)
	}
	reports, err := ParseRequests([]string{fmt.Sprintf("json=/dev/fd/%d", out.Fd())})
	if err != nil {
		t.Fatal(err)
	}
	if err := WriteAll(t.Context(), reports, &jobrecord.Stored{Run: jobrecord.Run{ID: "1"}}, redact.New(), nil); err != nil {
		t.Error(err)
	}
	if _, err := out.WriteString("after\n"); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(out.Name()); err != nil || !strings.HasPrefix(string(data), "before\n{\n") || !strings.HasSuffix(string(data), "}\nafter\n") {
		t.Errorf("%q, %v", data, err)
	}
}
