// SPDX-License-Identifier: GPL-2.0-or-later

// Package userdirs names the user's directories for lcitool, as the XDG base
// directory specification has them.
//
// A variable that is empty counts as unset, one that holds a relative path is
// ignored. Nothing here creates a directory; what writes into one does.
package userdirs

import "path/filepath"

// Config is where the user's settings are looked for, "" when there is no such
// place.
func Config(getenv func(string) string) string { return dir(getenv, "XDG_CONFIG_HOME", ".config") }

// Cache is for what can be fetched again, "" when there is no such place.
func Cache(getenv func(string) string) string { return dir(getenv, "XDG_CACHE_HOME", ".cache") }

// State is for what runs leave for later ones, "" when there is no such place.
func State(getenv func(string) string) string {
	return dir(getenv, "XDG_STATE_HOME", filepath.Join(".local", "state"))
}

// dir is our directory below the one that a variable names, or else below the
// one at its usual place in the user's home.
func dir(getenv func(string) string, variable, usual string) string {
	if dir := getenv(variable); filepath.IsAbs(dir) {
		return filepath.Join(dir, "lcitool")
	}
	if home := getenv("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, usual, "lcitool")
	}
	return ""
}
