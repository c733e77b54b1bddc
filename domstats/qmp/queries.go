// SPDX-License-Identifier: GPL-2.0-or-later

package qmp

import (
	"context"
	"encoding/json"

	"gitlab.com/lcitool/lcitool/domstats"
)

// Schema asks which statistics the QEMU offers.
func Schema(ctx context.Context, x Executor) (domstats.Schema, error) {
	var raw json.RawMessage
	if err := Call(ctx, x, "query-stats-schemas", nil, &raw); err != nil {
		return nil, err
	}
	return domstats.ParseSchema(raw)
}

// Stats asks for the values of a target: "vm", "vcpu" or "cryptodev".
func Stats(ctx context.Context, x Executor, target string) ([]domstats.StatsResult, error) {
	return StatsOf(ctx, x, map[string]any{"target": target})
}

// StatsOf asks for values with a filter: the arguments of query-stats.
func StatsOf(ctx context.Context, x Executor, filter map[string]any) ([]domstats.StatsResult, error) {
	var raw json.RawMessage
	if err := Call(ctx, x, "query-stats", filter, &raw); err != nil {
		return nil, err
	}
	return domstats.ParseStats(raw)
}

// Version is QEMU's release.
func Version(ctx context.Context, x Executor) (domstats.Version, error) {
	var out struct {
		QEMU struct{ Major, Minor, Micro uint64 }
	}
	err := Call(ctx, x, "query-version", nil, &out)
	return domstats.MakeVersion(out.QEMU.Major, out.QEMU.Minor, out.QEMU.Micro), err
}

// A CPU is one online vCPU.
type CPU struct {
	Index    int    `json:"cpu-index"` // libvirt's vCPU number on x86
	QOMPath  string `json:"qom-path"`
	ThreadID int    `json:"thread-id"` // in QEMU's pid namespace
	Place    struct {
		Socket int `json:"socket-id"`
		Die    int `json:"die-id"`
		Core   int `json:"core-id"`
	} `json:"props"`
}

// CPUs lists the online vCPUs in QEMU's order.
func CPUs(ctx context.Context, x Executor) ([]CPU, error) {
	var out []CPU
	return out, Call(ctx, x, "query-cpus-fast", nil, &out)
}

// Status is QEMU's run state: "running", "paused", "prelaunch", …
func Status(ctx context.Context, x Executor) (string, error) {
	var out struct{ Status string }
	err := Call(ctx, x, "query-status", nil, &out)
	return out.Status, err
}

// A BlockDevice is what a guest device did with its disk.
type BlockDevice struct {
	QDev   string      `json:"qdev"` // QOM path or id of the device
	Node   string      `json:"node-name"`
	Stats  BlockCounts `json:"stats"`
	Parent *struct {
		Node  string      `json:"node-name"`
		Stats BlockCounts `json:"stats"`
	} `json:"parent"` // the storage below a format; nil without one
}

// BlockCounts are bytes, requests and nanoseconds since QEMU started.
type BlockCounts struct {
	ReadBytes     uint64 `json:"rd_bytes"`
	ReadReqs      uint64 `json:"rd_operations"`
	ReadTime      uint64 `json:"rd_total_time_ns"`
	WriteBytes    uint64 `json:"wr_bytes"`
	WriteReqs     uint64 `json:"wr_operations"`
	WriteTime     uint64 `json:"wr_total_time_ns"`
	FlushReqs     uint64 `json:"flush_operations"`
	FlushTime     uint64 `json:"flush_total_time_ns"`
	HighestOffset uint64 `json:"wr_highest_offset"` // end of the highest write, in bytes
}

// BlockDevices lists the guest's block devices.
func BlockDevices(ctx context.Context, x Executor) ([]BlockDevice, error) {
	var out []BlockDevice
	return out, Call(ctx, x, "query-blockstats", nil, &out)
}

// BlockNodes lists every node of the block graph, by node name.
func BlockNodes(ctx context.Context, x Executor) ([]BlockDevice, error) {
	var out []BlockDevice
	return out, Call(ctx, x, "query-blockstats", map[string]bool{"query-nodes": true}, &out)
}

// A BlockJob is something that goes on with images, such as a copy.
type BlockJob struct {
	Device string
	Ready  bool // all is copied, and what is written goes to both
}

// BlockJobs lists the jobs of images.
func BlockJobs(ctx context.Context, x Executor) ([]BlockJob, error) {
	var out []BlockJob
	return out, Call(ctx, x, "query-block-jobs", nil, &out)
}

// Balloon is the memory the guest has left, in bytes.
func Balloon(ctx context.Context, x Executor) (uint64, error) {
	var out struct{ Actual uint64 }
	err := Call(ctx, x, "query-balloon", nil, &out)
	return out.Actual, err
}

// GuestStats are what a balloon driver told. Values are bytes or counts;
// those the guest never sent are 2^64-1.
type GuestStats struct {
	LastUpdate uint64            `json:"last-update"` // seconds since the epoch, 0 for never
	Stats      map[string]uint64 `json:"stats"`
}

// BalloonStats reads the guest statistics of the balloon device at a QOM path.
func BalloonStats(ctx context.Context, x Executor, path string) (GuestStats, error) {
	var out GuestStats
	err := Call(ctx, x, "qom-get", map[string]string{"path": path, "property": "guest-stats"}, &out)
	return out, err
}

// BalloonPeriod is after how many seconds QEMU asks for the guest's statistics again, 0 for
// never.
func BalloonPeriod(ctx context.Context, x Executor, path string) (int64, error) {
	var out int64
	err := Call(ctx, x, "qom-get", map[string]string{"path": path, "property": "guest-stats-polling-interval"}, &out)
	return out, err
}

// An IOThread holds the settings of one I/O thread.
type IOThread struct {
	ID         string `json:"id"` // "iothread" and libvirt's number
	PollMax    uint64 `json:"poll-max-ns"`
	PollGrow   uint64 `json:"poll-grow"`
	PollShrink uint64 `json:"poll-shrink"`
}

// IOThreads lists the I/O threads.
func IOThreads(ctx context.Context, x Executor) ([]IOThread, error) {
	var out []IOThread
	return out, Call(ctx, x, "query-iothreads", nil, &out)
}

// A DirtyRate is the state of the last measurement.
type DirtyRate struct {
	Status string `json:"status"` // "unstarted", "measuring", "measured"
	Start  int64  `json:"start-time"`
	Period int64  `json:"calc-time"` // seconds
	Mode   string `json:"mode"`
	Rate   *int64 `json:"dirty-rate"` // MiB/s; nil unless measured
	VCPUs  []struct {
		ID   int   `json:"id"`
		Rate int64 `json:"dirty-rate"`
	} `json:"vcpu-dirty-rate"` // mode "dirty-ring" only
}

// QueryDirtyRate reads the state of the last measurement.
func QueryDirtyRate(ctx context.Context, x Executor) (DirtyRate, error) {
	var out DirtyRate
	err := Call(ctx, x, "query-dirty-rate", nil, &out)
	return out, err
}

// A Node is one node of the block graph.
type Node struct {
	Name      string `json:"node-name"`
	File      string `json:"file"`
	Driver    string `json:"drv"`
	Threshold uint64 `json:"write_threshold"` // 0 for none
	Image     struct {
		VirtualSize uint64 `json:"virtual-size"`
		ActualSize  uint64 `json:"actual-size"` // space on disk
	} `json:"image"`
}

// NamedNodes lists the nodes of the block graph with their images, each without
// the images below it.
func NamedNodes(ctx context.Context, x Executor) ([]Node, error) {
	var out []Node
	return out, Call(ctx, x, "query-named-block-nodes", map[string]bool{"flat": true}, &out)
}
