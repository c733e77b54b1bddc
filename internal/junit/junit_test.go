// SPDX-License-Identifier: GPL-2.0-or-later

package junit

import (
	"strings"
	"testing"
	"time"
)

func TestWrite(t *testing.T) {
	m := &Message{Message: "why", Type: "T", Text: "all <of> it"}
	suite := Suite{Name: "s", Time: Seconds(1500 * time.Millisecond), Timestamp: Timestamp(time.Unix(0, 0)), Tests: 99, Cases: []Case{
		{Name: "passes", Class: "c", Output: "said"}, {Name: "fails", Failure: m}, {Name: "breaks", Error: m}, {Name: "waits", Skipped: m, File: "f.c"},
	}}
	var b strings.Builder
	if err := Write(&b, suite, Suite{Name: "empty"}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`<testsuites tests="4" failures="1" errors="1" skipped="1">`,
		`<testsuite name="s" tests="4" failures="1" errors="1" skipped="1" time="1.500" timestamp="1970-01-01T00:00:00">`,
		`<testcase name="passes" classname="c">`, "<system-out>said</system-out>", `<failure message="why" type="T">all &lt;of&gt; it</failure>`,
		`<testcase name="waits" classname="" file="f.c">`, `<testsuite name="empty" tests="0" failures="0" errors="0" skipped="0"></testsuite>`,
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in\n%s", want, b.String())
		}
	}
	back, err := NewReader().Read("job", []byte(b.String()))
	if err != nil || len(back) != 1 || back[0].Name != "job: s" || len(back[0].Cases) != 4 || back[0].Cases[1].Failure.Text != m.Text {
		t.Errorf("read back: %+v, %v", back, err)
	}
}
