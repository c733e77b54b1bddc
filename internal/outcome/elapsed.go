// SPDX-License-Identifier: GPL-2.0-or-later

package outcome

import (
	"strconv"
	"time"
)

// Elapsed formats a duration: tenths of seconds below a minute, "59.9s", and
// whole seconds above, "1m12s".
func Elapsed(d time.Duration) string {
	if d < time.Minute-50*time.Millisecond {
		return strconv.FormatFloat(max(0, d.Seconds()), 'f', 1, 64) + "s"
	}
	return d.Round(time.Second).String()
}
