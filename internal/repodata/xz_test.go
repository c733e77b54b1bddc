// SPDX-License-Identifier: GPL-2.0-or-later

package repodata

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
)

// xzStored returns text as an xz stream of one block with uncompressed chunks, after "The
// .xz File Format" 1.2. TestRealRPMRepository reads files compressed by xz.
func xzStored(text []byte) []byte {
	padded := func(b []byte) []byte { return append(b, make([]byte, (4-len(b)%4)%4)...) }
	summed := func(b []byte) []byte { return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b)) }
	flags := []byte{0, 1} // the check is CRC32

	header := summed([]byte{2, 0, 0x21, 1, 22, 0, 0, 0}) // LZMA2 with a dictionary of 8 MiB
	block := slices.Clone(header)
	control := byte(1) // the first chunk resets the dictionary
	for chunk := range slices.Chunk(text, 1<<16) {
		block = append(block, control)
		block = binary.BigEndian.AppendUint16(block, uint16(len(chunk)-1))
		block = append(block, chunk...)
		control = 2
	}
	block = append(block, 0)
	unpadded := uint64(len(block) + crc32.Size)
	block = binary.LittleEndian.AppendUint32(padded(block), crc32.ChecksumIEEE(text))

	index := binary.AppendUvarint([]byte{0, 1}, unpadded)
	index = summed(padded(binary.AppendUvarint(index, uint64(len(text)))))

	tail := append(binary.LittleEndian.AppendUint32(nil, uint32(len(index)/4-1)), flags...)
	sum := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(tail))
	return slices.Concat([]byte("\xfd7zXZ\x00"), summed(flags), block, index, sum, tail, []byte("YZ"))
}
