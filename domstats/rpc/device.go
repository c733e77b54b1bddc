// SPDX-License-Identifier: GPL-2.0-or-later

package rpc

import (
	"context"

	libvirt "github.com/digitalocean/go-libvirt"

	"gitlab.com/lcitool/lcitool/domstats"
)

// BlockResize resizes a disk to a size in bytes.
func (c *Client) BlockResize(ctx context.Context, d domstats.Domain, disk string, size uint64) error {
	return c.do(ctx, d, func(d libvirt.Domain) error {
		return c.lv.DomainBlockResize(d, disk, size, libvirt.DomainBlockResizeBytes)
	})
}

// BlockCopy starts to copy a disk to what the XML describes.
func (c *Client) BlockCopy(ctx context.Context, d domstats.Domain, disk, xml string) error {
	return c.do(ctx, d, func(d libvirt.Domain) error {
		return c.lv.DomainBlockCopy(d, disk, xml, nil, libvirt.DomainBlockCopyTransientJob)
	})
}

// BlockJobAbort ends the job of a disk.
func (c *Client) BlockJobAbort(ctx context.Context, d domstats.Domain, disk string) error {
	return c.do(ctx, d, func(d libvirt.Domain) error { return c.lv.DomainBlockJobAbort(d, disk, 0) })
}

// BlockCommit starts to merge images of a disk into the lowest one: all from top on, such as
// "vda[3]". If that is "", it starts with the first one, and the lowest image then follows what
// the guest writes until the job ends.
func (c *Client) BlockCommit(ctx context.Context, d domstats.Domain, disk, top string) error {
	return c.do(ctx, d, func(d libvirt.Domain) error {
		if top != "" {
			return c.lv.DomainBlockCommit(d, disk, nil, libvirt.OptString{top}, 0, 0)
		}
		return c.lv.DomainBlockCommit(d, disk, nil, nil, 0, libvirt.DomainBlockCommitActive)
	})
}

// BlockPull starts to copy what a disk needs of the images below into the first one.
func (c *Client) BlockPull(ctx context.Context, d domstats.Domain, disk string) error {
	return c.do(ctx, d, func(d libvirt.Domain) error { return c.lv.DomainBlockPull(d, disk, 0, 0) })
}

// BlockJobPivot ends the job of a disk, which goes on with the target of the job.
func (c *Client) BlockJobPivot(ctx context.Context, d domstats.Domain, disk string) error {
	return c.do(ctx, d, func(d libvirt.Domain) error {
		return c.lv.DomainBlockJobAbort(d, disk, libvirt.DomainBlockJobAbortPivot)
	})
}

// Backup starts the backup that the XML describes.
func (c *Client) Backup(ctx context.Context, d domstats.Domain, xml string) error {
	return c.do(ctx, d, func(d libvirt.Domain) error { return c.lv.DomainBackupBegin(d, xml, nil, 0) })
}

// AbortJob ends the domain's job, such as a backup.
func (c *Client) AbortJob(ctx context.Context, d domstats.Domain) error {
	return c.do(ctx, d, c.lv.DomainAbortJob)
}

// SetThreshold arms the write threshold of a disk or a node, in bytes.
func (c *Client) SetThreshold(ctx context.Context, d domstats.Domain, device string, bytes uint64) error {
	return c.do(ctx, d, func(d libvirt.Domain) error { return c.lv.DomainSetBlockThreshold(d, device, bytes, 0) })
}

// Snapshot takes an external snapshot of the disks only, without metadata.
func (c *Client) Snapshot(ctx context.Context, d domstats.Domain, xml string) error {
	return c.do(ctx, d, func(d libvirt.Domain) error {
		flags := libvirt.DomainSnapshotCreateDiskOnly | libvirt.DomainSnapshotCreateNoMetadata
		_, err := c.lv.DomainSnapshotCreateXML(d, xml, uint32(flags))
		return err
	})
}

// InternalSnapshot keeps the state of a domain under a name, in the image of a disk.
func (c *Client) InternalSnapshot(ctx context.Context, d domstats.Domain, name string) error {
	return c.do(ctx, d, func(d libvirt.Domain) error {
		_, err := c.lv.DomainSnapshotCreateXML(d, "<domainsnapshot><name>"+name+"</name></domainsnapshot>", 0)
		return err
	})
}

// Revert goes back to such a snapshot.
func (c *Client) Revert(ctx context.Context, d domstats.Domain, name string) error {
	return c.do(ctx, d, func(d libvirt.Domain) error {
		return c.lv.DomainRevertToSnapshot(libvirt.DomainSnapshot{Name: name, Dom: d}, 0)
	})
}

// SetPerf turns performance events on or off.
func (c *Client) SetPerf(ctx context.Context, d domstats.Domain, on bool, events ...string) error {
	params := make([]domstats.Param, len(events))
	for i, e := range events {
		params[i] = domstats.NewParam(e, on)
	}
	return c.do(ctx, d, func(d libvirt.Domain) error {
		return c.lv.DomainSetPerfEvents(d, wireParams(params), libvirt.DomainAffectLive)
	})
}

// AddIOThread adds an I/O thread.
func (c *Client) AddIOThread(ctx context.Context, d domstats.Domain, id uint32) error {
	return c.do(ctx, d, func(d libvirt.Domain) error { return c.lv.DomainAddIothread(d, id, libvirt.DomainAffectLive) })
}

// DelIOThread removes an I/O thread.
func (c *Client) DelIOThread(ctx context.Context, d domstats.Domain, id uint32) error {
	return c.do(ctx, d, func(d libvirt.Domain) error { return c.lv.DomainDelIothread(d, id, libvirt.DomainAffectLive) })
}

// SetIOThread changes the polling of an I/O thread. Parameters are
// "poll_max_ns" (ullong), "poll_grow" and "poll_shrink" (uint or ullong).
func (c *Client) SetIOThread(ctx context.Context, d domstats.Domain, id uint32, params ...domstats.Param) error {
	return c.do(ctx, d, func(d libvirt.Domain) error {
		return c.lv.DomainSetIothreadParams(d, id, wireParams(params), uint32(libvirt.DomainAffectLive))
	})
}

// Modes of [Client.StartDirtyRate].
const (
	DirtySampling uint32 = 0
	DirtyBitmap   uint32 = 1 << 0
	DirtyRing     uint32 = 1 << 1
)

// StartDirtyRate starts to measure for a number of seconds, in one of the modes.
func (c *Client) StartDirtyRate(ctx context.Context, d domstats.Domain, seconds int32, mode uint32) error {
	return c.do(ctx, d, func(d libvirt.Domain) error { return c.lv.DomainStartDirtyRateCalc(d, seconds, mode) })
}
