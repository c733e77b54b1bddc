// SPDX-License-Identifier: GPL-2.0-or-later

package model

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"libvirt.org/go/libvirtxml"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
)

// A file is what the suite wrote.
type file struct {
	data []byte
	size int64
}

// space is what it takes on disk.
func (f file) space() uint64 {
	const block = 4096
	return (uint64(len(f.data)) + block - 1) / block * block
}

// physical is what libvirt reports for an active disk: the length where QEMU
// has 0 for the space, which libvirt takes for unknown.
func (f file) physical() uint64 {
	if f.space() == 0 {
		return uint64(f.size)
	}
	return f.space()
}

// capacity is the size that a guest sees.
func (f file) capacity() uint64 {
	if isQCOW2(f.data) {
		return binary.BigEndian.Uint64(f.data[24:])
	}
	return uint64(f.size)
}

// counts are what a disk did.
type counts struct {
	rdReqs, rdBytes, rdTimes, wrReqs, wrBytes, wrTimes, flReqs, flTimes uint64
}

type disk struct {
	x         *libvirtxml.DomainDisk
	counts    counts
	highest   uint64 // end of the highest write
	taken     uint64 // of the file, beyond which writes go; 0 for a file that is as it looks
	size      uint64 // after a resize; 0 for that of the file
	threshold uint64
	throttled bool          // requests wait for each other
	waited    time.Duration // for the server, of the request that is done now
	images    []image       // top first
	mirror    *image        // of a copy
	scratch   *image        // of a backup
	slot      uint
}

// An image is one file of a chain.
type image struct {
	path      string
	index     uint32
	threshold uint64 // of an image below the first
}

func (k *disk) name() string { return k.x.Target.Dev }

func (k *disk) path() string {
	if k.x.Source == nil || k.x.Source.File == nil {
		return ""
	}
	return k.x.Source.File.File
}

// setPath replaces the file of the disk. Its definition stays.
func (k *disk) setPath(path string) {
	x := *k.x
	x.Source = &libvirtxml.DomainDiskSource{File: &libvirtxml.DomainDiskSourceFile{File: path}}
	k.x = &x
}

func (k *disk) nbd() bool { return k.x.Source != nil && k.x.Source.Network != nil }

// lost is the file of a disk that is not there and must be, "" for none.
func (d *domain) lost(s *Stack) string {
	for _, k := range d.disks {
		if _, there := s.files[k.path()]; !there && k.path() != "" && k.x.Source.StartupPolicy == "" {
			return k.path()
		}
	}
	return ""
}

// fails reports whether a request pauses the guest, because the server of the disk is gone.
func (k *disk) fails(s *Stack) bool {
	return k != nil && k.nbd() && k.x.Driver.RErrorPolicy == "stop" && s.deadServers[k.x.Source.Network.Hosts[0].Socket]
}

// took is how many ns a request takes.
func (k *disk) took() uint64 {
	if k.waited > 0 {
		return uint64(k.waited)
	}
	if k.throttled {
		return 2_000_000_000
	}
	return 50_000
}

func (k *disk) read(n uint64) {
	k.counts.rdReqs++
	k.counts.rdBytes += n
	k.counts.rdTimes += k.took()
}

func (k *disk) write(offset, n uint64) {
	k.counts.wrReqs++
	k.counts.wrBytes += n
	k.counts.wrTimes += k.took()
	k.highest = max(k.highest, k.taken+offset+n)
	if k.threshold > 0 && offset+n > k.threshold {
		k.threshold = 0
	}
}

func (k *disk) flush() {
	k.counts.flReqs++
	k.counts.flTimes += k.took()
}

// nextIndex numbers the images that are opened.
func (s *Stack) nextIndex() uint32 {
	s.images++
	return s.images
}

// open reads the chain of images.
func (k *disk) open(s *Stack) {
	k.images = nil
	for path := k.path(); path != ""; path = backing(s.files[path].data) {
		k.images = append(k.images, image{path: path, index: s.nextIndex()})
		if data := s.files[path].data; len(k.images) == 1 && isQCOW2(data) && guest.TakenBy(data) > uint64(len(data)) {
			k.taken = guest.TakenBy(data)
		}
	}
	if k.nbd() {
		k.images = []image{{index: s.nextIndex()}}
	}
}

func isQCOW2(data []byte) bool { return bytes.HasPrefix(data, []byte("QFI\xfb")) }

// backing is the name of the backing file in a qcow2 header.
func backing(data []byte) string {
	if !isQCOW2(data) {
		return ""
	}
	at, n := binary.BigEndian.Uint64(data[8:]), binary.BigEndian.Uint32(data[16:])
	return string(data[at : at+uint64(n)])
}

// capacity is the size that a guest sees.
func (k *disk) capacity(s *Stack) uint64 {
	f := s.files[k.path()]
	switch {
	case k.size > 0:
		return k.size
	case k.nbd():
		return 1 << 20
	case k.x.Source != nil && k.x.Source.Encryption != nil:
		return f.capacity() - encryptedAt(f.data)
	}
	return f.capacity()
}

// encryptedAt is how many bytes are before what is encrypted.
func encryptedAt(head []byte) uint64 {
	const begin, sector = 104, 512
	if len(head) < begin+4 {
		return 0
	}
	return uint64(binary.BigEndian.Uint32(head[begin:])) * sector
}

// bus order: virtio disks by name, then the others by name.
func (d *domain) addDisk(s *Stack, x *libvirtxml.DomainDisk) {
	k := &disk{x: x, slot: d.freeSlot()}
	k.open(s)
	d.disks = append(d.disks, k)
	slices.SortStableFunc(d.disks, func(a, b *disk) int {
		virtio := func(k *disk) int {
			if k.x.Target.Bus == "virtio" {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(virtio(a), virtio(b)), cmp.Compare(a.name(), b.name()))
	})
}

func (d *domain) disk(name string) (*disk, error) {
	for _, k := range d.disks {
		if k.name() == name {
			return k, nil
		}
	}
	return nil, &domstats.Error{Code: domstats.CodeInvalidArg, Message: fmt.Sprintf("disk %q is not there", name)}
}

// freeSlot returns a PCI slot that no other device has.
func (d *domain) freeSlot() uint { return uint(3 + len(d.disks) + len(d.nics)) }

// blockParams are the parameters of the block group.
func (d *domain) blockParams(s *Stack, chain, job bool) []domstats.Param {
	var out []domstats.Param
	i := 0
	for _, k := range d.disks {
		p := fmt.Sprintf("block.%d.", i)
		out = append(out, domstats.NewParam(p+"name", k.name()))
		out = append(out, k.sourceParams(s, p, d.active(), job)...)
		i++
		if !chain {
			continue
		}
		if !d.active() {
			out, i = k.definedBelow(s, out, i)
			continue
		}
		extra := slices.Clone(k.images[min(1, len(k.images)):])
		for _, img := range []*image{k.mirror, k.scratch} {
			if img != nil {
				extra = append(extra, *img)
			}
		}
		for _, img := range extra {
			p := fmt.Sprintf("block.%d.", i)
			out = append(out, domstats.NewParam(p+"name", k.name()), domstats.NewParam(p+"path", img.path),
				domstats.NewParam(p+"backingIndex", img.index))
			if f := s.files[img.path]; job {
				out = append(out, sizes(p, 0, sectors(f.capacity()), f.physical())...)
			}
			if job && img.threshold > 0 {
				out = append(out, domstats.NewParam(p+"threshold", img.threshold))
			}
			i++
		}
	}
	return append(out, domstats.NewParam("block.count", uint32(i)))
}

// definedBelow adds the images below that the definition names.
func (k *disk) definedBelow(s *Stack, out []domstats.Param, i int) ([]domstats.Param, int) {
	for b := k.x.BackingStore; b != nil && b.Source != nil && b.Source.File != nil; b = b.BackingStore {
		p, f := fmt.Sprintf("block.%d.", i), s.files[b.Source.File.File]
		out = append(out, domstats.NewParam(p+"name", k.name()), domstats.NewParam(p+"path", b.Source.File.File))
		out = append(out, inactiveSizes(p, f.space(), f.capacity(), uint64(f.size))...)
		i++
	}
	return out, i
}

func (k *disk) sourceParams(s *Stack, p string, active, job bool) []domstats.Param {
	var out []domstats.Param
	path := k.path()
	if path != "" {
		out = append(out, domstats.NewParam(p+"path", path))
	}
	f, there := s.files[path]
	if !active {
		if there {
			out = append(out, inactiveSizes(p, f.space(), k.capacity(s), uint64(f.size))...)
		}
		return out
	}
	if len(k.images) > 0 {
		out = append(out, domstats.NewParam(p+"backingIndex", k.images[0].index))
	}
	if !job {
		return out
	}
	c := k.counts
	for name, v := range map[string]uint64{"rd.reqs": c.rdReqs, "rd.bytes": c.rdBytes, "rd.times": c.rdTimes, "wr.reqs": c.wrReqs,
		"wr.bytes": c.wrBytes, "wr.times": c.wrTimes, "fl.reqs": c.flReqs, "fl.times": c.flTimes} {
		out = append(out, domstats.NewParam(p+name, v))
	}
	switch {
	case k.nbd():
		out = append(out, sizes(p, k.highest, k.capacity(s), k.capacity(s))...)
	case path != "":
		out = append(out, sizes(p, k.highest, sectors(k.capacity(s)), f.physical())...)
	}
	if k.threshold > 0 {
		out = append(out, domstats.NewParam(p+"threshold", k.threshold))
	}
	return out
}

// sectors is a size that ends with a sector.
func sectors(size uint64) uint64 {
	const sector = 512
	return (size + sector - 1) / sector * sector
}

// inactiveSizes leaves out the space of a file that takes none.
func inactiveSizes(p string, allocation, capacity, physical uint64) []domstats.Param {
	all := sizes(p, allocation, capacity, physical)
	if allocation == 0 {
		return all[1:]
	}
	return all
}

func sizes(p string, allocation, capacity, physical uint64) []domstats.Param {
	return []domstats.Param{domstats.NewParam(p+"allocation", allocation), domstats.NewParam(p+"capacity", capacity),
		domstats.NewParam(p+"physical", physical)}
}

// alias is QEMU's name for a virtio disk's device.
func (k *disk) alias() string {
	return fmt.Sprintf("virtio-disk%d", strings.TrimLeft(k.name(), "vd")[0]-'a')
}

// qdev is the path of the device.
func (k *disk) qdev() string {
	if k.x.Target.Bus == "virtio" {
		return "/machine/peripheral/" + k.alias() + "/virtio-backend"
	}
	return "/machine/peripheral/" + k.name()
}
