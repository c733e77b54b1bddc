// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"os"
	"testing"
)

func TestOpensByGroup(t *testing.T) {
	const root, kvm, other = 0, 104, 1000
	for _, c := range []struct {
		name   string
		mode   os.FileMode
		owner  uint32
		groups []int
		want   bool
	}{
		{"Debian's", 0o660, root, []int{other, kvm}, true},
		{"not a member", 0o660, root, []int{other}, false},
		{"Fedora's", 0o666, root, []int{other, kvm}, false},
		{"one's own", 0o660, other, []int{other, kvm}, false},
		{"the group may read alone", 0o640, root, []int{kvm}, false},
	} {
		if got := opensByGroup(c.mode, c.owner, kvm, other, c.groups); got != c.want {
			t.Errorf("%s: got %v", c.name, got)
		}
	}
}

func TestLimitsOfAnotherService(t *testing.T) {
	for _, c := range []struct {
		e     *Engine
		names string
	}{
		{&Engine{version: "4.3.1", addr: address{URL: "unix:///x"}}, "nofile nproc"},
		{&Engine{version: "5.4.2", addr: address{URL: "unix:///x"}}, "nofile"},
		{&Engine{version: "10.0.0", addr: address{URL: "ssh://x"}}, "nofile"},
		{&Engine{version: "5.4.2", addr: address{URL: "unix:///x"}, private: &privateService{}}, "nofile nproc"},
	} {
		names := ""
		for _, l := range c.e.rlimits() {
			if names != "" {
				names += " "
			}
			names += l.Type
			if c.e.private == nil && l.Hard > maxProcsAway {
				t.Errorf("%s: %s %d", c.e.version, l.Type, l.Hard)
			}
		}
		if names != c.names {
			t.Errorf("podman %s, private %v: got %q, want %q", c.e.version, c.e.private != nil, names, c.names)
		}
		if got := c.e.ulimits(); len(got) != 2 {
			t.Errorf("a build gets %v", got)
		}
	}
}
