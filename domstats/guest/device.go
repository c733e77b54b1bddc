// SPDX-License-Identifier: GPL-2.0-or-later

package guest

import (
	"fmt"

	"libvirt.org/go/libvirtxml"
)

// A Disk is one disk, CD-ROM or floppy of a domain.
type Disk struct {
	Target    string // "vda", "hdc", "fda", "sda"
	Bus       string // empty means the one that Target suggests
	Device    string // "cdrom", "floppy"; empty means a disk
	File      string // source; empty for an empty drive
	Format    string // of File; empty means raw
	NBD       string // unix socket of an NBD server, instead of File
	VhostUser string // unix socket of a vhost-user server, instead of File
	Boot      uint   // place in the boot order; 0 for none
	Optional  bool   // the source may be missing
	Pauses    bool   // the guest is paused by a request that fails
	Encrypted bool   // File is of LUKS; the domain cannot start, because the key is nowhere
	// Backing are the images below File, top first; libvirt finds them itself when
	// the domain starts.
	Backing []Layer
}

// NBDExport is the name under which an NBD server has a disk.
const NBDExport = "lcstats-disk"

// A Layer is a file of a chain.
type Layer struct{ File, Format string }

// backing describes a chain, which ends where it says so.
func backing(images []Layer) *libvirtxml.DomainDiskBackingStore {
	if len(images) == 0 {
		return &libvirtxml.DomainDiskBackingStore{}
	}
	return &libvirtxml.DomainDiskBackingStore{
		Format:       &libvirtxml.DomainDiskFormat{Type: images[0].Format},
		Source:       &libvirtxml.DomainDiskSource{File: &libvirtxml.DomainDiskSourceFile{File: images[0].File}},
		BackingStore: backing(images[1:]),
	}
}

// XML returns the element that plugs the disk in or out.
func (d Disk) XML() (string, error) {
	text, err := d.device().Marshal()
	if err != nil {
		return "", fmt.Errorf("cannot describe disk %s: %w", d.Target, err)
	}
	return text, nil
}

func (d Disk) device() *libvirtxml.DomainDisk {
	if d.Bus == "" {
		d.Bus = bus(d.Target)
	}
	if d.Format == "" {
		d.Format = "raw"
	}
	x := &libvirtxml.DomainDisk{
		Device: d.Device,
		Driver: &libvirtxml.DomainDiskDriver{Name: "qemu", Type: d.Format},
		Target: &libvirtxml.DomainDiskTarget{Dev: d.Target, Bus: d.Bus},
	}
	switch {
	case d.NBD != "":
		x.Source = &libvirtxml.DomainDiskSource{Network: &libvirtxml.DomainDiskSourceNetwork{
			Protocol: "nbd", Name: NBDExport, Hosts: []libvirtxml.DomainDiskSourceHost{{Transport: "unix", Socket: d.NBD}},
		}}
	case d.VhostUser != "":
		x.Source = &libvirtxml.DomainDiskSource{VHostUser: &libvirtxml.DomainDiskSourceVHostUser{
			UNIX: &libvirtxml.DomainChardevSourceUNIX{Path: d.VhostUser},
		}}
	case d.File != "":
		x.Source = &libvirtxml.DomainDiskSource{File: &libvirtxml.DomainDiskSourceFile{File: d.File}}
	}
	if len(d.Backing) > 0 {
		x.BackingStore = backing(d.Backing)
	}
	if d.Optional {
		x.Source.StartupPolicy = "optional"
	}
	if d.Encrypted {
		x.Source.Encryption = &libvirtxml.DomainDiskEncryption{Format: "luks", Secrets: []libvirtxml.DomainDiskSecret{
			{Type: "passphrase", UUID: "1c757a75-0000-4000-8000-000000000001"},
		}}
	}
	if d.Pauses {
		x.Driver.ErrorPolicy, x.Driver.RErrorPolicy = "stop", "stop"
	}
	if d.Boot > 0 {
		x.Boot = &libvirtxml.DomainDeviceBoot{Order: d.Boot}
	}
	if d.Device == "cdrom" {
		x.ReadOnly = &libvirtxml.DomainDiskReadOnly{}
	}
	return x
}

// A NIC is one network interface of a domain.
type NIC struct {
	User  bool   // QEMU's own network without a host device; otherwise a tap
	Model string // "rtl8139", "e1000", "virtio", "usb-net"
	MAC   string // identifies it when it is plugged out
	Down  bool   // link state

	Bridge string // the host's bridge to connect it to; empty for none
	Device string // a macvtap device that is there already; empty for none
	Target string // name of the tap to make; empty leaves it to libvirt
}

// XML returns the element that plugs the interface in or out, or changes it.
func (n NIC) XML() (string, error) {
	text, err := n.device().Marshal()
	if err != nil {
		return "", fmt.Errorf("cannot describe interface %s: %w", n.MAC, err)
	}
	return text, nil
}

func (n NIC) device() *libvirtxml.DomainInterface {
	x := &libvirtxml.DomainInterface{
		MAC:    &libvirtxml.DomainInterfaceMAC{Address: n.MAC},
		Source: &libvirtxml.DomainInterfaceSource{Ethernet: &libvirtxml.DomainInterfaceSourceEthernet{}},
		Model:  &libvirtxml.DomainInterfaceModel{Type: n.Model},
	}
	switch {
	case n.Bridge != "":
		x.Source = &libvirtxml.DomainInterfaceSource{Bridge: &libvirtxml.DomainInterfaceSourceBridge{Bridge: n.Bridge}}
	case n.Device != "":
		x.Target = &libvirtxml.DomainInterfaceTarget{Dev: n.Device, Managed: "no"}
	case n.Target != "":
		x.Target = &libvirtxml.DomainInterfaceTarget{Dev: n.Target}
	case n.User:
		x.Source = &libvirtxml.DomainInterfaceSource{User: &libvirtxml.DomainInterfaceSourceUser{}}
	}
	if n.Down {
		x.Link = &libvirtxml.DomainInterfaceLink{State: "down"}
	}
	return x
}

// Slot finds the PCI slot of a disk (by target) or an interface (by MAC) in a
// live definition.
func Slot(definition, device string) (uint, error) {
	var d libvirtxml.Domain
	if err := d.Unmarshal(definition); err != nil {
		return 0, fmt.Errorf("cannot read the definition: %w", err)
	}
	if d.Devices == nil {
		return 0, fmt.Errorf("device %q is not in the definition", device)
	}
	for _, x := range d.Devices.Disks {
		if x.Target != nil && x.Target.Dev == device {
			return pciSlot(device, x.Address)
		}
	}
	for _, x := range d.Devices.Interfaces {
		if x.MAC != nil && x.MAC.Address == device {
			return pciSlot(device, x.Address)
		}
	}
	return 0, fmt.Errorf("device %q is not in the definition", device)
}

func pciSlot(device string, a *libvirtxml.DomainAddress) (uint, error) {
	if a == nil || a.PCI == nil || a.PCI.Slot == nil {
		return 0, fmt.Errorf("device %q has no PCI address", device)
	}
	return *a.PCI.Slot, nil
}
