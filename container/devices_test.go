// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"os"
	"path/filepath"
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
	ours := "nofile"
	if os.Getuid() == 0 {
		ours = "nofile nproc"
	}
	socket := filepath.Join(t.TempDir(), "podman.sock")
	if err := os.WriteFile(socket, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		e     *Engine
		names string
		build int
	}{
		{&Engine{service: podman.NewService("unix:///x", "4.3.1", nil)}, "nofile nproc", 2},
		{&Engine{service: podman.NewService("unix://"+socket, "4.9.3", nil)}, ours, 2},
		{&Engine{service: podman.NewService("unix:///x", "5.4.2", nil)}, "nofile", 1},
		{&Engine{service: podman.NewService("ssh://x", "10.0.0", nil)}, "nofile", 1},
		{&Engine{service: podman.NewService("ssh://x", "4.9.3", nil)}, "nofile nproc", 2},
		{&Engine{service: podman.NewService("unix:///x", "5.4.2", &podman.Process{})}, "nofile nproc", 2},
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
		if got := ulimits(c.e.buildLimits()); len(got) != c.build {
			t.Errorf("a build gets %v", got)
		}
	}
}
