// SPDX-License-Identifier: GPL-2.0-or-later

package model_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/internal/model"
	"gitlab.com/lcitool/lcitool/domstats/rpc"
	"gitlab.com/lcitool/lcitool/domstats/suite"
)

// mortalStack has a daemon that dies when it is asked for IOThreads.
type mortalStack struct {
	*model.Stack
	deaths chan string
}

type mortalConn struct {
	suite.Conn
	deaths chan string
}

func (s mortalStack) Open(ctx context.Context, a suite.Access) (suite.Conn, error) {
	c, err := s.Stack.Open(ctx, a)
	if err != nil {
		return nil, err
	}
	return mortalConn{c, s.deaths}, nil
}

func (c mortalConn) Stats(ctx context.Context, domains []domstats.Domain, groups domstats.Group, flags uint32) ([]domstats.Record, error) {
	if groups != domstats.GroupIOThread {
		return c.Conn.Stats(ctx, domains, groups, flags)
	}
	c.deaths <- "libvirtd ended by itself (signal: segmentation fault); the last lines that it wrote: a log"
	return nil, rpc.ErrClosed
}

// A case declares that it expects the daemon to die; otherwise it fails.
func TestExpectedDeath(t *testing.T) {
	for id, want := range map[string]string{"IOT-08": "known(KD-18)", "IOT-02": "fail"} {
		synctest.Test(t, func(t *testing.T) {
			cases, err := suite.Select(suite.Cases(), id)
			if err != nil {
				t.Fatal(err)
			}
			m := model.New()
			deaths := make(chan string, 10)
			rep, err := suite.Run(t.Context(), suite.Options{Stack: mortalStack{m, deaths}, Cases: cases, Prefix: prefix, Deaths: deaths})
			if err != nil {
				t.Fatal(err)
			}
			r := rep.Results[0]
			if text := strings.Join(r.Messages, " "); r.Verdict() != want || !strings.Contains(text, "segmentation fault") || strings.Contains(text, "a log") == (want != "fail") {
				t.Errorf("%s: %s: %q", id, r.Verdict(), r.Messages)
			}
			if left := m.Domains(); !slices.Equal(left, []string{"bystander"}) {
				t.Errorf("%s: left: %q", id, left)
			}
		})
	}
}
