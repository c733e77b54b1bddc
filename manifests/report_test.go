// SPDX-License-Identifier: GPL-2.0-or-later

package manifests_test

import (
	"testing"

	"gitlab.com/lcitool/lcitool/manifests"
)

func TestCheckResult(t *testing.T) {
	changes := func(actions ...manifests.Action) (all []manifests.Change) {
		for _, a := range actions {
			all = append(all, manifests.Change{Action: a})
		}
		return all
	}
	for _, c := range []struct {
		changes []manifests.Change
		want    string
	}{
		{nil, ""},
		{changes(manifests.Keep, manifests.Keep), ""},
		{changes(manifests.Keep, manifests.Write), "1 of 2 files is not what m.yml says"},
		{changes(manifests.Delete, manifests.Write, manifests.Keep), "2 of 3 files are not what m.yml says"},
	} {
		err := manifests.CheckResult(c.changes, "m.yml")
		if got := ""; err != nil {
			if got = err.Error(); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		} else if c.want != "" {
			t.Errorf("no error, want %q", c.want)
		}
	}
}
