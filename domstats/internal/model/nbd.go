// SPDX-License-Identifier: GPL-2.0-or-later

package model

import (
	"context"
	"fmt"
	"time"

	"gitlab.com/lcitool/lcitool/domstats/suite"
)

// An nbdServer serves a disk over a socket.
type nbdServer struct {
	s      *Stack
	socket string
}

// Signal stops the server, or lets it go on.
func (n nbdServer) Signal(s suite.Signal) error {
	n.s.mu.Lock()
	defer n.s.mu.Unlock()
	mute := n.s.muteServers[n.socket]
	switch {
	case s == suite.SigStop && mute == nil:
		n.s.muteServers[n.socket] = make(chan struct{})
	case s == suite.SigCont && mute != nil:
		close(mute)
		delete(n.s.muteServers, n.socket)
	case s == suite.SigKill:
		return fmt.Errorf("the server of %s may not be killed", n.socket)
	}
	return nil
}

// waitForServer makes a flush wait while the server of its disk is stopped, with
// the requests before it. The lock is held before and after.
func (c *conn) waitForServer(ctx context.Context, d *domain, line string) error {
	k, command, ok := d.drives(line)
	if !ok {
		return nil
	}
	k.waited = 0
	if !k.nbd() || command != "aio_flush" {
		return nil
	}
	mute := c.s.muteServers[k.x.Source.Network.Hosts[0].Socket]
	if mute == nil {
		return nil
	}
	started := time.Now()
	c.s.mu.Unlock()
	defer c.s.mu.Lock()
	select {
	case <-mute:
	case <-ctx.Done():
		return ctx.Err()
	}
	k.waited = time.Since(started)
	k.counts.wrTimes += uint64(k.waited)
	return nil
}
