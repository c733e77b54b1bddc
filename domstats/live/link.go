// SPDX-License-Identifier: GPL-2.0-or-later

package live

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// ip runs one command of iproute2.
func ip(ctx context.Context, args ...string) error {
	out, err := exec.CommandContext(ctx, "ip", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// makeLink makes a network device that is up, until remove is called.
func makeLink(ctx context.Context, name string, args ...string) (remove func(), err error) {
	if err := ip(ctx, append([]string{"link", "add"}, args...)...); err != nil {
		return nil, err
	}
	remove = func() {
		// It may have gone with the device below it.
		_ = ip(context.WithoutCancel(ctx), "link", "delete", name)
	}
	if err := ip(ctx, "link", "set", name, "up"); err != nil {
		remove()
		return nil, err
	}
	return remove, nil
}

// MakeBridge makes a network bridge until remove is called.
func (h *Host) MakeBridge(ctx context.Context, name string) (remove func(), err error) {
	return makeLink(ctx, name, "name", name, "type", "bridge")
}

// RenameLink renames a device, which Linux allows while it is down.
func (h *Host) RenameLink(ctx context.Context, name, now string) error {
	for _, args := range [][]string{{name, "down"}, {name, "name", now}, {now, "up"}} {
		if err := ip(ctx, append([]string{"link", "set"}, args...)...); err != nil {
			return err
		}
	}
	return nil
}

// MakePair makes two virtual Ethernet devices whose frames may be large.
func (h *Host) MakePair(ctx context.Context, name, peer string) (remove func(), err error) {
	const mtu = "65535"
	remove, err = makeLink(ctx, name, "name", name, "mtu", mtu, "type", "veth", "peer", "name", peer, "mtu", mtu)
	if err != nil {
		return nil, err
	}
	if err := ip(ctx, "link", "set", peer, "up"); err != nil {
		remove()
		return nil, err
	}
	return remove, nil
}

// MakeFailing makes two devices above one pair that give each other what they broadcast;
// what is larger than the second one takes, it counts as an error.
func (h *Host) MakeFailing(ctx context.Context, name string) (send func(frames int) error, remove func(), err error) {
	lower, sender := name+"l", name+"s"
	remove, err = h.MakePair(ctx, lower, name+"p")
	if err != nil {
		return nil, nil, err
	}
	for _, d := range []struct{ name, mtu string }{{sender, "65535"}, {name, "1500"}} {
		// It goes with the pair.
		if _, err := makeLink(ctx, d.name, "link", lower, "name", d.name, "mtu", d.mtu, "type", "macvlan", "mode", "bridge"); err != nil {
			remove()
			return nil, nil, err
		}
	}
	return func(frames int) error { return h.SendLarge(sender, frames) }, remove, nil
}

// MakeTap makes a tap that stays when nobody has it open.
func (h *Host) MakeTap(ctx context.Context, name string) (remove func(), err error) {
	if err := ip(ctx, "tuntap", "add", "dev", name, "mode", "tap"); err != nil {
		return nil, err
	}
	return func() {
		// It may have gone already.
		_ = ip(context.WithoutCancel(ctx), "link", "delete", name)
	}, nil
}

// MakeClosedMacvtap makes a macvtap device above one end of a pair, and a sender beside it.
// Nobody opens the device: libvirt only looks whether its node is there, and where no
// nodes can be made, an empty file is as good.
func (h *Host) MakeClosedMacvtap(ctx context.Context, name string) (send func(small, large int) error, remove func(), err error) {
	lower, sender := name+"l", name+"s"
	unmake, err := h.MakePair(ctx, lower, name+"p")
	if err != nil {
		return nil, nil, err
	}
	for _, d := range []struct{ name, mtu, kind string }{{sender, "65535", "macvlan"}, {name, "1500", "macvtap"}} {
		// It goes with the pair.
		if _, err := makeLink(ctx, d.name, "link", lower, "name", d.name, "mtu", d.mtu, "type", d.kind, "mode", "bridge"); err != nil {
			unmake()
			return nil, nil, err
		}
	}
	unmark, err := markTapNode(name)
	if err != nil {
		unmake()
		return nil, nil, err
	}
	send = func(small, large int) error {
		return errors.Join(h.SendFrames(sender, small), h.SendLarge(sender, large))
	}
	return send, func() { unmark(); unmake() }, nil
}

// MakeMacvtap creates a macvtap device on a bridge, and its node in /dev, because
// no udev does so in a container.
func (h *Host) MakeMacvtap(ctx context.Context, name, bridge string) (remove func(), err error) {
	unlink, err := makeLink(ctx, name, "link", bridge, "name", name, "type", "macvtap", "mode", "bridge")
	if err != nil {
		return nil, err
	}
	node, err := makeTapNode(name)
	if err != nil {
		unlink()
		return nil, err
	}
	return func() {
		unlink()
		if node != "" {
			// A later device of that number replaces it.
			_ = os.Remove(node)
		}
	}, nil
}

// missingLink says why network devices cannot be made here.
func (h *Host) missingLink() string {
	if _, err := exec.LookPath("ip"); err != nil {
		return "iproute2 is not installed"
	}
	remove, err := h.MakeBridge(context.Background(), "lcsprobe")
	if err != nil {
		return err.Error()
	}
	remove()
	return ""
}

// missingMacvtap says why macvtap devices cannot be used here.
func (h *Host) missingMacvtap() string {
	if reason := h.missingLink(); reason != "" {
		return reason
	}
	ctx := context.Background()
	remove, err := h.MakeBridge(ctx, "lcsprobe")
	if err != nil {
		return err.Error()
	}
	defer remove()
	unmake, err := h.MakeMacvtap(ctx, "lcsprobetap", "lcsprobe")
	if err != nil {
		return err.Error()
	}
	unmake()
	return ""
}
