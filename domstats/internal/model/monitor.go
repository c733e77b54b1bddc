// SPDX-License-Identifier: GPL-2.0-or-later

package model

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gitlab.com/lcitool/lcitool/domstats"
)

// Monitor answers a command as QEMU would, through libvirt.
func (c *conn) Monitor(ctx context.Context, id domstats.Domain, command string, human bool) (string, error) {
	if c.test {
		return "", fault(domstats.CodeNoSupport, "this function is not supported by the connection driver")
	}
	if c.readOnly {
		return "", fault(domstats.CodeOperationDenied, "operation forbidden: read only access prevents the monitor")
	}
	var d *domain
	if err := c.live(ctx, id, func(x *domain) error { d = x; return nil }); err != nil {
		return "", err
	}
	job, err := c.takeJob(ctx, d, true)
	if err != nil || !job {
		return "", fault(domstats.CodeInternal, "cannot acquire the job: %v", err)
	}
	defer func() { <-d.job }()
	alive, err := c.reach(ctx, d)
	if err != nil || !alive {
		return "", fault(domstats.CodeInternal, "the monitor is gone: %v", err)
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if human {
		if err := c.waitForServer(ctx, d, command); err != nil {
			return "", err
		}
	}
	d.advance(time.Now())
	d.calls++
	if human {
		return d.human(command), nil
	}
	return d.qmp(c.s, command)
}

func (d *domain) qmp(s *Stack, command string) (string, error) {
	var request struct {
		Execute   string         `json:"execute"`
		Arguments map[string]any `json:"arguments"`
	}
	if err := json.Unmarshal([]byte(command), &request); err != nil {
		return "", fault(domstats.CodeInternal, "cannot parse the command: %v", err)
	}
	var reply struct {
		Return any `json:"return,omitempty"`
		Error  any `json:"error,omitempty"`
	}
	reply.Return = d.answer(s, request.Execute, request.Arguments)
	if refusal, ok := reply.Return.(refused); ok {
		reply.Return, reply.Error = nil, map[string]string{"class": "GenericError", "desc": string(refusal)}
	}
	if reply.Return == nil && reply.Error == nil {
		reply.Error = map[string]string{"class": "CommandNotFound", "desc": "The command " + request.Execute + " has not been found"}
	}
	b, err := json.Marshal(reply)
	return string(b), err
}

type object = map[string]any

// refused is why QEMU does not carry out a command.
type refused string

// answer is what a command returns, nil for an unknown one.
func (d *domain) answer(s *Stack, command string, args object) any {
	switch command {
	case "query-stats-schemas":
		return d.schema()
	case "query-stats":
		return d.filteredStats(args)
	case "query-named-block-nodes":
		return d.blockNodes(s)
	case "query-status":
		return object{"status": d.status()}
	case "query-cpus-fast":
		out := []object{}
		for n := range d.vcpus {
			out = append(out, object{"cpu-index": n, "qom-path": qomPath(n), "thread-id": 100 + n, "props": d.place(n)})
		}
		return out
	case "query-blockstats":
		if args["query-nodes"] == true {
			return d.nodeStats()
		}
		return d.blockstats()
	case "query-block-jobs":
		out := []object{}
		for _, k := range d.disks {
			if k.mirror != nil {
				out = append(out, object{"device": "copy-" + k.name(), "ready": true})
			}
		}
		return out
	case "query-balloon":
		return object{"actual": d.ballooned * 1024}
	case "qom-list":
		return []object{{"name": "balloon0", "type": "child<virtio-balloon-pci>"}}
	case "qom-get":
		if args["property"] == "guest-stats-polling-interval" {
			return d.period
		}
		return d.guestStats()
	case "query-iothreads":
		out := []object{}
		for id, t := range d.iothreads {
			out = append(out, object{"id": fmt.Sprintf("iothread%d", id), "poll-max-ns": t.max, "poll-grow": t.grow, "poll-shrink": t.shrink})
		}
		return out
	case "object-add": // IOThreads that libvirt knows nothing about
		return object{}
	case "query-dirty-rate":
		return d.queryDirtyRate()
	case "block_set_io_throttle":
		for _, k := range d.disks {
			k.throttled = k.throttled || args["id"] == k.qdev()
		}
		return object{}
	}
	return nil
}

// status is QEMU's word for the state.
func (d *domain) status() string {
	switch {
	case d.state == paused && d.reason == ioError:
		return "io-error"
	case d.state == paused && d.reason == watchdog:
		return "watchdog"
	}
	return map[int32]string{running: "running", paused: "paused", crashed: "guest-panicked", pmSuspended: "suspended"}[d.state]
}

func (d *domain) blockstats() any {
	out := []object{}
	for _, k := range d.disks {
		c, node := k.counts, ""
		if len(k.images) > 0 {
			node = formatNode(k.images[0].index)
		}
		out = append(out, object{"qdev": k.qdev(), "node-name": node, "stats": object{
			"rd_bytes": c.rdBytes, "rd_operations": c.rdReqs, "rd_total_time_ns": c.rdTimes,
			"wr_bytes": c.wrBytes, "wr_operations": c.wrReqs, "wr_total_time_ns": c.wrTimes,
			"flush_operations": c.flReqs, "flush_total_time_ns": c.flTimes, "wr_highest_offset": k.highest,
		}})
	}
	return out
}

func (d *domain) guestStats() any {
	stats, updated := object{}, int64(0)
	for _, t := range d.guestTold() {
		stats[t.key] = uint64(1<<64 - 1)
		if !d.told.IsZero() {
			stats[t.key] = t.value
		}
	}
	stats["stat-oom-kills"] = uint64(1<<64 - 1)
	if !d.told.IsZero() {
		updated = d.told.Unix()
	}
	return object{"last-update": updated, "stats": stats}
}

func (d *domain) queryDirtyRate() any {
	r := d.dirty
	out := object{"status": []string{"unstarted", "measuring", "measured"}[r.status()], "calc-time": r.period, "mode": "page-sampling"}
	if !r.start.IsZero() {
		out["start-time"], out["mode"] = r.start.Unix(), r.mode
	}
	if r.status() != 2 {
		return out
	}
	out["dirty-rate"] = r.pages
	if r.byVCPUs {
		rates := []object{}
		for n := range d.vcpus {
			rates = append(rates, object{"id": n, "dirty-rate": map[bool]uint64{true: r.pages}[n == 0]})
		}
		out["vcpu-dirty-rate"] = rates
	}
	return out
}

// drives finds the disk that a line of the human monitor is about, and what is to be done.
func (d *domain) drives(line string) (k *disk, command string, ok bool) {
	m := regexp.MustCompile(`^qemu-io -d (\S+) "(.*)"$`).FindStringSubmatch(line)
	if m == nil {
		return nil, "", false
	}
	i := slices.IndexFunc(d.disks, func(k *disk) bool { return k.qdev() == m[1] })
	if i < 0 {
		return nil, "", false
	}
	return d.disks[i], m[2], true
}

// human carries out the lines that the suite uses.
func (d *domain) human(line string) string {
	if strings.HasPrefix(line, "xp ") { // the main thread reads memory
		d.calls++
		return "0000000000400000: 0x00"
	}
	switch {
	case strings.HasPrefix(line, "o "):
		return d.out(line)
	case line == "stop":
		d.state, d.reason = paused, 0
		return ""
	case line == "cont":
		d.state, d.reason = running, 5
		return ""
	}
	k, command, ok := d.drives(line)
	if !ok {
		return "Error: device not found"
	}
	words := strings.Fields(command)
	size := func(i int) uint64 {
		text, kib := strings.CutSuffix(words[len(words)-i], "k") // no other unit is used
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return 0
		}
		if kib {
			n *= 1024
		}
		return n
	}
	switch words[0] {
	case "aio_write":
		k.write(size(2), size(1))
	case "aio_read":
		k.read(size(1))
	case "aio_flush":
		k.flush()
	case "read": // the main thread compares what it read
		const calls = 250_000
		d.calls += calls
	}
	return ""
}

// out writes to a port of a device.
func (d *domain) out(line string) string {
	if strings.HasPrefix(line, "o /b 0x443 ") && len(d.definition.Devices.Watchdogs) > 0 && d.state == running {
		d.state, d.reason = paused, watchdog
	}
	if kib, ok := strings.CutPrefix(d.pending, "memory "); ok && line == "o /b 0xa14 8" {
		n, err := strconv.ParseUint(kib, 10, 64)
		if err != nil {
			return "Error: " + err.Error()
		}
		d.memory, d.ballooned, d.target, d.pending = d.memory-n, d.ballooned-n, d.target-n, ""
	}
	return ""
}
