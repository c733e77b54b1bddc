// SPDX-License-Identifier: GPL-2.0-or-later

//go:build !linux

package container

// unmountBelow does nothing, because builds mount file systems only on Linux.
func unmountBelow(string) error { return nil }
