// SPDX-License-Identifier: GPL-2.0-or-later

package report

import (
	"bytes"
	"encoding/xml"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/suite"
	"gitlab.com/lcitool/lcitool/internal/junit"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

func sample() *Run {
	schema := domstats.Schema{{Provider: "kvm", Target: "vcpu", Stats: []domstats.SchemaStat{
		{Name: "exits", Type: "cumulative"}, {Name: "halt_wait_hist", Type: "log2-histogram"},
	}}}
	coverage := schema.Coverage()
	coverage[0].Seen, coverage[0].Checked = true, true
	return New(&suite.Report{
		Libvirt: domstats.MakeVersion(11, 3, 0), QEMU: domstats.MakeVersion(10, 0, 13),
		Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Took: 90 * time.Second,
		Results: []suite.Result{
			{ID: "API-01", Title: "union", Status: suite.Pass, Duration: time.Second},
			{ID: "API-02", Title: "prefix # not a directive", Status: suite.Fail, Messages: []string{"one\nnot ok 9", "<two>"}},
			{ID: "NET-03", Title: "sent", Status: suite.Skip, Reason: "no /dev/net/tun # really"},
			{ID: "BLK-08", Title: "raw", Status: suite.Known, KDs: []string{"KD-2"}, Messages: []string{"is 0"}},
			{ID: "LIF-01", Title: "inactive", Status: suite.Fixed, KDs: []string{"KD-1"}},
		},
		Schema: schema, Coverage: coverage, Unknown: []string{"gpu.time"},
		Observations: []suite.Observation{
			{Case: "API-01", Domain: "a", Name: "vcpu.0.exits.sum", Type: "ullong", Samples: []suite.Sample{
				{At: 0, Value: uint64(1)}, {At: 5, Value: uint64(2)}, {At: 9, Value: uint64(1<<64 - 1)}, {At: 12, Value: uint64(7)}}},
			{Case: "API-01", Domain: "a", Name: "block.3.name", Type: "string", Samples: []suite.Sample{{At: 0, Value: "<script>"}}},
		},
	}, Where{URI: "qemu:///system", Kernel: "6.18", Machine: "box"})
}

func text(t *testing.T, write func(*bytes.Buffer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTAP(t *testing.T) {
	got := text(t, func(b *bytes.Buffer) error { return sample().WriteTAP(b) })
	want := `TAP version 14
# libvirt 11.3.0, QEMU 10.0.13
1..5
ok 1 - API-01 union
not ok 2 - API-02 prefix \# not a directive
# one not ok 9
# <two>
ok 3 - NET-03 sent # SKIP no /dev/net/tun \# really
not ok 4 - BLK-08 raw # TODO known deviation KD-2
# is 0
ok 5 - LIF-01 inactive
# LIF-01 no longer deviates: KD-1
`
	if got != want {
		t.Errorf("got:\n%s", got)
	}
}

func TestJUnit(t *testing.T) {
	got := text(t, func(b *bytes.Buffer) error { return sample().WriteJUnit(b) })
	var back struct {
		Suites []junit.Suite `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(got), &back); err != nil {
		t.Fatal(err)
	}
	s := back.Suites[0]
	if s.Tests != 5 || s.Failures != 1 || s.Skipped != 2 || len(s.Cases) != 5 {
		t.Errorf("got %s", got)
	}
	if f := s.Cases[1].Failure; f == nil || f.Message != "one" || !strings.Contains(f.Text, "<two>") || s.Cases[0].Failure != nil {
		t.Errorf("got %s", got)
	}
	if s.Cases[3].Skipped == nil || s.Cases[3].Skipped.Message != "known(KD-2)" || s.Cases[4].Skipped != nil {
		t.Errorf("got %s", got)
	}
}

func TestJSONComesBack(t *testing.T) {
	first := text(t, func(b *bytes.Buffer) error { return sample().WriteJSON(b) })
	r, err := ReadJSON(strings.NewReader(first))
	if err != nil {
		t.Fatal(err)
	}
	if second := text(t, func(b *bytes.Buffer) error { return r.WriteJSON(b) }); second != first {
		t.Errorf("got:\n%s\nfrom:\n%s", second, first)
	}
	if !strings.Contains(first, "18446744073709551615") {
		t.Error("a counter lost its digits")
	}
	for in, want := range map[string]string{
		"":                          "EOF",
		"{}":                        "format 0",
		`{"format":2}`:              "format 2",
		`{"format":1,"surprise":1}`: "surprise",
		"[]":                        "cannot read",
	} {
		if _, err := ReadJSON(strings.NewReader(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v", in, err)
		}
	}
}

func TestHTMLNeedsNothingElse(t *testing.T) {
	r := sample()
	got := text(t, func(b *bytes.Buffer) error { return r.WriteHTML(b) })
	for _, want := range []string{"API-02", "not reported: histogram", "vcpu.&lt;n&gt;.exits.sum", "<polyline points=\"0.0,40.0 ", "KD-2", "gpu.time", "&lt;two&gt;"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing", want)
		}
	}
	for _, bad := range []string{"<script", "http://", "https://", "<link", "src="} {
		if strings.Contains(got, bad) {
			t.Errorf("%q is there", bad)
		}
	}
	back, err := ReadJSON(strings.NewReader(text(t, func(b *bytes.Buffer) error { return r.WriteJSON(b) })))
	if err != nil {
		t.Fatal(err)
	}
	if again := text(t, func(b *bytes.Buffer) error { return back.WriteHTML(b) }); again != got {
		t.Error("the page of a run read back differs")
	}
}

func TestSummary(t *testing.T) {
	got := text(t, func(b *bytes.Buffer) error { return sample().WriteSummary(b) })
	for _, want := range []string{"API     1     1     0      0      0", "API-02  fail  prefix", "        one not ok 9",
		"BLK-08  known(KD-2)", "NET-03  skip (no /dev/net/tun", "1 pass, 1 fail, 1 skip, 1 known, 1 fixed in 90 s", "not in the catalogue: gpu.time"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in:\n%s", want, got)
		}
	}
	if strings.Contains(got, "API-01") {
		t.Error("a plain pass is listed")
	}
}

func TestDiff(t *testing.T) {
	if got := Diff(sample(), sample()); len(got) > 0 {
		t.Errorf("a run differs from itself: %+v", got)
	}
	b := sample()
	b.Where.QEMU = "10.1.0"
	b.Observations[0].Domain, b.Observations[0].Name = "other", "vcpu.17.exits.sum"
	b.Observations[1].Type = "int"
	b.Observations = append(b.Observations, suite.Observation{Name: "vm.fresh.sum", Type: "ullong"})
	b.Schema[0].Stats = append(b.Schema[0].Stats, domstats.SchemaStat{Name: "wait", Type: "peak", Unit: "seconds", Base: 10, Exponent: -9})
	b.Results[0].Status = suite.Fail
	b.Results[3].Status, b.Results[3].KDs = suite.Pass, nil
	b.Results[2].Reason = "another reason"
	a := sample()
	a.Observations = append(a.Observations, suite.Observation{Name: "vcpu.0.old.cur", Type: "boolean"})
	got := text(t, func(w *bytes.Buffer) error { return WriteChanges(w, Diff(a, b)) })
	want := `release    QEMU: 10.0.13 -> 10.1.0
gone       vcpu.<n>.old.cur: was boolean
new        vm.fresh.sum: ullong
retyped    block.<i>.name: string -> int
offered    kvm vcpu wait: peak seconds * 10^-9
behaviour  API-01: pass -> fail
behaviour  BLK-08: known(KD-2) -> pass
`
	if got != want {
		t.Errorf("got:\n%s", got)
	}
}

// A selection is compared with the same cases of a complete run.
func TestDiffOfASelection(t *testing.T) {
	whole, some := sample(), sample()
	whole.Observations = append(whole.Observations, suite.Observation{Case: "NET-03", Name: "net.0.rx.pkts", Type: "ullong"})
	some.Results = some.Results[:1]
	if got := Diff(whole, some); len(got) > 0 {
		t.Errorf("got %+v", got)
	}
	some.Results[0].Status = suite.Fail
	if got := Diff(whole, some); len(got) != 1 || got[0].What != "API-01" {
		t.Errorf("got %+v", got)
	}
}

func TestDiffOfASelectionWithoutSchema(t *testing.T) {
	for _, keep := range []int{0, 1} {
		whole, some := sample(), sample()
		some.Results = some.Results[:1]
		some.Schema = some.Schema[:keep]
		for _, runs := range [][2]*Run{{whole, some}, {some, whole}} {
			for _, c := range Diff(runs[0], runs[1]) {
				if c.Kind == Offered {
					t.Errorf("%d groups kept: %+v", keep, c)
				}
			}
		}
	}
	whole, less := sample(), sample()
	less.Schema = nil
	if got := Diff(whole, less); len(got) == 0 || got[0].Kind != Offered {
		t.Errorf("a schema that is gone in a whole run gives %+v", got)
	}
}

func TestGroupsKeepTheirOrder(t *testing.T) {
	if got := sample().groups(); !slices.Equal(got, []string{"API", "NET", "BLK", "LIF"}) {
		t.Errorf("got %v", got)
	}
}

// TAP has one line for each test, whatever text a case returns.
func FuzzTAP(f *testing.F) {
	f.Add("plain", "reason")
	f.Add("a\nok 7 - b", "# TODO")
	f.Add("\r\x00\x1b[2J", "\\#")
	f.Fuzz(func(t *testing.T, title, reason string) {
		r := &Run{Results: []suite.Result{{ID: "API-01", Title: title, Status: suite.Skip, Reason: reason}}}
		var b bytes.Buffer
		if err := r.WriteTAP(&b); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		if len(lines) != 4 || !strings.HasPrefix(lines[3], "ok 1 - API-01") || strings.Count(strings.ReplaceAll(lines[3], `\\`, ""), " # SKIP") < 1 {
			t.Fatalf("%q", lines)
		}
	})
}

// TestHiddenCharacters: names of a server do not control the terminal.
func TestHiddenCharacters(t *testing.T) {
	const name = "net.\x1b]0;t\a\u009b2J\u202ex\u200b\x7f"
	r := sample()
	r.Unknown = []string{name}
	r.Where.Kernel, r.Results[0].Title = name, "plain"
	r.Observations = append(r.Observations, suite.Observation{Case: "NET-03", Name: name, Type: "ullong"})
	for format, write := range map[string]func(io.Writer) error{"summary": r.WriteSummary, "JSON": r.WriteJSON, "TAP": r.WriteTAP} {
		got := text(t, func(b *bytes.Buffer) error { return write(b) })
		for line := range strings.Lines(got) {
			if strings.ContainsFunc(strings.TrimSuffix(line, "\n"), func(r rune) bool { return r != '\t' && termtext.Hidden(r) }) {
				t.Errorf("%s: %q", format, line)
			}
		}
		if format != "JSON" {
			continue
		}
		if back, err := ReadJSON(strings.NewReader(got)); err != nil || back.Unknown[0] != name {
			t.Errorf("read back %+v, %v", back, err)
		}
	}
}
