// SPDX-License-Identifier: GPL-2.0-or-later

package model

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gitlab.com/lcitool/lcitool/domstats"
	"gitlab.com/lcitool/lcitool/domstats/guest"
)

// onDisk runs f on one disk of a running domain.
func (c *conn) onDisk(ctx context.Context, id domstats.Domain, name string, f func(*disk)) error {
	return c.live(ctx, id, func(d *domain) error {
		k, err := d.disk(name)
		if err == nil {
			f(k)
		}
		return err
	})
}

// BlockResize resizes a disk.
func (c *conn) BlockResize(ctx context.Context, id domstats.Domain, name string, size uint64) error {
	return c.onDisk(ctx, id, name, func(k *disk) { k.size = size })
}

// source is the file that a description of a disk names.
func source(xml string) string {
	m := regexp.MustCompile(`<source file='([^']*)'`).FindStringSubmatch(xml)
	if m == nil {
		return ""
	}
	return m[1]
}

// extra adds an image of the size of the disk, below which nothing is.
func (k *disk) extra(s *Stack, path string, data []byte) *image {
	s.files[path] = file{data, int64(k.capacity(s))}
	return &image{path: path, index: s.nextIndex()}
}

// BlockCopy starts a copy.
func (c *conn) BlockCopy(ctx context.Context, id domstats.Domain, name, xml string) error {
	return c.onDisk(ctx, id, name, func(k *disk) {
		var data []byte
		if strings.Contains(xml, "<driver type='qcow2'/>") {
			data = guest.QCOW2(k.capacity(c.s), "", "")
		}
		k.mirror = k.extra(c.s, source(xml), data)
	})
}

// BlockCommit starts to merge a chain, whose images all have their entries already. Images that
// the guest does not use are merged at once.
func (c *conn) BlockCommit(ctx context.Context, id domstats.Domain, name, top string) error {
	return c.onDisk(ctx, id, name, func(k *disk) {
		if top != "" { // one that is neither the first nor the lowest
			k.images = slices.DeleteFunc(k.images, func(img image) bool { return fmt.Sprintf("%s[%d]", name, img.index) == top })
		}
	})
}

// BlockPull leaves the first image of a chain.
func (c *conn) BlockPull(ctx context.Context, id domstats.Domain, name string) error {
	return c.onDisk(ctx, id, name, func(k *disk) { k.images = k.images[:1] })
}

// BlockJobPivot leaves the target of a copy, or the lowest image of a chain.
func (c *conn) BlockJobPivot(ctx context.Context, id domstats.Domain, name string) error {
	return c.onDisk(ctx, id, name, func(k *disk) {
		k.images = k.images[len(k.images)-1:]
		if k.mirror != nil {
			k.images, k.mirror, k.threshold = []image{*k.mirror}, nil, k.mirror.threshold
		}
		k.setPath(k.images[0].path)
	})
}

// BlockJobAbort ends a copy.
func (c *conn) BlockJobAbort(ctx context.Context, id domstats.Domain, name string) error {
	return c.onDisk(ctx, id, name, func(k *disk) { k.mirror = nil })
}

// SetThreshold arms the threshold of a disk, or of an image such as "vda[3]".
func (c *conn) SetThreshold(ctx context.Context, id domstats.Domain, name string, bytes uint64) error {
	name, rest, _ := strings.Cut(name, "[")
	index, _ := strconv.ParseUint(strings.TrimSuffix(rest, "]"), 10, 32) // 0 for the first image
	return c.onDisk(ctx, id, name, func(k *disk) {
		if index == 0 || uint32(index) == k.images[0].index {
			k.threshold = bytes
			return
		}
		for i := range k.images {
			if k.images[i].index == uint32(index) {
				k.images[i].threshold = bytes
			}
		}
		for _, img := range []*image{k.mirror, k.scratch} {
			if img != nil && img.index == uint32(index) {
				img.threshold = bytes
			}
		}
	})
}

// Backup starts a backup of the disks that have a scratch file.
func (c *conn) Backup(ctx context.Context, id domstats.Domain, xml string) error {
	for _, m := range regexp.MustCompile(`<disk name='(\w+)'[^>]*><scratch file='([^']*)'`).FindAllStringSubmatch(xml, -1) {
		if err := c.onDisk(ctx, id, m[1], func(k *disk) { k.scratch = k.extra(c.s, m[2], nil) }); err != nil {
			return err
		}
	}
	return nil
}

// AbortJob ends a backup or a save.
func (c *conn) AbortJob(ctx context.Context, id domstats.Domain) error {
	return c.live(ctx, id, func(d *domain) error {
		for _, k := range d.disks {
			k.scratch = nil
		}
		if d.saving != nil {
			close(d.saving)
			d.saving = nil
		}
		return nil
	})
}
