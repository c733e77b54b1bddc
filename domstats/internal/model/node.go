// SPDX-License-Identifier: GPL-2.0-or-later

package model

import (
	"fmt"
	"slices"
)

// opened are all images that QEMU has open, of a disk and beside it.
func (k *disk) opened() []image {
	out := slices.Clone(k.images)
	for _, img := range []*image{k.mirror, k.scratch} {
		if img != nil {
			out = append(out, *img)
		}
	}
	return out
}

func formatNode(index uint32) string { return fmt.Sprintf("libvirt-%d-format", index) }

func storageNode(index uint32) string { return fmt.Sprintf("libvirt-%d-storage", index) }

// blockNodes is the reply to query-named-block-nodes.
func (d *domain) blockNodes(s *Stack) any {
	out := []object{}
	for _, k := range d.disks {
		for i, img := range k.opened() {
			f := s.files[img.path]
			capacity, driver := f.capacity(), "raw"
			if isQCOW2(f.data) {
				driver = "qcow2"
			}
			if i == 0 {
				capacity = k.capacity(s)
			}
			storage := object{"node-name": storageNode(img.index), "file": img.path, "drv": "file",
				"image": object{"virtual-size": f.size, "actual-size": f.space()}}
			if i == 0 && k.threshold > 0 {
				storage["write_threshold"] = k.threshold
			}
			if img.threshold > 0 {
				storage["write_threshold"] = img.threshold
			}
			out = append(out, storage, object{"node-name": formatNode(img.index), "file": img.path, "drv": driver,
				"image": object{"virtual-size": sectors(capacity), "actual-size": f.space()}})
		}
	}
	return out
}

// nodeStats is the reply to query-blockstats about nodes.
func (d *domain) nodeStats() any {
	out := []object{}
	for _, k := range d.disks {
		for i, img := range k.opened() {
			var highest uint64
			if i == 0 {
				highest = k.highest
			}
			stats := object{"wr_highest_offset": highest}
			out = append(out, object{"node-name": storageNode(img.index), "stats": stats},
				object{"node-name": formatNode(img.index), "stats": stats})
		}
	}
	return out
}

// filteredStats answers query-stats with its filters.
func (d *domain) filteredStats(args object) any {
	target, _ := args["target"].(string)
	_, byVCPU := args["vcpus"]
	if target != "vm" && target != "vcpu" && target != "cryptodev" || byVCPU && target != "vcpu" {
		return refused("Parameter 'target' is wrong")
	}
	out := []result{}
	for _, r := range d.queryStats(target) {
		if list, ok := args["vcpus"].([]any); ok && !slices.Contains(list, any(r.QOMPath)) {
			continue
		}
		out = append(out, r.filtered(args["providers"]))
	}
	return out
}

// filtered keeps the names that a filter of providers selects.
func (r result) filtered(providers any) result {
	list, ok := providers.([]any)
	if !ok {
		return r
	}
	for _, x := range list {
		p, _ := x.(object)
		names, named := p["names"].([]any)
		if p["provider"] == r.Provider && named {
			r.Stats = slices.DeleteFunc(r.Stats, func(v value) bool { return !slices.Contains(names, any(v.Name)) })
		}
	}
	return r
}
