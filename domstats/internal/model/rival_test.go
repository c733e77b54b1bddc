// SPDX-License-Identifier: GPL-2.0-or-later

package model_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/internal/model"
	"gitlab.com/lcitool/lcitool/domstats/suite"
)

// rivalStack has another client, which takes the job of a domain before the first call with
// NOWAIT for it.
type rivalStack struct {
	*model.Stack
	taken *bool
}

type rivalConn struct {
	suite.Conn
	s rivalStack
}

func (s rivalStack) Open(ctx context.Context, a suite.Access) (suite.Conn, error) {
	c, err := s.Stack.Open(ctx, a)
	if err != nil {
		return nil, err
	}
	return rivalConn{c, s}, nil
}

func (c rivalConn) Stats(ctx context.Context, domains []domstats.Domain, groups domstats.Group, flags uint32) ([]domstats.Record, error) {
	if flags&domstats.FlagNoWait != 0 && !*c.s.taken {
		*c.s.taken = true
		rival, err := c.s.Stack.Open(ctx, suite.ReadWrite)
		if err != nil {
			return nil, err
		}
		go func() {
			defer rival.Close()
			// It returns when QEMU goes on or ends.
			_, _ = rival.Stats(ctx, domains, groups, 0)
		}()
		time.Sleep(time.Second)
	}
	return c.Conn.Stats(ctx, domains, groups, flags)
}

// A call with NOWAIT that another client's job ends does not pass for a mended libvirt.
func TestRivalOfMuteQEMU(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cases, err := suite.Select(suite.Cases(), "CON-06")
		if err != nil {
			t.Fatal(err)
		}
		s := rivalStack{model.New(), new(bool)}
		for _, r := range run(t, s, cases).Results {
			if r.Verdict() != "known(KD-4)" || !*s.taken {
				t.Errorf("%s: %s: %q", r.ID, r.Verdict(), r.Messages)
			}
		}
	})
}
