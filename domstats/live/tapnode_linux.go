// SPDX-License-Identifier: GPL-2.0-or-later

package live

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// markTapNode sees to it that there is a file in the place of a macvtap's node.
func markTapNode(name string) (unmark func(), err error) {
	i, err := net.InterfaceByName(name)
	if err != nil {
		return nil, err
	}
	path := fmt.Sprintf("/dev/tap%d", i.Index)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return func() {}, nil
	}
	if err != nil {
		return nil, err
	}
	return func() {
		// A later device of that number replaces it.
		_ = os.Remove(path)
	}, f.Close()
}

// makeTapNode makes the device node of a macvtap unless it is there already.
func makeTapNode(name string) (node string, err error) {
	found, err := filepath.Glob("/sys/class/net/" + name + "/tap*/dev")
	if err != nil || len(found) != 1 {
		return "", errors.Join(fmt.Errorf("%s has no tap", name), err)
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		return "", err
	}
	path := filepath.Join("/dev", filepath.Base(filepath.Dir(found[0])))
	if canOpen(path) == "" {
		return "", nil
	}
	major, minor, _ := strings.Cut(strings.TrimSpace(string(text)), ":")
	a, err := strconv.ParseUint(major, 10, 32)
	if err != nil {
		return "", err
	}
	b, err := strconv.ParseUint(minor, 10, 32)
	if err != nil {
		return "", err
	}
	// A node of an earlier device may have the same name and another number.
	_ = os.Remove(path)
	if err := unix.Mknod(path, unix.S_IFCHR|0o666, int(unix.Mkdev(uint32(a), uint32(b)))); err != nil {
		return "", fmt.Errorf("cannot make %s: %w", path, err)
	}
	if reason := canOpen(path); reason != "" {
		return "", errors.Join(errors.New(reason), os.Remove(path))
	}
	return path, nil
}
