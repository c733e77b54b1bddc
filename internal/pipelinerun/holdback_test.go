// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/gitlabci"
)

func TestManualJobsHoldBack(t *testing.T) {
	need := func(names ...string) (needs []gitlabci.Need) {
		for _, name := range names {
			needs = append(needs, gitlabci.Need{Job: name, Artifacts: true})
		}
		return needs
	}
	for _, test := range []struct {
		allowed     bool // the manual job may fail
		names, want string
	}{
		{false, "*", "build"},
		{true, "*", "build next"},
		{false, "* gate", "build dag far gate next"},
		{false, "* dag", "build dag far"}, // named, so it runs
	} {
		e := &gitlabci.Evaluation{Stages: []string{"one", "two", "three"}, Jobs: []gitlabci.Job{
			{Name: "gate", Base: "gate", Stage: "one", When: gitlabci.Manual, AllowFailure: test.allowed},
			{Name: "build", Base: "build", Stage: "one", When: gitlabci.OnSuccess},
			{Name: "dag", Base: "dag", Stage: "two", When: gitlabci.OnSuccess, Ordered: true, Needs: need("gate")},
			{Name: "next", Base: "next", Stage: "two", When: gitlabci.OnSuccess},
			{Name: "far", Base: "far", Stage: "three", When: gitlabci.OnSuccess, Ordered: true, Needs: need("dag")},
		}}
		c, err := Choose(e, Choice{Names: strings.Fields(test.names)})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, j := range c.Jobs {
			got = append(got, j.Name)
		}
		slices.Sort(got)
		if strings.Join(got, " ") != test.want {
			t.Errorf("%q, allowed %v: got %q, left %q", test.names, test.allowed, got, c.Skipped)
		}
	}
}
