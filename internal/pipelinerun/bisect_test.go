// SPDX-License-Identifier: GPL-2.0-or-later

package pipelinerun

import (
	"testing"

	"gitlab.com/lcitool/lcitool/internal/bisect"
	"gitlab.com/lcitool/lcitool/internal/outcome"
)

func TestVerdictOn(t *testing.T) {
	for _, test := range []struct {
		result outcome.Result
		want   bisect.Verdict
	}{
		{outcome.Result{State: outcome.Passed}, bisect.Good},
		{outcome.Result{State: outcome.Failed, Code: 1}, bisect.Bad},
		{outcome.Result{State: outcome.Failed, Code: 1, Allowed: true}, bisect.Bad},
		{outcome.Result{State: outcome.TimedOut}, bisect.Bad},
		{outcome.Result{State: outcome.Failed, Code: 125}, bisect.Skip},
		{outcome.Result{State: outcome.Failed}, bisect.Skip}, // its results could not be stored
		{outcome.Result{State: outcome.NoImage}, bisect.Skip},
		{outcome.Result{State: outcome.EngineError}, bisect.Skip},
		{outcome.Result{State: outcome.Skipped}, bisect.Skip},
	} {
		if got, _ := verdictOn(test.result); got != test.want {
			t.Errorf("%+v: %s, want %s", test.result, got, test.want)
		}
	}
}
