// SPDX-License-Identifier: GPL-2.0-or-later

package model

import (
	"context"
	"fmt"
	"strings"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/suite"
)

// Virsh carries out "domstats --raw [NAME…] FLAG…" as libvirt's client does.
func (h host) Virsh(ctx context.Context, args ...string) (string, error) {
	if len(args) < 3 || args[0] != "domstats" || args[1] != "--raw" {
		return "", fmt.Errorf("virsh %q", args)
	}
	c, err := h.s.Open(ctx, suite.ReadWrite)
	if err != nil {
		return "", err
	}
	defer c.Close()
	var list []domstats.Domain
	args = args[2:]
	for len(args) > 0 && !strings.HasPrefix(args[0], "--") {
		d, err := c.Lookup(ctx, args[0])
		if err != nil {
			return "", err
		}
		list, args = append(list, d), args[1:]
	}
	var groups domstats.Group
	var flags uint32
	words := map[string]domstats.Group{"--cpu-total": domstats.GroupCPU}
	for _, g := range domstats.Groups() {
		words["--"+g.Name] = g.Group
	}
	for _, a := range args {
		groups |= words[a]
		flags |= virshFlags()[a]
	}
	records, err := c.Stats(ctx, list, groups, flags)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for _, r := range records {
		fmt.Fprintf(&out, "Domain: '%s'\n", r.Domain.Name)
		for _, p := range r.Params {
			fmt.Fprintf(&out, "  %s=%s\n", p.Name, p.Text())
		}
	}
	return out.String(), nil
}

// virshFlags are the options of virsh that become flags.
func virshFlags() map[string]uint32 {
	flags := map[string]uint32{"--backing": domstats.FlagBacking, "--enforce": domstats.FlagEnforce, "--nowait": domstats.FlagNoWait}
	for bit, name := range []string{"active", "inactive", "persistent", "transient", "running", "paused", "shutoff", "other"} {
		flags["--list-"+name] = 1 << bit
	}
	return flags
}
