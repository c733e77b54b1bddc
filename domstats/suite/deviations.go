// SPDX-License-Identifier: GPL-2.0-or-later

package suite

import "gitlab.com/lcitool/lcitool/domstats"

// A Deviation is a behaviour of released software that differs from what is
// documented or sensible. A case that meets it is known, not failed.
type Deviation struct {
	ID      string
	What    string
	Correct string
	// Libvirt releases From up to, but not including, Until have it; 0 leaves
	// that end open. QEMU bounds the same for QEMU.
	From, Until         domstats.Version
	QEMUFrom, QEMUUntil domstats.Version
}

// Applies reports whether these releases are expected to deviate.
func (d Deviation) Applies(libvirt, qemu domstats.Version) bool {
	within := func(v, from, until domstats.Version) bool { return v >= from && (until == 0 || v < until) }
	return within(libvirt, d.From, d.Until) && within(qemu, d.QEMUFrom, d.QEMUUntil)
}

// Deviations returns the table. Where a deviation began or ended is known for
// the releases 9.0 and 11.3 of libvirt, 7.2 and 10.0 of QEMU only, so the
// ranges are as wide as those allow; a newer release that behaves shows as fixed.
func Deviations() []Deviation {
	v := domstats.MakeVersion
	return []Deviation{
		{ID: "KD-1", What: "cpu.time, cpu.user and cpu.system of a shut-off domain are the daemon's own", Correct: "the fields are absent"},
		{ID: "KD-2", What: "block.<i>.allocation is 0 for a raw image after writes", Correct: "the end of the highest write",
			From: v(9, 1, 0)},
		{ID: "KD-3", What: "a domain that dies during the call fails the whole call", Correct: "its record is partial, the call succeeds",
			Until: v(11, 3, 0)},
		{ID: "KD-4", What: "NOWAIT blocks when QEMU is mute and the job was free", Correct: "the wait is bounded"},
		{ID: "KD-5", What: "dirtyrate.calc_start_time is the host's uptime", Correct: "seconds since the epoch", QEMUUntil: v(10, 0, 0)},
		{ID: "KD-6", What: "iothread.<id>.poll-grow and poll-shrink change their type above 32 bits", Correct: "one type",
			From: v(9, 1, 0)},
		{ID: "KD-7", What: "block.<i>.physical and allocation mean other things in active and inactive domains", Correct: "the size of the container"},
		{ID: "KD-8", What: "ENFORCE of IOThread statistics fails for inactive domains", Correct: "an empty record", Until: v(11, 3, 0)},
		{ID: "KD-9", What: "a dirty-bitmap measurement of an emulated domain ends QEMU", Correct: "an error", QEMUUntil: v(10, 0, 0)},
		{ID: "KD-10", What: "after a wait for the job that timed out the call succeeds with a partial record", Correct: "documented for NOWAIT only"},
		{ID: "KD-11", What: "vcpu.<n>.wait is 0 on kernels without statistics of the scheduler", Correct: "the field is absent"},
		{ID: "KD-12", What: "cpu.cache.monitor bank bytes are documented as ullong and sent as uint", Correct: "ullong"},
		{ID: "KD-13", What: "a dirty-ring measurement of a domain whose vCPUs have a gap in their numbers ends QEMU", Correct: "a rate for each vCPU"},
		{ID: "KD-14", What: "QEMU's query-stats has the buckets of histograms in reverse order", Correct: "the kernel's order"},
		{ID: "KD-15", What: "an interface has the counters of another device whose name ends with its own", Correct: "those of its device"},
		{ID: "KD-16", What: "the directions of an interface on a macvtap device that libvirt does not manage are the host's", Correct: "the guest's", Until: v(11, 3, 0)},
		{ID: "KD-17", What: "each call after a dirty-ring measurement leaves the list of rates behind in the daemon", Correct: "nothing is left"},
		{ID: "KD-18", What: "the daemon dies when it is asked for the IOThreads of a QEMU that has one under another name", Correct: "the IOThread is left out"},
	}
}

func deviation(id string) Deviation {
	for _, d := range Deviations() {
		if d.ID == id {
			return d
		}
	}
	return Deviation{ID: id, Until: 1}
}
