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
	"gitlab.com/lcitool/lcitool/domstats/suite"
)

// withoutSlirp is a QEMU built without user networking.
type withoutSlirp struct{ *model.Stack }

type connWithoutSlirp struct{ suite.Conn }

const notCompiled = "network backend 'user' is not compiled into this binary"

func (s withoutSlirp) Open(ctx context.Context, a suite.Access) (suite.Conn, error) {
	c, err := s.Stack.Open(ctx, a)
	return connWithoutSlirp{c}, err
}

func (c connWithoutSlirp) Monitor(ctx context.Context, d domstats.Domain, command string, human bool) (string, error) {
	if human && strings.HasPrefix(command, "netdev_add user") {
		return "Error: " + notCompiled + "\n", nil
	}
	return c.Conn.Monitor(ctx, d, command, human)
}

// refuse returns libvirt's error for a device that QEMU does not have.
func refuse(xml string) error {
	if strings.Contains(strings.ReplaceAll(xml, `"`, "'"), "interface type='user'") {
		return &domstats.Error{Code: domstats.CodeInternal, Message: notCompiled}
	}
	return nil
}

func (c connWithoutSlirp) Create(ctx context.Context, xml string, paused bool) (domstats.Domain, error) {
	if err := refuse(xml); err != nil {
		return domstats.Domain{}, err
	}
	return c.Conn.Create(ctx, xml, paused)
}

func (c connWithoutSlirp) Start(ctx context.Context, d domstats.Domain, paused bool) (domstats.Domain, error) {
	xml, err := c.XML(ctx, d)
	if err == nil {
		err = refuse(xml)
	}
	if err != nil {
		return d, err
	}
	return c.Conn.Start(ctx, d, paused)
}

func (c connWithoutSlirp) Attach(ctx context.Context, d domstats.Domain, xml string) error {
	if err := refuse(xml); err != nil {
		return err
	}
	return c.Conn.Attach(ctx, d, xml)
}

// Cases that need user networking are skipped, or fail with --require; all others run.
func TestWithoutSlirp(t *testing.T) {
	need := func(r suite.Result) bool {
		return slices.ContainsFunc(suite.Cases(), func(c suite.Case) bool { return c.ID == r.ID && slices.Contains(c.Needs, suite.NeedSlirp) })
	}
	for _, tc := range []struct {
		want    suite.Status
		require []suite.Need
		all     bool
	}{{want: suite.Skip, all: true}, {want: suite.Fail, require: []suite.Need{suite.NeedSlirp}}} {
		synctest.Test(t, func(t *testing.T) {
			cases := slices.DeleteFunc(suite.Cases(), func(c suite.Case) bool {
				return c.ID == "LIF-10" || c.ID == "CON-14" || !tc.all && !slices.Contains(c.Needs, suite.NeedSlirp)
			})
			o := suite.Options{Stack: withoutSlirp{model.New()}, Cases: cases, Prefix: prefix, Jobs: 4, Require: tc.require}
			rep, err := suite.Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, r := range rep.Results {
				text := r.Reason + strings.Join(r.Messages, "; ")
				if !need(r) {
					if r.Status == suite.Fail || r.Status == suite.Skip {
						t.Errorf("%s: %s: %s", r.ID, r.Verdict(), text)
					}
					continue
				}
				n++
				if r.Status != tc.want || !strings.Contains(text, notCompiled) {
					t.Errorf("required %q: %s: %s: %s", tc.require, r.ID, r.Verdict(), text)
				}
			}
			if n < 5 {
				t.Errorf("%d cases need it", n)
			}
		})
	}
}
