// SPDX-License-Identifier: GPL-2.0-or-later

package model_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/internal/model"
	"gitlab.com/lcitool/lcitool/domstats/suite"
)

// vhostless has a QEMU without vhost-user disks.
type vhostless struct{ *model.Stack }

type vhostlessConn struct{ suite.Conn }

func (s vhostless) Open(ctx context.Context, a suite.Access) (suite.Conn, error) {
	c, err := s.Stack.Open(ctx, a)
	if err != nil {
		return nil, err
	}
	return vhostlessConn{c}, nil
}

func (c vhostlessConn) Define(ctx context.Context, xml string) (domstats.Domain, error) {
	if strings.Contains(xml, `type="vhostuser"`) {
		return domstats.Domain{}, &domstats.Error{Code: domstats.CodeArgUnsupported, Message: "no such disks"}
	}
	return c.Conn.Define(ctx, xml)
}

// A QEMU without vhost-user disks fails no case; what is not judged is noted.
func TestNoVhostUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cases, err := suite.Select(suite.Cases(), "BLK-37")
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range run(t, vhostless{model.New()}, cases).Results {
			if r.Status != suite.Pass || !strings.Contains(strings.Join(r.Messages, " "), "no vhost-user disks") {
				t.Errorf("%s: %s: %q", r.ID, r.Verdict(), r.Messages)
			}
		}
	})
}
