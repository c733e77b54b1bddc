// SPDX-License-Identifier: GPL-2.0-or-later

package model_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"gitlab.com/lcitool/lcitool/domstats/internal/model"
	"gitlab.com/lcitool/lcitool/domstats/suite"
)

const prefix = "lcstats-model-1-1."

// run drives cases against a stack in a bubble of its own time.
func run(t *testing.T, s suite.Stack, cases []suite.Case) *suite.Report {
	t.Helper()
	rep, err := suite.Run(t.Context(), suite.Options{Stack: s, Cases: cases, Prefix: prefix, Jobs: 4})
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func TestNoCaseFailsOnTheCleanModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := model.New()
		rep := run(t, m, suite.Cases())
		for _, r := range rep.Results {
			if r.Status == suite.Fail || r.Status == suite.Skip {
				t.Errorf("%s: %s: %s", r.ID, r.Verdict(), strings.Join(r.Messages, "; "))
			}
		}
		// Nothing is left, and nobody else's domain was touched.
		if left := m.Domains(); !slices.Equal(left, []string{"bystander"}) {
			t.Errorf("left: %q", left)
		}
		t.Logf("%d cases: %d pass, %d known, %d fixed", len(rep.Results), rep.Count(suite.Pass), rep.Count(suite.Known), rep.Count(suite.Fixed))
	})
}
