// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/domstats"
)

func TestCasesAreAllThere(t *testing.T) {
	want := map[string]int{"API": 29, "MAP": 17, "STA": 17, "LIF": 16, "CPU": 13, "VCP": 22, "BAL": 19, "NET": 22, "BLK": 44,
		"PRF": 11, "IOT": 8, "MEM": 2, "DRT": 12, "VM": 6, "CON": 19, "QST": 10, "VSH": 6, "TDR": 14}
	form := regexp.MustCompile(`^[A-Z]{2,3}-[0-9]{2}$`)
	seen := map[string]bool{}
	got := map[string]int{}
	for _, c := range Cases() {
		if !form.MatchString(c.ID) || seen[c.ID] || c.Title == "" || len(c.Needs) == 0 || c.run == nil {
			t.Errorf("case %q is not right", c.ID)
		}
		seen[c.ID] = true
		got[c.Group()]++
	}
	total := 0
	for g, n := range want {
		if got[g] != n {
			t.Errorf("group %s has %d cases, not %d", g, got[g], n)
		}
		total += n
	}
	if total != len(seen) {
		t.Errorf("%d cases", len(seen))
	}
}

func TestSelect(t *testing.T) {
	for _, tc := range []struct {
		patterns []string
		want     string
		wantErr  string
	}{
		{[]string{"blk-01", "VM-0[12]"}, "BLK-01 VM-01 VM-02", ""},
		{[]string{"MEM-*", "mem-02"}, "MEM-01 MEM-02", ""},
		{[]string{"XYZ-01"}, "", `no case matches "XYZ-01"`},
		{[]string{"MEM-*", "BLK-99"}, "", `no case matches "BLK-99"`},
		{[]string{"BLK-["}, "", "cannot read the pattern"},
	} {
		got, err := Select(Cases(), tc.patterns...)
		if tc.wantErr != "" {
			if err == nil || !strings.Contains(err.Error(), tc.wantErr) {
				t.Errorf("%q: got %v", tc.patterns, err)
			}
			continue
		}
		var ids []string
		for _, c := range got {
			ids = append(ids, c.ID)
		}
		if err != nil || strings.Join(ids, " ") != tc.want {
			t.Errorf("%q: got %q, %v", tc.patterns, ids, err)
		}
	}
	if all, err := Select(Cases()); err != nil || len(all) != len(Cases()) {
		t.Errorf("no pattern gives %d cases, %v", len(all), err)
	}
}

func TestDeviations(t *testing.T) {
	v := domstats.MakeVersion
	old, recent := v(9, 0, 0), v(11, 3, 0)
	qOld, qRecent := v(7, 2, 22), v(10, 0, 13)
	for id, want := range map[string][2]bool{ // on the older stack, on the newer one
		"KD-1": {true, true}, "KD-2": {false, true}, "KD-3": {true, false}, "KD-4": {true, true}, "KD-5": {true, false},
		"KD-6": {false, true}, "KD-7": {true, true}, "KD-8": {true, false}, "KD-9": {true, false}, "KD-10": {true, true},
		"KD-11": {true, true}, "KD-12": {true, true}, "KD-13": {true, true}, "KD-17": {true, true}, "KD-18": {true, true}, "KD-99": {false, false},
	} {
		d := deviation(id)
		if got := [2]bool{d.Applies(old, qOld), d.Applies(recent, qRecent)}; got != want {
			t.Errorf("%s: got %v, want %v", id, got, want)
		}
	}
}

func TestVerdicts(t *testing.T) {
	at := &run{libvirt: domstats.MakeVersion(11, 3, 0), qemu: domstats.MakeVersion(10, 0, 0)}
	for _, tc := range []struct {
		name string
		do   func(*T)
		want string
	}{
		{"nothing wrong", func(t *T) { t.notef("by the way") }, "pass"},
		{"a fault", func(t *T) { t.errorf("no") }, "fail"},
		{"a known deviation", func(t *T) { t.deviates("KD-1", true, "x"); t.deviates("KD-1", true, "x") }, "known(KD-1)"},
		{"one that is gone", func(t *T) { t.deviates("KD-1", false, "x") }, "fixed(KD-1)"},
		{"one of another release", func(t *T) { t.deviates("KD-3", true, "x") }, "fail"},
		{"none of another release", func(t *T) { t.deviates("KD-3", false, "x") }, "pass"},
		{"a fault beside a deviation", func(t *T) { t.deviates("KD-1", true, "x"); t.errorf("no") }, "fail"},
		{"two", func(t *T) { t.deviates("KD-4", true, "x"); t.deviates("KD-1", true, "x") }, "known(KD-1, KD-4)"},
		{"skipped", func(t *T) { t.skipped = "no KVM" }, "skip (no KVM)"},
	} {
		c := &T{run: at}
		tc.do(c)
		if got := c.result(0).Verdict(); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestOrder(t *testing.T) {
	cases := []Case{{ID: "API-01"}, {ID: "CON-02", Idle: true}, {ID: "TDR-01", Alone: true}, {ID: "NET-09", Idle: true}, {ID: "API-02"}, {ID: "LIF-10"}}
	for _, tc := range []struct {
		jobs              int
		busy, idle, alone []int
	}{
		{2, []int{5, 0, 4}, []int{1, 3}, []int{2}},
		{1, []int{5, 1, 3, 0, 4}, nil, []int{2}},
	} {
		p := arrange(cases, tc.jobs)
		if !slices.Equal(p.busy, tc.busy) || !slices.Equal(p.idle, tc.idle) || !slices.Equal(p.alone, tc.alone) {
			t.Errorf("%d: %+v", tc.jobs, p)
		}
	}
}
