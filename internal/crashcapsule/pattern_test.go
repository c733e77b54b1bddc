// SPDX-License-Identifier: GPL-2.0-or-later

package crashcapsule

import (
	"strings"
	"testing"
)

func TestParsePattern(t *testing.T) {
	for _, c := range []struct{ text, pipe, dir string }{
		{"core", "", ""},
		{"crash/%e-%t", "", ""},
		{"/var/crash/core.%e.%p", "", "/var/crash"},
		{"/tmp/%h/core", "", "/tmp"},
		{"/core", "", "/"},
		{"|/usr/lib/systemd/systemd-coredump %P %u", "/usr/lib/systemd/systemd-coredump", ""},
		{"| /bin/false", "/bin/false", ""},
	} {
		if p := ParsePattern(c.text); p.Pipe != c.pipe || p.Dir != c.dir || p.Text != c.text {
			t.Errorf("%q: %+v", c.text, p)
		}
	}
}

// TestNone: each reason says what the kernel or the engine does, and what helps.
func TestNone(t *testing.T) {
	for _, c := range []struct{ text, limit, why, hint string }{
		{"|/usr/lib/systemd/systemd-coredump %P", "0", "gives cores to /usr/lib/systemd/systemd-coredump", "coredumpctl"},
		{"|/usr/share/apport/apport -p%p", "unlimited", "gives cores to /usr/share/apport/apport", "sysctl"},
		{"core", "0", "limits the size of cores to 0", "LimitCORE="},
		{"/var/crash/core.%p", "unlimited", "no core is in /var/crash", "create the directory"},
		{"core", "unlimited", "no core is in the container", "cannot write"},
		{"", "unlimited", "core_pattern is empty", "sysctl"},
	} {
		why, hint := ParsePattern(c.text).None(c.limit)
		if !strings.Contains(why, c.why) || !strings.Contains(hint, c.hint) {
			t.Errorf("%q, %s: %q, %q", c.text, c.limit, why, hint)
		}
	}
}
