// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
)

// A Need is something that not every machine has.
type Need string

// The needs.
const (
	NeedDriver Need = "drv"    // the test driver
	NeedQEMU   Need = "qemu"   // a QEMU driver
	NeedKVM    Need = "kvm"    // KVM, usable by QEMU
	NeedKStats Need = "kstats" // KVM with binary statistics
	NeedTap    Need = "tap"    // tap devices
	NeedPID    Need = "pid"    // QEMU's process, visible and ours to stop
	NeedPerf   Need = "perf"   // performance events
	// NeedCacheMonitor and NeedBandwidthMonitor are resctrl's monitors.
	NeedCacheMonitor     Need = "cache-monitor"
	NeedBandwidthMonitor Need = "bandwidth-monitor"
	NeedX86              Need = "x86"    // x86 guests
	NeedDaemon           Need = "daemon" // a daemon that the suite may restart
	NeedFiles            Need = "files"  // a directory shared with the daemon
	NeedNBD              Need = "nbd"    // qemu-nbd
	NeedRaw              Need = "raw"    // raw network sockets
	NeedRO               Need = "ro"     // a read-only socket
	NeedLink             Need = "link"   // network devices of our own: bridges
	NeedMacvtap          Need = "macvtap"
	NeedVirsh            Need = "virsh"   // libvirt's own client
	NeedProcess          Need = "process" // the daemon's process, visible
	NeedCGroups          Need = "cgroups" // control groups in use for domains
	NeedLog              Need = "log"     // what the daemon logs
	NeedSlirp            Need = "slirp"   // QEMU's own network, for interfaces of type user
	// NeedTime is CPU time enough for counters to pass 32 bits. Cases find out while they
	// run whether they get it.
	NeedTime Need = "cpu-time"
)

// A Case is one behaviour that is checked.
type Case struct {
	ID    string // "BLK-05"
	Title string
	Needs []Need
	// Since is the first libvirt release it applies to; 0 means all.
	Since domstats.Version
	// Lost is what stays unjudged without NeedDaemon, for the reason.
	Lost string
	// Alone cases disturb others or are disturbed by them; they run one by one.
	Alone bool
	// Apart cases run with those that run alone where these have a daemon of their own.
	Apart bool
	// Idle cases wait most of their time and need no CPU meanwhile.
	Idle bool
	// Limit is how long it may take; 0 means three minutes.
	Limit time.Duration

	run func(t *T)
}

// Group is the part of the id before the dash.
func (c Case) Group() string {
	g, _, _ := strings.Cut(c.ID, "-")
	return g
}

// A Status is how a case ended.
type Status string

// The verdicts.
const (
	Pass  Status = "pass"
	Fail  Status = "fail"
	Skip  Status = "skip"
	Known Status = "known"
	Fixed Status = "fixed"
)

// A Result is the verdict on one case.
type Result struct {
	ID       string        `json:"id"`
	Title    string        `json:"title"`
	Status   Status        `json:"status"`
	Reason   string        `json:"reason,omitempty"`     // of a skip
	KDs      []string      `json:"deviations,omitempty"` // of known and fixed
	Messages []string      `json:"messages,omitempty"`   // what was wrong, or worth telling
	Duration time.Duration `json:"duration_ns"`
}

// Verdict is the status with what belongs to it: "skip (no KVM)", "known(KD-2)".
func (r Result) Verdict() string {
	switch {
	case r.Status == Skip:
		return fmt.Sprintf("skip (%s)", r.Reason)
	case len(r.KDs) > 0:
		return fmt.Sprintf("%s(%s)", r.Status, strings.Join(r.KDs, ", "))
	}
	return string(r.Status)
}

// Cases returns all cases in the order of the groups.
func Cases() []Case {
	return slices.Concat(
		apiCases(), listCases(), mappingCases(), stateCases(), lifecycleCases(), cpuCases(), vcpuCases(), balloonCases(),
		interfaceCases(), linkCases(), blockCases(), chainCases(), driveCases(), imageCases(), perfCases(), iothreadCases(), memoryCases(), dirtyCases(),
		vmCases(), jobCases(), loadCases(), sourceCases(), wholeCases(), queryCases(), clientCases(), togetherCases(), wideCases(), layerCases(), againCases(), rareCases(), laterCases(), eventCases(), actionCases(), restartCases(), leakCases(), testDriverCases(),
	)
}

// Split separates the cases that run side by side from those that are better off in a
// daemon of their own. The two do not disturb each other in daemons on one machine.
func Split(cases []Case) (together, apart []Case) {
	for _, c := range cases {
		if c.Alone || c.Apart {
			apart = append(apart, c)
		} else {
			together = append(together, c)
		}
	}
	return together, apart
}

// Select returns the cases whose id matches one of the patterns, which are
// globs without regard to case: "BLK-*", "map-01". No patterns select all. A
// pattern that matches nothing is an error.
func Select(cases []Case, patterns ...string) ([]Case, error) {
	if len(patterns) == 0 {
		return cases, nil
	}
	chosen := map[string]bool{}
	for _, p := range patterns {
		hit := false
		for _, c := range cases {
			ok, err := path.Match(strings.ToUpper(p), c.ID)
			if err != nil {
				return nil, fmt.Errorf("cannot read the pattern %q: %w", p, err)
			}
			chosen[c.ID] = chosen[c.ID] || ok
			hit = hit || ok
		}
		if !hit {
			return nil, fmt.Errorf("no case matches %q", p)
		}
	}
	return slices.DeleteFunc(slices.Clone(cases), func(c Case) bool { return !chosen[c.ID] }), nil
}
