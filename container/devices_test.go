// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"os"
	"testing"

	"gitlab.com/lcitool/lcitool/container/internal/podman"
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
		{&Engine{service: podman.NewService("unix:///x", "4.3.1", nil)}, "nofile nproc"},
		{&Engine{service: podman.NewService("unix:///x", "5.4.2", nil)}, "nofile"},
		{&Engine{service: podman.NewService("ssh://x", "10.0.0", nil)}, "nofile"},
		{&Engine{service: podman.NewService("unix:///x", "5.4.2", &podman.Process{})}, "nofile nproc"},
	} {
		names := ""
		for _, l := range c.e.rlimits() {
			if names != "" {
				names += " "
			}
			names += l.Type
			if c.e.service.Private() == nil && l.Hard > maxProcsAway {
				t.Errorf("%s: %s %d", c.e.Version(), l.Type, l.Hard)
			}
		}
		if names != c.names {
			t.Errorf("podman %s, private %v: got %q, want %q", c.e.Version(), c.e.service.Private() != nil, names, c.names)
		}
		if got := c.e.ulimits(); len(got) != 2 {
			t.Errorf("a build gets %v", got)
		}
	}
}
