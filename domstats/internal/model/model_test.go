// SPDX-License-Identifier: GPL-2.0-or-later

package model_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/lcitool/lcitool/domstats/internal/model"
	"gitlab.com/lcitool/lcitool/domstats/suite"
)

const prefix = "lcstats-model-1-1."

// run must be called in a bubble of synctest, where waiting takes no time.
func run(t *testing.T, s suite.Stack, cases []suite.Case) *suite.Report {
	t.Helper()
	rep, err := suite.Run(t.Context(), suite.Options{Stack: s, Cases: cases, Prefix: prefix, Jobs: 4})
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func TestCleanModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := model.New()
		rep := run(t, m, suite.Cases())
		for _, r := range rep.Results {
			if r.Status == suite.Fail || r.Status == suite.Skip {
				t.Errorf("%s: %s: %s", r.ID, r.Verdict(), strings.Join(r.Messages, "; "))
			}
		}
		// Nothing is left, and the domain of another user is unchanged.
		if left := m.Domains(); !slices.Equal(left, []string{"bystander"}) {
			t.Errorf("left: %q", left)
		}
		checkCompared(t, rep)
		t.Logf("%d cases: %d pass, %d known, %d fixed", len(rep.Results), rep.Count(suite.Pass), rep.Count(suite.Known), rep.Count(suite.Fixed))
	})
}

// checkCompared checks that a case compares the value of each statistic. Statistics that no
// x86 machine or the model has are listed here.
func checkCompared(t *testing.T, rep *suite.Report) {
	t.Helper()
	elsewhere := []string{
		"vcpu.<n>.halted",     // s390
		"block.<i>.errors",    // Xen
		"vcpu.<n>.<name>.max", // KVM offers none
		// Events of the hardware cannot be enabled in virtual machines.
		"perf.cmt", "perf.mbmt", "perf.mbml", "perf.cpu_cycles", "perf.instructions", "perf.cache_references", "perf.cache_misses",
		"perf.branch_instructions", "perf.branch_misses", "perf.bus_cycles", "perf.stalled_cycles_frontend", "perf.stalled_cycles_backend",
		"perf.ref_cpu_cycles",
	}
	for _, s := range rep.Statistics {
		if (len(s.Cases) > 0) == slices.Contains(elsewhere, s.Pattern) {
			t.Errorf("%s is compared by %q", s.Pattern, s.Cases)
		}
	}
}

// Cases that run when the daemon dies fail and report the cause.
func TestDeath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cases, err := suite.Select(suite.Cases(), "CON-02", "STA-03", "API-01")
		if err != nil {
			t.Fatal(err)
		}
		deaths := make(chan string, 1)
		o := suite.Options{Stack: model.New(), Cases: cases, Prefix: prefix, Deaths: deaths}
		go func() {
			time.Sleep(5 * time.Second)
			deaths <- "the daemon died"
		}()
		rep, err := suite.Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rep.Results {
			if died := strings.Contains(strings.Join(r.Messages, " "), "the daemon died"); died != (r.ID == "CON-02") || died != (r.Status == suite.Fail) {
				t.Errorf("%s: %s: %q", r.ID, r.Verdict(), r.Messages)
			}
		}
	})
}

type lacking struct {
	*model.Stack
	need suite.Need
}

type poorHost struct {
	suite.Host
	need suite.Need
}

func (s lacking) Host() suite.Host { return poorHost{s.Stack.Host(), s.need} }

func (h poorHost) Missing(n suite.Need) string {
	if n == h.need {
		return "there is none"
	}
	return h.Host.Missing(n)
}

func TestRequire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cases, err := suite.Select(suite.Cases(), "NET-06")
		if err != nil {
			t.Fatal(err)
		}
		for _, tc := range []struct {
			require []suite.Need
			want    suite.Status
		}{{nil, suite.Skip}, {[]suite.Need{suite.NeedKVM}, suite.Skip}, {[]suite.Need{suite.NeedTap}, suite.Fail}} {
			rep, err := suite.Run(t.Context(), suite.Options{Stack: lacking{model.New(), suite.NeedTap}, Cases: cases, Prefix: prefix, Require: tc.require})
			if err != nil || rep.Results[0].Status != tc.want {
				t.Errorf("%q: %+v, %v", tc.require, rep.Results, err)
			}
		}
	})
}

// A daemon that the suite did not start does not show everything; cases report what they
// left out.
func TestDaemonOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cases, err := suite.Select(suite.Cases(), "IOT-08", "DRT-12", "CON-18")
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{
			"IOT-08": "not judged: whether libvirtd dies of it (KD-18)",
			"DRT-12": "not judged: whether calls leave memory behind (KD-17)",
			"CON-18": "a small leak may be in memory that it had",
		}
		for _, r := range run(t, lacking{model.New(), suite.NeedDaemon}, cases).Results {
			said := r.Reason + strings.Join(r.Messages, " ")
			if skipped := r.Status == suite.Skip; skipped == (r.ID == "CON-18") || !strings.Contains(said, want[r.ID]) {
				t.Errorf("%s: %s: %q", r.ID, r.Verdict(), r.Messages)
			}
		}
		for _, r := range run(t, lacking{model.New(), suite.NeedPID}, cases[:1]).Results {
			if r.Status != suite.Skip || strings.Contains(r.Reason, "not judged") {
				t.Errorf("without process IDs: %s: %s", r.ID, r.Verdict())
			}
		}
	})
}
