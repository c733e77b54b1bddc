// SPDX-License-Identifier: GPL-2.0-or-later

package fault

import (
	"context"
	"strings"

	"gitlab.com/lcitool/lcitool/domstats"
)

// Faults of QEMU, in what its monitor answers. What libvirt reports stays right.

// Monitor asks, and lies.
func (c conn) Monitor(ctx context.Context, d domstats.Domain, command string, human bool) (string, error) {
	reply, err := c.Conn.Monitor(ctx, d, command, human)
	if err == nil && c.f.monitor != nil {
		reply = c.f.monitor(command, reply)
	}
	return reply, err
}

// replacedIn puts one text in the place of another in the replies to a command.
func replacedIn(name, old, now string) func(command, reply string) string {
	return func(command, reply string) string {
		if !strings.Contains(command, `"`+name+`"`) {
			return reply
		}
		return strings.ReplaceAll(reply, old, now)
	}
}

// exchangedIn gives the values of two statistics under each other's names.
func exchangedIn(a, b string) func(command, reply string) string {
	names := strings.NewReplacer(`"name":"`+a+`"`, `"name":"`+b+`"`, `"name":"`+b+`"`, `"name":"`+a+`"`)
	return func(command, reply string) string {
		if !strings.Contains(command, `"query-stats"`) {
			return reply
		}
		return names.Replace(reply)
	}
}
