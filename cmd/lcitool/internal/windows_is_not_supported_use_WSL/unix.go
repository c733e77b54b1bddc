// SPDX-License-Identifier: GPL-2.0-or-later

//go:build !windows

// Package unix has no files for Windows, which lcitool does not support: a
// build there ends at this import, and not in the words of many others.
package unix
