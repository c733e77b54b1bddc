// SPDX-License-Identifier: GPL-2.0-or-later

package domstats

import (
	"fmt"
	"slices"
	"strings"
)

// A Group is one bit of the statistics groups a caller asks for.
type Group uint32

// The groups, as libvirt numbers them.
const (
	GroupState     Group = 1 << iota // since 1.2.8
	GroupCPU                         // since 1.2.9
	GroupBalloon                     // since 1.2.9
	GroupVCPU                        // since 1.2.9
	GroupInterface                   // since 1.2.9
	GroupBlock                       // since 1.2.9
	GroupPerf                        // since 1.3.3
	GroupIOThread                    // since 4.10.0
	GroupMemory                      // since 6.0.0
	GroupDirtyRate                   // since 7.2.0
	GroupVM                          // since 8.9.0
)

// Flags of the statistics calls.
const (
	FlagActive     uint32 = 1 << 0
	FlagInactive   uint32 = 1 << 1
	FlagPersistent uint32 = 1 << 2
	FlagTransient  uint32 = 1 << 3
	FlagRunning    uint32 = 1 << 4
	FlagPaused     uint32 = 1 << 5
	FlagShutOff    uint32 = 1 << 6
	FlagOther      uint32 = 1 << 7
	FlagNoWait     uint32 = 1 << 29
	FlagBacking    uint32 = 1 << 30
	FlagEnforce    uint32 = 1 << 31
)

// AllGroups is the union of the known groups.
const AllGroups = GroupVM<<1 - 1

// GroupInfo is what holds for all statistics of a group.
type GroupInfo struct {
	Group    Group
	Name     string // the word for people and the --group option
	Prefix   string // every name of the group starts with it
	Since    string // first libvirt release
	NeedsJob bool   // taken from QEMU's monitor under the domain's job
}

// Groups lists the groups in the order of their bits.
func Groups() []GroupInfo {
	return []GroupInfo{
		{GroupState, "state", "state.", "1.2.8", false},
		{GroupCPU, "cpu", "cpu.", "1.2.9", true},
		{GroupBalloon, "balloon", "balloon.", "1.2.9", true},
		{GroupVCPU, "vcpu", "vcpu.", "1.2.9", true},
		{GroupInterface, "interface", "net.", "1.2.9", false},
		{GroupBlock, "block", "block.", "1.2.9", true},
		{GroupPerf, "perf", "perf.", "1.3.3", false},
		{GroupIOThread, "iothread", "iothread.", "4.10.0", true},
		{GroupMemory, "memory", "memory.", "6.0.0", false},
		{GroupDirtyRate, "dirtyrate", "dirtyrate.", "7.2.0", true},
		{GroupVM, "vm", "vm.", "8.9.0", true},
	}
}

// ParseGroups returns the union of groups by name, 0 for no names.
func ParseGroups(names []string) (Group, error) {
	var all Group
	var known []string
	for _, g := range Groups() {
		known = append(known, g.Name)
	}
	for _, name := range names {
		at := slices.Index(known, name)
		if at < 0 {
			return 0, fmt.Errorf("invalid choice: '%s' (choose from %s)", name, strings.Join(known, ", "))
		}
		all |= Groups()[at].Group
	}
	return all, nil
}
