// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"context"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/domstats/guest"
)

// needs remembers which needs are met; each is probed once.
type needs struct {
	// turn is held while a need is probed, which may take seconds; a channel,
	// so that waiting for it ends with the case.
	turn   chan struct{}
	reason map[Need]string
}

func newNeeds() needs { return needs{turn: make(chan struct{}, 1), reason: map[Need]string{}} }

// unmet returns why the case cannot run here, or nothing.
func (r *run) unmet(t *T) string {
	if t.def.Since > r.libvirt {
		return "needs libvirt " + t.def.Since.String()
	}
	for _, n := range t.def.Needs {
		reason := r.missing(t, n)
		if reason == "" {
			continue
		}
		if slices.Contains(r.o.Require, n) {
			t.fatalf("%s is required, and missing: %s", n, reason)
		}
		if n == NeedDaemon && t.def.Lost != "" {
			reason += "; not judged: " + t.def.Lost
		}
		return reason
	}
	return ""
}

// A refusal is why libvirt does not offer what the host has by itself. It is a
// error, not a reason to skip.
const refusal = "the host has it, libvirt refuses it: "

// missing returns why a need is not met. That libvirt refuses
// what the host has is an error in the case that asks.
func (r *run) missing(t *T, n Need) string {
	reason := r.lookFor(t, n)
	if text, ok := strings.CutPrefix(reason, refusal); ok {
		t.fatalf("need %s: the host has it, libvirt refuses it: %s", n, text)
	}
	return reason
}

func (r *run) lookFor(t *T, n Need) string {
	if n == NeedDriver {
		return r.needs.once(t, NeedDriver, func() string { return canOpen(t, r, TestDriver) })
	}
	if reason := r.needs.once(t, NeedQEMU, func() string { return canOpen(t, r, ReadWrite) }); reason != "" {
		return reason
	}
	switch n {
	case NeedQEMU:
		return ""
	case NeedKStats:
		if reason := r.lookFor(t, NeedKVM); reason != "" {
			return reason
		}
	}
	return r.needs.once(t, n, func() string { return probe(t, r, n) })
}

func (s *needs) once(t *T, n Need, probe func() string) string {
	select {
	case s.turn <- struct{}{}:
	case <-t.ctx.Done():
		return "interrupted"
	}
	defer func() { <-s.turn }()
	reason, ok := s.reason[n]
	if !ok {
		reason = probe()
		s.reason[n] = reason
	}
	return reason
}

func canOpen(t *T, r *run, a Access) string {
	c, err := r.o.Stack.Open(t.ctx, a)
	if err != nil {
		return err.Error()
	}
	c.Close()
	return ""
}

// probe tries a need out where the host alone cannot tell.
func probe(t *T, r *run, n Need) string {
	if reason := r.o.Stack.Host().Missing(n); reason != "" {
		return reason
	}
	switch n {
	case NeedX86:
		return capability(t, "<arch name='x86_64'", "no x86 guests")
	case NeedKVM:
		return capability(t, "<domain type='kvm'", refusal+"its capabilities have no domain of type kvm")
	case NeedCacheMonitor:
		return monitors(t, "llc_occupancy", "the host has no cache monitors")
	case NeedBandwidthMonitor:
		return monitors(t, "mbm_local_bytes", "the host has no memory bandwidth monitors")
	case NeedKStats:
		return probeGuest(t, guest.Spec{KVM: true}, func(g *Guest) string {
			if !g.schema().Provides("kvm", "vcpu") {
				return "the kernel has no binary KVM statistics"
			}
			return ""
		})
	case NeedCGroups:
		return probeGuest(t, guest.Spec{}, func(g *Guest) string {
			group, err := g.process().CGroup()
			switch {
			case err != nil:
				return err.Error()
			case !strings.Contains(group, "qemu"):
				return "libvirt keeps its domains in no control groups here"
			}
			return ""
		})
	case NeedSlirp:
		return probeGuest(t, guest.Spec{}, (*Guest).missingSlirp)
	case NeedPerf:
		return probeGuest(t, guest.Spec{}, func(g *Guest) string {
			if err := t.conn.SetPerf(t.ctx, g.Domain, true, "cpu_clock"); err != nil {
				return refusal + "performance events: " + err.Error()
			}
			return ""
		})
	}
	return ""
}

// missingSlirp asks QEMU itself: libvirt does not know how it was built.
func (g *Guest) missingSlirp() string {
	reply, err := g.t.conn.Monitor(g.t.ctx, g.Domain, "netdev_add user,id=probe", true)
	g.t.must(err, "ask QEMU for a network of its own")
	if strings.Contains(reply, "not compiled") {
		return "QEMU was built without slirp: " + strings.TrimSpace(strings.TrimPrefix(reply, "Error: "))
	}
	return ""
}

// has reports whether a need that the case does not depend on is met.
func (t *T) has(n Need) bool { return t.run.missing(t, n) == "" }

// monitors looks for a monitor in the capabilities that the kernel may offer.
func monitors(t *T, feature, none string) string {
	if t.host().Monitors(feature) {
		none = refusal + "its capabilities have no monitor " + feature
	}
	return capability(t, "<feature name='"+feature+"'", none)
}

func capability(t *T, text, reason string) string {
	t.connect()
	caps, err := t.conn.Capabilities(t.ctx)
	if err != nil {
		return err.Error()
	}
	if !strings.Contains(strings.ReplaceAll(caps, `"`, "'"), text) {
		return reason
	}
	return ""
}

// probeGuest asks something of a small paused guest that is removed at once.
func probeGuest(t *T, s guest.Spec, ask func(*Guest) string) string {
	t.connect()
	s.MemoryKiB = 16384
	g := t.add(s)
	if err := g.create(true); err != nil {
		return err.Error()
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), cleanupLimit)
		defer cancel()
		g.remove(ctx)
	}()
	return ask(g)
}
