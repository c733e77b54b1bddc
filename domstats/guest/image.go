// SPDX-License-Identifier: GPL-2.0-or-later

// Package guest provides the scripted guest: a 4 KiB program that does one
// countable thing for each byte it reads from its serial port.
//
// [Image] goes at the start of a boot disk, [ROM] replaces the firmware of a
// KVM guest. [Spec] describes the domain around it, [Port] speaks to it.
package guest

import (
	_ "embed"
	"slices"
)

//go:embed script.bin
var script []byte

const (
	imageSize = 4096
	romSize   = 65536
	// DiskSize is enough for a boot disk: the program, and the sectors that its
	// commands read and write.
	DiskSize = 1 << 20
)

// Image returns the program, 4096 bytes, for offset 0 of a boot disk.
func Image() []byte { return slices.Clone(script) }

// ROM returns the program as 64 KiB that a virtual machine starts from
// without firmware. Of the commands only those work that need no BIOS:
// d D c o s h t and the digits.
func ROM() []byte {
	rom := make([]byte, romSize)
	copy(rom, romEntry())
	copy(rom[0x1000:], script)
	copy(rom[0xfff0:], []byte{0xea, 0x00, 0x00, 0x00, 0xf0}) // far jump to f000:0000
	return rom
}

// romEntry is the assembled start of asm/rom.s: it copies the program to 0x7c00,
// sets its busy byte and enters its command loop at 0x7e00.
func romEntry() []byte {
	return []byte{
		0xfa, 0xfc, // cli, cld
		0xb8, 0x00, 0xf0, 0x8e, 0xd8, // ds = f000
		0x31, 0xc0, 0x8e, 0xc0, 0x8e, 0xd0, // es = ss = 0
		0xbc, 0x00, 0x7c, // sp = 7c00
		0xbe, 0x00, 0x10, 0xbf, 0x00, 0x7c, 0xb9, 0x00, 0x08, 0xf3, 0xa5, // copy 2048 words
		0x31, 0xc0, 0x8e, 0xd8, // ds = 0
		0xc6, 0x06, 0x69, 0x7c, 0x01, // busy = 1
		0xea, 0x00, 0x7e, 0x00, 0x00, // jump to 0000:7e00
	}
}
