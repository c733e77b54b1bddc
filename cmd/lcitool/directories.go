// SPDX-License-Identifier: GPL-2.0-or-later

package main

import "path/filepath"

// The user's directories, as the XDG base directory specification has them: a
// variable that is empty counts as unset, one that holds a relative path is
// ignored. Nothing here creates a directory; what writes into one does.

// configDir is where the user's settings are looked for, "" when there is no
// such place.
func (a *app) configDir() string { return a.userDir("XDG_CONFIG_HOME", ".config") }

// cacheDir is for what can be fetched again, "" when there is no such place.
func (a *app) cacheDir() string { return a.userDir("XDG_CACHE_HOME", ".cache") }

// stateDir is for what runs leave for later ones, "" when there is no such
// place.
func (a *app) stateDir() string { return a.userDir("XDG_STATE_HOME", filepath.Join(".local", "state")) }

// userDir is our directory below the one that a variable names, or else below
// the one at its usual place in the user's home.
func (a *app) userDir(variable, usual string) string {
	if dir := a.getenv(variable); filepath.IsAbs(dir) {
		return filepath.Join(dir, "lcitool")
	}
	if home := a.getenv("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, usual, "lcitool")
	}
	return ""
}
