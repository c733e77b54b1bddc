// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"testing"
	"time"
)

func TestSlowness(t *testing.T) {
	for in, want := range map[string]float64{
		"0.10 0.20 0.30 1/200 4711\n":   1,
		"30.00 10.00 5.00 3/200 4711\n": 4,
		"1.00 1.00 1.00 7/200 4711\n":   3.5,
		"":                              1,
		"x y z a/b 1":                   1,
		"4.00 1.00 1.00":                1,
		"-5.00 1.00 1.00 -3/200 4711\n": 1,
	} {
		if got := slowness(in, 2); got != want {
			t.Errorf("%q: got %v, want %v", in, got, want)
		}
	}
}

func TestQuick(t *testing.T) {
	for took, faults := range map[time.Duration]int{time.Millisecond: 0, 24 * time.Hour: 1} {
		c := &T{}
		if c.quick("the call", took, time.Second); len(c.faults.texts) != faults {
			t.Errorf("%s: %q", took, c.faults.texts)
		}
	}
}

// A case fails that takes 120 times its usual duration, or more on a busy machine.
func TestUsual(t *testing.T) {
	for _, tc := range []struct {
		id    string
		took  time.Duration
		crowd float64
		want  int
	}{
		{"API-01", 35 * time.Second, 1, 0}, {"API-01", 37 * time.Second, 1, 1},
		{"API-01", 350 * time.Second, 10, 0}, {"API-01", 370 * time.Second, 10, 1},
		{"CON-02", 10 * time.Minute, 1, 0}, {"CON-02", 2 * time.Hour, 1, 1},
	} {
		c := &T{def: Case{ID: tc.id}}
		if c.usualAt(tc.took, tc.crowd); len(c.faults.texts) != tc.want {
			t.Errorf("%s at %v: %q", tc.id, tc.crowd, c.faults.texts)
		}
	}
	if got := crowd("30.00 10.00 5.00 3/200 4711", 2); got != 15 {
		t.Errorf("got %v", got)
	}
}

func TestBusyEnough(t *testing.T) {
	for _, tc := range []struct {
		grown, passed time.Duration
		want          bool
	}{
		{2 * time.Second, 2 * time.Second, true},
		{10 * time.Millisecond, 2060 * time.Millisecond, true}, // seen on a busy machine
		{0, 2 * time.Second, false},
		{2 * time.Millisecond, 2 * time.Second, false}, // in microseconds
		{time.Minute / 1000, time.Minute, false},
	} {
		if got := busyEnough(tc.grown, tc.passed); got != tc.want {
			t.Errorf("%s in %s: %t", tc.grown, tc.passed, got)
		}
	}
}
