// SPDX-License-Identifier: GPL-2.0-or-later

package crashcapsule

import (
	"path"
	"strings"
)

// A Pattern says where the kernel writes cores, as core(5) describes it.
type Pattern struct {
	Text string // as in /proc/sys/kernel/core_pattern
	Pipe string // program that gets the cores instead of a file; "" for none
	Dir  string // absolute directory below which they are; "" for any, because they are in the directory of the process
}

// ParsePattern parses the kernel's setting.
func ParsePattern(text string) Pattern {
	p := Pattern{Text: text}
	if program, ok := strings.CutPrefix(text, "|"); ok {
		p.Pipe, _, _ = strings.Cut(strings.TrimSpace(program), " ")
	} else if path.IsAbs(text) {
		before, _, _ := strings.Cut(text, "%")
		p.Dir = path.Dir(before)
	}
	return p
}

// None says why a crashed process left no core file, and what to do. limit is the
// limit of cores in the container, in the words of ulimit.
func (p Pattern) None(limit string) (why, hint string) {
	switch {
	case p.Text == "":
		return "the kernel writes no cores (kernel.core_pattern is empty)", "sysctl kernel.core_pattern=core on the machine of the engine keeps them"
	case p.Pipe != "":
		hint = "sysctl kernel.core_pattern=core on the machine of the engine keeps them in the container"
		if path.Base(p.Pipe) == "systemd-coredump" {
			hint = "coredumpctl on the machine of the engine lists them; " + hint
		}
		return "the kernel of the engine's machine gives cores to " + p.Pipe, hint
	case limit == "0":
		return "the engine limits the size of cores to 0", "the hard limit of the podman service must be higher (LimitCORE= of its unit, ulimit -H -c of the shell that starts it)"
	case p.Dir != "":
		return "no core is in " + p.Dir + " of the container, where the kernel writes them (kernel.core_pattern is " + p.Text + ")",
			"the script must create the directory if the image does not have it, and the process must be able to write there"
	}
	return "no core is in the container", "a process that lowers its limit on cores, or cannot write to its directory, leaves none"
}
