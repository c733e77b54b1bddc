// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"path"
	"strings"
)

const (
	maxIndex      = 32 << 20  // bytes of the index of a job's repository
	maxIndexName  = 4096      // bytes of a name in it, as in Linux
	maxIndexNames = 128 << 20 // bytes of all names together
	maxHead       = 4 << 10   // bytes of HEAD
)

// indexed returns the files in the index of the job's repository, none if it has no
// index yet. ok is false if there is no repository, or if this cannot read it.
func indexed(ctx context.Context, j *Job, c Container) (names map[string]bool, ok bool) {
	text, err := readFile(ctx, c, path.Join(j.dir, ".git/index"), maxIndex)
	if errors.Is(err, fs.ErrNotExist) {
		_, err = readFile(ctx, c, path.Join(j.dir, ".git/HEAD"), maxHead)
		return map[string]bool{}, err == nil
	}
	if err != nil {
		return nil, false
	}
	data := []byte(text)
	for _, hash := range []int{20, 32} { // bytes of SHA-1 and SHA-256
		if names, ok = parseIndex(data, hash); ok {
			return names, true
		}
	}
	return nil, false
}

// parseIndex returns the names in an index of git, whose format is described in
// gitformat-index(5). hash is the number of bytes of a hash.
func parseIndex(data []byte, hash int) (names map[string]bool, ok bool) {
	const header, stat, extended = 12, 40, 0x4000
	if len(data) < header || string(data[:4]) != "DIRC" {
		return nil, false
	}
	version, count := binary.BigEndian.Uint32(data[4:]), binary.BigEndian.Uint32(data[8:])
	if version < 2 || version > 4 {
		return nil, false
	}
	data, names = data[header:], map[string]bool{}
	last, total := "", 0
	for range count {
		at := stat + hash + 2
		if len(data) < at {
			return nil, false
		}
		flags := binary.BigEndian.Uint16(data[at-2:])
		if flags&extended != 0 {
			at += 2
		}
		name, size, ok := indexName(data, at, last, version == 4)
		if known := int(flags & 0xfff); !ok || name < last || min(len(name), 0xfff) != known {
			return nil, false
		}
		// In version 4, a few bytes can stand for a long name.
		if total += len(name); len(name) > maxIndexName || total > maxIndexNames {
			return nil, false
		}
		names[strings.TrimSuffix(name, "/")] = true
		last, data = name, data[size:]
	}
	return names, !bytes.HasPrefix(data, []byte("link")) // other entries would be in another file
}

// indexName returns the name in an entry of an index, and the size of the entry.
// In version 4, the name begins with a part of the last one.
func indexName(data []byte, at int, last string, compressed bool) (name string, size int, ok bool) {
	prefix := ""
	if compressed {
		cut, n := varint(data[min(at, len(data)):])
		if n == 0 || cut > len(last) {
			return "", 0, false
		}
		prefix, at = last[:len(last)-cut], at+n
	}
	if at > len(data) {
		return "", 0, false
	}
	end := bytes.IndexByte(data[at:], 0)
	if end < 0 {
		return "", 0, false
	}
	name, size = prefix+string(data[at:at+end]), at+end+1
	if !compressed {
		size = (at + end + 8) &^ 7 // one to eight bytes of zero
	}
	return name, size, name != "" && size <= len(data)
}

// varint returns a number as in git's packs, and the number of its bytes, 0 if
// there is none.
func varint(data []byte) (value, n int) {
	for n < min(len(data), 4) {
		b := data[n]
		if n > 0 {
			value++
		}
		value, n = value<<7|int(b&0x7f), n+1
		if b&0x80 == 0 {
			return value, n
		}
	}
	return 0, 0
}
