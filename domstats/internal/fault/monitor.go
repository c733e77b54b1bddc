// SPDX-License-Identifier: GPL-2.0-or-later

package fault

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/internal/lazyregexp"
)

var wideValue = lazyregexp.New(`"value":[0-9]{10,}`)

// Faults of QEMU, in what its monitor answers. What libvirt reports stays right.

// Monitor returns a changed reply.
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

// cutValues leaves 32 bits of each value.
func cutValues(command, reply string) string {
	if !strings.Contains(command, `"query-stats"`) {
		return reply
	}
	return wideValue.ReplaceAllStringFunc(reply, func(text string) string {
		name, number, _ := strings.Cut(text, `"value":`)
		v, err := strconv.ParseUint(number, 10, 64)
		if err != nil {
			return text
		}
		return fmt.Sprintf(`%s"value":%d`, name, uint32(v))
	})
}

// answered gives a reply to commands that have a text.
func answered(text, now string) func(command, reply string) string {
	return func(command, reply string) string {
		if !strings.Contains(command, text) {
			return reply
		}
		return now
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
