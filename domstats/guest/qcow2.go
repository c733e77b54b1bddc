// SPDX-License-Identifier: GPL-2.0-or-later

package guest

import "encoding/binary"

// QCOW2 returns an empty qcow2 image of size bytes (at most 512 MiB) whose
// reads fall through to backing, a file of format backingFormat; an empty
// backing reads as zeros. It saves needing qemu-img.
func QCOW2(size uint64, backing, backingFormat string) []byte {
	const (
		clusterBits = 16
		cluster     = 1 << clusterBits
		headerEnd   = 72 // version 2
	)
	// Clusters: 0 header, 1 refcount table, 2 refcount block, 3 first-level table.
	img := make([]byte, 4*cluster)
	be := binary.BigEndian
	copy(img, "QFI\xfb")
	be.PutUint32(img[4:], 2)
	be.PutUint32(img[20:], clusterBits)
	be.PutUint64(img[24:], size)
	const below = cluster / 8 * cluster                          // bytes of an entry of the first-level table
	be.PutUint32(img[36:], uint32(max(1, (size+below-1)/below))) // its entries
	be.PutUint64(img[40:], 3*cluster)
	be.PutUint64(img[48:], 1*cluster)
	be.PutUint32(img[56:], 1) // clusters of the refcount table
	if backing != "" {
		const backingFormatExtension = 0xe2792aca
		be.PutUint32(img[headerEnd:], backingFormatExtension)
		be.PutUint32(img[headerEnd+4:], uint32(len(backingFormat)))
		name := headerEnd + 8 + copy(img[headerEnd+8:], backingFormat)
		name = (name+7)&^7 + 8 // padding, then the empty extension that ends the list
		be.PutUint64(img[8:], uint64(name))
		be.PutUint32(img[16:], uint32(copy(img[name:], backing)))
	}
	be.PutUint64(img[cluster:], 2*cluster)
	for i := range 4 {
		be.PutUint16(img[2*cluster+2*i:], 1)
	}
	return img
}
