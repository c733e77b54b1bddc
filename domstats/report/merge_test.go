// SPDX-License-Identifier: GPL-2.0-or-later

package report

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/suite"
)

// part is a run as a container writes it, read back.
func part(t *testing.T, r *Run) *Run {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	back, err := ReadJSON(&b)
	if err != nil {
		t.Fatal(err)
	}
	return back
}

func TestMerge(t *testing.T) {
	first, second := sample(), sample()
	first.Results = []suite.Result{{ID: "API-01", Status: suite.Pass}, {ID: "BLK-08", Status: suite.Known, KDs: []string{"KD-2"}}, {ID: "TDR-02"}}
	first.Statistics = []suite.Statistic{{Pattern: "cpu.time", Seen: true, Cases: []string{"API-01"}}, {Pattern: "cpu.user"}}
	// The cases of the other one met no schema, and began two seconds later.
	second.Results = []suite.Result{{ID: "API-08", Status: suite.Fail}, {ID: "CON-14"}, {ID: "LIF-10", Status: suite.Pass}}
	second.Schema, second.Coverage = nil, domstats.FixedCoverage()
	second.Coverage[2].Seen = true
	second.Statistics = []suite.Statistic{{Pattern: "cpu.time", Moved: true, Cases: []string{"CON-14"}}, {Pattern: "gpu.time", Seen: true}}
	second.Observations = []suite.Observation{{Case: "API-00", Name: "cpu.time", Samples: []suite.Sample{{At: 5, Value: uint64(1)}}}}
	second.Unknown = []string{"gpu.time", "air"}
	second.Where.Started = second.Where.Started.Add(2 * time.Second)
	second.Where.Seconds = 100
	a, b := part(t, first), part(t, second)
	for _, m := range []*Run{Merge(a, b), Merge(b, a)} {
		ids := ""
		for _, r := range m.Results {
			ids += r.ID + " "
		}
		if ids != "API-01 API-08 BLK-08 LIF-10 CON-14 TDR-02 " {
			t.Errorf("results: %s", ids)
		}
		if m.Where.Seconds != 102 || !m.Where.Started.Equal(first.Where.Started) || !m.Failed() || m.Count(suite.Known) != 1 {
			t.Errorf("%+v, %s", m.Where, m.Totals())
		}
		if !slices.Equal(m.Unknown, []string{"air", "gpu.time"}) || len(m.Schema) != 1 {
			t.Errorf("unknown %q, schema %v", m.Unknown, m.Schema)
		}
		fixed := len(domstats.FixedCoverage())
		if c := m.Coverage; len(c) != 2+fixed || !c[0].Seen || !c[0].Checked || c[1].Seen || !c[4].Seen || c[5].Seen {
			t.Errorf("coverage: %+v", c)
		}
		if s := m.Statistics; len(s) != 3 || !s[0].Seen || !s[0].Moved || !slices.Equal(s[0].Cases, []string{"API-01", "CON-14"}) || s[2].Pattern != "gpu.time" {
			t.Errorf("statistics: %+v", s)
		}
		if o := m.Observations; len(o) != 3 || o[0].Case != "API-00" || o[0].Samples[0].At != 2005 || o[2].Samples[1].At != 5 {
			t.Errorf("observations: %+v", o)
		}
		var page bytes.Buffer
		if err := m.WriteHTML(&page); err != nil || page.Len() == 0 {
			t.Error(err)
		}
	}
	if len(b.Observations[0].Samples) != 1 || b.Observations[0].Samples[0].At != 5 || len(a.Statistics[0].Cases) != 1 {
		t.Error("a part was changed")
	}
}
