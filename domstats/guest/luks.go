// SPDX-License-Identifier: GPL-2.0-or-later

package guest

import "encoding/binary"

// LUKS is the head of an encrypted image, without keys. What is encrypted begins after so many
// sectors of 512 bytes.
func LUKS(sectors uint32) []byte {
	const length, version, begin = 592, 6, 104
	head := make([]byte, length)
	copy(head, "LUKS\xba\xbe")
	binary.BigEndian.PutUint16(head[version:], 1)
	binary.BigEndian.PutUint32(head[begin:], sectors)
	return head
}
