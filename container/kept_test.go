// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"fmt"
	"testing"
	"time"

	"gitlab.com/lcitool/lcitool/container/api"
)

func TestSurplusKept(t *testing.T) {
	now := time.Unix(2_000_000_000, 0)
	day := 24 * time.Hour
	for name, c := range map[string]struct {
		ages []time.Duration
		want string
	}{
		"none":        {nil, "[]"},
		"few":         {[]time.Duration{0, day, 6 * day}, "[]"},
		"as many":     {[]time.Duration{0, 1, 2, 3, 4}, "[]"},
		"one too old": {[]time.Duration{0, 7 * day}, "[1]"},
		"just not":    {[]time.Duration{0, 7*day - 1}, "[]"},
		"too many":    {[]time.Duration{0, 1, 2, 3, 4, 5, 6}, "[5 6]"},
		"both":        {[]time.Duration{0, 1, 2, 8 * day, 9 * day, 10 * day}, "[3 4 5]"},
		"ahead of us": {[]time.Duration{-day, 0}, "[]"},
	} {
		t.Run(name, func(t *testing.T) {
			var all []keptContainer
			for i, age := range c.ages {
				all = append(all, keptContainer{KeptContainer: api.KeptContainer{Name: fmt.Sprint(i), Created: now.Add(-age)}})
			}
			var got []string
			for _, k := range surplusKept(all, now) {
				got = append(got, k.Name)
			}
			if fmt.Sprint(got) != c.want {
				t.Errorf("got %v, want %s", got, c.want)
			}
		})
	}
}
