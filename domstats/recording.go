// SPDX-License-Identifier: GPL-2.0-or-later

package domstats

import (
	"encoding/json"
	"errors"
	"fmt"
)

// A Recording is one domain as libvirt described it, with what QEMU said
// right before and right after. QEMU's parts are what its commands returned.
type Recording struct {
	Libvirt string          `json:"libvirt"`
	QEMU    string          `json:"qemu"`
	Kernel  string          `json:"kernel"`
	Paused  bool            `json:"paused"` // then nothing may have moved
	Schema  json.RawMessage `json:"query-stats-schemas"`
	CPUs    json.RawMessage `json:"query-cpus-fast"`
	Before  RecordedStats   `json:"before"`
	Record  Record          `json:"record"`
	After   RecordedStats   `json:"after"`
}

// RecordedStats are the values of a domain's two targets.
type RecordedStats struct {
	VM   json.RawMessage `json:"vm"`
	VCPU json.RawMessage `json:"vcpu"`
}

// Check applies every check that needs nothing but the recording: names of
// the extended groups, types, doubles, and the values against QEMU's. QEMU has
// statistics with KVM only; an emulated domain has none of the extended groups.
// An error means that the recording itself cannot be read.
func (r Recording) Check(c *Catalogue) (faults []string, err error) {
	schema, err := ParseSchema(r.Schema)
	if err != nil {
		return nil, err
	}
	paths, err := parseCPUs(r.CPUs)
	if err != nil {
		return nil, err
	}
	before, errBefore := r.Before.parse(paths)
	after, errAfter := r.After.parse(paths)
	if err := errors.Join(errBefore, errAfter); err != nil {
		return nil, err
	}
	types, unknown := CheckTypes(c, r.Record)
	faults = append(CheckUnique(r.Record), types...)
	for _, name := range unknown {
		faults = append(faults, name+" is not in the catalogue")
	}
	faults = append(faults, CheckNames(r.Record, "vm.", FieldNames(schema.VM()))...)
	faults = append(faults, CheckFieldTypes(r.Record, schema.VM())...)
	faults = append(faults, CheckBracket(r.Record, schema.VM(), before.vm, after.vm, r.Paused)...)
	names := []string{"vcpu.current", "vcpu.maximum"}
	for _, n := range paths {
		fields := schema.VCPU(n)
		if _, offered := before.vcpus[n]; len(fields) > 0 && !offered {
			faults = append(faults, fmt.Sprintf("QEMU has no statistics of vCPU %d", n))
		}
		for _, f := range []string{"state", "time", "wait", "delay"} {
			names = append(names, fmt.Sprintf("vcpu.%d.%s", n, f))
		}
		names = append(names, FieldNames(fields)...)
		faults = append(faults, CheckFieldTypes(r.Record, fields)...)
		faults = append(faults, CheckBracket(r.Record, fields, before.vcpus[n], after.vcpus[n], r.Paused)...)
	}
	faults = append(faults, CheckNames(r.Record, "vcpu.", names)...)
	if n, _ := r.Record.Uint("vcpu.current"); n != uint64(len(paths)) {
		faults = append(faults, fmt.Sprintf("vcpu.current is %d, QEMU has %d vCPUs", n, len(paths)))
	}
	return faults, nil
}

// parseCPUs maps QOM paths to vCPU numbers.
func parseCPUs(data []byte) (map[string]int, error) {
	var list []struct {
		Index int    `json:"cpu-index"`
		Path  string `json:"qom-path"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("cannot read the list of vCPUs: %w", err)
	}
	out := map[string]int{}
	for _, c := range list {
		out[c.Path] = c.Index
	}
	return out, nil
}

type recorded struct {
	vm    StatsResult
	vcpus map[int]StatsResult
}

func (r RecordedStats) parse(paths map[string]int) (recorded, error) {
	out := recorded{vcpus: map[int]StatsResult{}}
	vm, err := ParseStats(r.VM)
	if err != nil {
		return out, err
	}
	if len(vm) == 1 {
		out.vm = vm[0]
	}
	vcpus, err := ParseStats(r.VCPU)
	if err != nil {
		return out, err
	}
	for _, v := range vcpus {
		n, known := paths[v.QOMPath]
		if !known {
			return out, fmt.Errorf("QEMU has statistics of %q, which is no vCPU", v.QOMPath)
		}
		out.vcpus[n] = v
	}
	return out, nil
}
