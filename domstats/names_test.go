// SPDX-License-Identifier: GPL-2.0-or-later

package domstats

import "testing"

func TestNames(t *testing.T) {
	state, _ := ValueName("state.state", 3)
	status, _ := ValueName("dirtyrate.calc_status", 1)
	vcpu, _ := ValueName("vcpu.2.state", 1)
	for _, tc := range []struct{ got, want string }{
		{(GroupState | GroupVM).String(), "state|vm"},
		{Group(0x801).String(), "state|0x800"},
		{AllGroups.String(), "all groups"},
		{Group(0).String(), "0"},
		{FlagNames(FlagActive | FlagNoWait | 1<<28), "ACTIVE|NOWAIT|0x10000000"},
		{FlagNames(FlagEnforce), "ENFORCE_STATS"},
		{state, "paused"}, {status, "measuring"}, {vcpu, "running"},
		{StateName(99), "99"},
		{ReasonName(5, 5), "saved"}, {ReasonName(1, 8), "wakeup"}, {ReasonName(6, 1), "panicked"}, {ReasonName(7, 0), "unknown"},
	} {
		if tc.got != tc.want {
			t.Errorf("got %q, want %q", tc.got, tc.want)
		}
	}
	if _, ok := ValueName("balloon.current", 1); ok {
		t.Error("balloon.current has words")
	}
}
