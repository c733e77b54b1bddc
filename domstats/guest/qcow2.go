// SPDX-License-Identifier: GPL-2.0-or-later

package guest

import "encoding/binary"

const (
	clusterBits = 16
	cluster     = 1 << clusterBits
	counted     = cluster / 2 // clusters that a refcount block counts
)

// QCOW2 returns an empty qcow2 image of size bytes (at most 512 MiB) whose
// reads fall through to backing, a file of format backingFormat; an empty
// backing reads as zeros. It saves needing qemu-img.
func QCOW2(size uint64, backing, backingFormat string) []byte {
	const headerEnd = 72 // version 2
	img := qcow2(size, 0)
	be := binary.BigEndian
	if backing != "" {
		const backingFormatExtension = 0xe2792aca
		be.PutUint32(img[headerEnd:], backingFormatExtension)
		be.PutUint32(img[headerEnd+4:], uint32(len(backingFormat)))
		name := headerEnd + 8 + copy(img[headerEnd+8:], backingFormat)
		name = (name+7)&^7 + 8 // padding, then the empty extension that ends the list
		be.PutUint64(img[8:], uint64(name))
		be.PutUint32(img[16:], uint32(copy(img[name:], backing)))
	}
	return img
}

// TakenQCOW2 is an empty image in which the first bytes of the file are taken: what is
// written goes after them, while the file is short.
func TakenQCOW2(size, taken uint64) []byte { return qcow2(size, taken) }

func qcow2(size, taken uint64) []byte {
	clusters := taken / cluster
	blocks := max(1, (clusters+counted-1)/counted)
	// Clusters: header, refcount table, refcount blocks, first-level table.
	used := 3 + blocks
	img := make([]byte, used*cluster)
	be := binary.BigEndian
	copy(img, "QFI\xfb")
	be.PutUint32(img[4:], 2)
	be.PutUint32(img[20:], clusterBits)
	be.PutUint64(img[24:], size)
	const below = cluster / 8 * cluster                          // bytes of an entry of the first-level table
	be.PutUint32(img[36:], uint32(max(1, (size+below-1)/below))) // its entries
	be.PutUint64(img[40:], (2+blocks)*cluster)
	be.PutUint64(img[48:], 1*cluster)
	be.PutUint32(img[56:], 1) // clusters of the refcount table
	for i := range blocks {
		be.PutUint64(img[cluster+8*i:], (2+i)*cluster)
	}
	for i := range max(used, clusters) {
		be.PutUint16(img[2*cluster+2*i:], 1)
	}
	return img
}

// TakenBy gives how many bytes of a file an image from here says are taken.
func TakenBy(img []byte) uint64 {
	n := uint64(0)
	for at := 2 * cluster; at+2 <= len(img)-cluster && binary.BigEndian.Uint16(img[at:]) > 0; at += 2 {
		n++
	}
	return n * cluster
}
