// SPDX-License-Identifier: GPL-2.0-or-later

package observe_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/display"
	"gitlab.com/lcitool/lcitool/domstats/observe"
)

func TestWatch(t *testing.T) {
	client := &fakeClient{domains: map[string]domstats.Domain{"a": {Name: "a"}}, records: []domstats.Record{record("a", 1)}}
	o := &observe.Observer{Client: client}
	shown := 0
	show := func(s []display.Snapshot) error {
		if len(s) != 1 || s[0].Record.Domain.Name != "a" {
			t.Errorf("shows %v", s)
		}
		shown++
		return nil
	}
	if err := o.Watch(t.Context(), []string{"a"}, 0, show); err != nil || shown != 1 {
		t.Errorf("once: %d, %v", shown, err)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		shown = 0
		if err := o.Watch(ctx, nil, 2*time.Second, show); !errors.Is(err, context.DeadlineExceeded) || shown != 3 {
			t.Errorf("until the end: %d, %v", shown, err)
		}
	})
	closed := errors.New("closed")
	if err := o.Watch(t.Context(), nil, time.Second, func([]display.Snapshot) error { return closed }); !errors.Is(err, closed) {
		t.Errorf("output: %v", err)
	}
	if err := o.Watch(t.Context(), []string{"b"}, time.Second, show); !errors.Is(err, errNoDomain) {
		t.Errorf("unknown domain: %v", err)
	}
	client.err = errNoDomain
	if err := o.Watch(t.Context(), nil, time.Second, show); !errors.Is(err, errNoDomain) {
		t.Errorf("statistics: %v", err)
	}
}
