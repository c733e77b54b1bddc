// SPDX-License-Identifier: GPL-2.0-or-later

package model

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
)

// needJob are the groups that take the domain's job.
const needJob = domstats.GroupCPU | domstats.GroupBalloon | domstats.GroupVCPU | domstats.GroupBlock | domstats.GroupIOThread |
	domstats.GroupDirtyRate | domstats.GroupVM

// record is what a domain answers; job reports whether its QEMU could be asked.
func (d *domain) record(s *Stack, groups domstats.Group, chain, job bool) domstats.Record {
	r := domstats.Record{Domain: d.id}
	job = job && d.active()
	for _, part := range []struct {
		group domstats.Group
		make  func() []domstats.Param
	}{
		{domstats.GroupState, func() []domstats.Param {
			return []domstats.Param{domstats.NewParam("state.state", d.state), domstats.NewParam("state.reason", d.reason)}
		}},
		{domstats.GroupCPU, func() []domstats.Param { return d.cpuParams(job) }},
		{domstats.GroupBalloon, func() []domstats.Param { return d.balloonParams(job) }},
		{domstats.GroupVCPU, func() []domstats.Param { return d.vcpuParams(job) }},
		{domstats.GroupInterface, d.netParams},
		{domstats.GroupBlock, func() []domstats.Param { return d.blockParams(s, chain, job) }},
		{domstats.GroupPerf, d.perfParams},
		{domstats.GroupIOThread, func() []domstats.Param { return d.iothreadParams(job) }},
		{domstats.GroupMemory, d.memoryParams},
		{domstats.GroupDirtyRate, func() []domstats.Param { return d.dirtyParams(job) }},
		{domstats.GroupVM, func() []domstats.Param { return d.vmParams(job) }},
	} {
		if groups&part.group != 0 {
			r.Params = append(r.Params, part.make()...)
		}
	}
	return r
}

func ns(name string, d time.Duration) domstats.Param { return domstats.NewParam(name, uint64(d)) }

// grouped is by how much the finer time of a control group differs.
const grouped = 1234567 * time.Nanosecond

func (d *domain) cpuParams(job bool) []domstats.Param {
	if !d.active() {
		return nil
	}
	user, system := d.spent()
	out := []domstats.Param{ns("cpu.time", user+system+grouped), ns("cpu.user", user), ns("cpu.system", system)}
	monitors := 0
	if t := d.definition.CPUTune; t != nil {
		monitors = len(t.CacheTune)
	}
	out = append(out, domstats.NewParam("cpu.cache.monitor.count", uint32(monitors)))
	for i := range monitors {
		p := fmt.Sprintf("cpu.cache.monitor.%d.", i)
		out = append(out, domstats.NewParam(p+"name", "vcpus_0"), domstats.NewParam(p+"vcpus", "0"), domstats.NewParam(p+"bank.count", uint32(1)),
			domstats.NewParam(p+"bank.0.id", uint32(0)), domstats.NewParam(p+"bank.0.bytes", uint32(65536)))
	}
	if job {
		var success, fail time.Duration
		if d.kvm {
			for _, v := range d.vcpus {
				success += v.poll
				fail += v.poll / 4
			}
		}
		out = append(out, ns("cpu.haltpoll.success.time", success), ns("cpu.haltpoll.fail.time", fail))
	}
	return out
}

func (d *domain) balloonParams(job bool) []domstats.Param {
	current := d.ballooned
	switch {
	case !d.hasBalloon():
		current = d.memory
	case !d.active():
		current = d.target
	}
	out := []domstats.Param{domstats.NewParam("balloon.current", current), domstats.NewParam("balloon.maximum", d.memory)}
	if !job {
		return out
	}
	out = append(out, domstats.NewParam("balloon.rss", d.resident()))
	if !d.hasBalloon() {
		return out
	}
	if d.told.IsZero() {
		return append(out, domstats.NewParam("balloon.last-update", uint64(0)))
	}
	for _, t := range d.guestTold() {
		out = append(out, domstats.NewParam("balloon."+t.name, t.value/t.unit))
	}
	return append(out, domstats.NewParam("balloon.last-update", uint64(d.told.Unix())))
}

func (d *domain) vcpuParams(job bool) []domstats.Param {
	online, most := d.cpuCounts()
	if d.active() {
		online = len(d.vcpus)
	}
	out := []domstats.Param{domstats.NewParam("vcpu.current", uint32(online)), domstats.NewParam("vcpu.maximum", uint32(most))}
	if !d.active() {
		return out
	}
	for _, n := range slices.Sorted(maps.Keys(d.vcpus)) {
		v, p := d.vcpus[n], fmt.Sprintf("vcpu.%d.", n)
		out = append(out, domstats.NewParam(p+"state", int32(1)), ns(p+"time", v.time), domstats.NewParam(p+"wait", uint64(0)), ns(p+"delay", v.delay))
		if job && d.kvm {
			out = append(out, mapped(p, vcpuSchema(), d.vcpuValues(n))...)
		}
	}
	return out
}

func (d *domain) vmParams(job bool) []domstats.Param {
	if !job || !d.kvm {
		return nil
	}
	return mapped("vm.", vmSchema(), d.vmValues())
}

// mapped applies libvirt's rules to schema and values.
func mapped(prefix string, schema []domstats.SchemaStat, values map[string]any) []domstats.Param {
	var out []domstats.Param
	for _, e := range schema {
		if suffix, _, reason := domstats.MapStat(e); reason == "" {
			out = append(out, domstats.NewParam(prefix+e.Name+suffix, values[e.Name]))
		}
	}
	return out
}

func (d *domain) perfParams() []domstats.Param {
	if !d.active() {
		return nil
	}
	var out []domstats.Param
	for _, e := range slices.Sorted(maps.Keys(d.perf)) {
		out = append(out, domstats.NewParam("perf."+e, d.events().after(d.perf[e])))
	}
	return out
}

func (d *domain) iothreadParams(job bool) []domstats.Param {
	if !job || len(d.iothreads) == 0 {
		return nil
	}
	out := []domstats.Param{domstats.NewParam("iothread.count", uint32(len(d.iothreads)))}
	narrow := func(name string, v uint64) domstats.Param {
		if v > 1<<32-1 {
			return domstats.NewParam(name, v)
		}
		return domstats.NewParam(name, uint32(v))
	}
	for _, id := range slices.Sorted(maps.Keys(d.iothreads)) {
		t, p := d.iothreads[id], fmt.Sprintf("iothread.%d.", id)
		out = append(out, domstats.NewParam(p+"poll-max-ns", t.max), narrow(p+"poll-grow", t.grow), narrow(p+"poll-shrink", t.shrink))
	}
	return out
}

func (d *domain) memoryParams() []domstats.Param {
	t := d.definition.CPUTune
	if !d.active() || t == nil || len(t.MemoryTune) == 0 {
		return nil
	}
	const p = "memory.bandwidth.monitor."
	return []domstats.Param{domstats.NewParam(p+"count", uint32(1)), domstats.NewParam(p+"0.name", "vcpus_0"),
		domstats.NewParam(p+"0.vcpus", "0"), domstats.NewParam(p+"0.node.count", uint32(1)), domstats.NewParam(p+"0.node.0.id", uint32(0)),
		domstats.NewParam(p+"0.node.0.bytes.local", d.calls), domstats.NewParam(p+"0.node.0.bytes.total", 2*d.calls)}
}
