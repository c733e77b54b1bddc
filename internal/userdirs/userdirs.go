// SPDX-License-Identifier: GPL-2.0-or-later

// Package userdirs returns lcitool's directories for the user, by the XDG Base
// Directory Specification.
//
// An empty variable counts as unset, and one with a relative path is ignored.
// The package creates no directories.
package userdirs

import (
	"os"
	"os/user"
	"path/filepath"
	"strconv"

	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// Config returns the directory of the user's settings, or "".
func Config(getenv func(string) string) string {
	return dir(getenv, getenv("HOME"), "XDG_CONFIG_HOME", ".config")
}

// Cache returns the directory for data that can be fetched again, or "".
func Cache(getenv func(string) string) string {
	return written(getenv, "XDG_CACHE_HOME", ".cache")
}

// State returns the directory for data that runs leave for later ones, or "".
func State(getenv func(string) string) string {
	return written(getenv, "XDG_STATE_HOME", filepath.Join(".local", "state"))
}

// written returns a directory that lcitool creates. If sudo has left the caller's home
// to root, it is below root's own, since the caller could not use files of root.
func written(getenv func(string) string, variable, usual string) string {
	home := getenv("HOME")
	at := dir(getenv, home, variable, usual)
	caller, err := strconv.Atoi(getenv("SUDO_UID"))
	if err != nil || caller == 0 || os.Geteuid() != 0 || owner(at) != caller {
		return at
	}
	if root, err := user.LookupId("0"); err == nil && filepath.IsAbs(root.HomeDir) {
		home = root.HomeDir
	}
	return dir(func(string) string { return "" }, home, variable, usual)
}

// owner returns the owner of a directory, or of the one in which it would be made, or
// -1.
func owner(dir string) int {
	for ; filepath.IsAbs(dir); dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err == nil {
			return safefs.UID(info)
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	return -1
}

// dir returns lcitool's directory below the one that a variable names, or else
// below the default in a home.
func dir(getenv func(string) string, home, variable, usual string) string {
	if dir := getenv(variable); filepath.IsAbs(dir) {
		return filepath.Join(dir, "lcitool")
	}
	if filepath.IsAbs(home) {
		return filepath.Join(home, usual, "lcitool")
	}
	return ""
}
