// SPDX-License-Identifier: GPL-2.0-or-later

// Package userdirs returns lcitool's directories for the user, by the XDG Base
// Directory Specification.
//
// An empty variable counts as unset, and one with a relative path is ignored.
// The package creates no directories.
package userdirs

import "path/filepath"

// Config returns the directory of the user's settings, or "".
func Config(getenv func(string) string) string { return dir(getenv, "XDG_CONFIG_HOME", ".config") }

// Cache returns the directory for data that can be fetched again, or "".
func Cache(getenv func(string) string) string { return dir(getenv, "XDG_CACHE_HOME", ".cache") }

// State returns the directory for data that runs leave for later ones, or "".
func State(getenv func(string) string) string {
	return dir(getenv, "XDG_STATE_HOME", filepath.Join(".local", "state"))
}

// dir returns lcitool's directory below the one that a variable names, or else
// below the default in the user's home.
func dir(getenv func(string) string, variable, usual string) string {
	if dir := getenv(variable); filepath.IsAbs(dir) {
		return filepath.Join(dir, "lcitool")
	}
	if home := getenv("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, usual, "lcitool")
	}
	return ""
}
