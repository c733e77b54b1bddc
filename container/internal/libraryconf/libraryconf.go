// SPDX-License-Identifier: GPL-2.0-or-later

// Package libraryconf hides the user's settings from podman's library while the
// program starts.
//
// The library reads them in an init function and ends the program if it cannot, even
// if the command needs no podman. It also has its own idea of what is valid, which
// may be older than the installed podman. What lcitool needs of the settings it
// reads itself. Packages are initialized in the order of their import paths as soon
// as their own imports are, so this package must import no more than it does: then
// it comes before the library, whose imports sort after it.
package libraryconf

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

// A variable is one of the environment, and what it was.
type variable struct {
	name, value string
	set         bool
}

var hidden = hide() //nolint:gochecknoglobals // there is one environment, and init functions take no arguments

func hide() []variable {
	hidden := []variable{
		replace("CONTAINERS_CONF", os.DevNull),
		replace("CONTAINERS_CONF_OVERRIDE", ""),
		replace("CONTAINERS_STORAGE_CONF", os.DevNull),
		replace("STORAGE_DRIVER", "overlay"), // it warns of a file without one
	}
	if os.Getenv("HOME") == "" && !hasAccount(os.Getuid()) {
		hidden = append(hidden, replace("HOME", "/"))
	}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" && !isOurs(dir) { // su leaves that of the caller
		hidden = append(hidden, replace("XDG_RUNTIME_DIR", ""))
	}
	return hidden
}

func isOurs(dir string) bool {
	info, err := os.Stat(dir)
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Getuid()
}

// replace sets a variable, or removes it for the value "".
func replace(name, value string) variable {
	v := variable{name: name}
	v.value, v.set = os.LookupEnv(name)
	if value == "" {
		_ = os.Unsetenv(name)
	} else {
		_ = os.Setenv(name, value)
	}
	return v
}

// hasAccount reports whether a home directory can be looked up. Package os/user would
// make this package come too late.
func hasAccount(uid int) bool {
	accounts, _ := os.ReadFile("/etc/passwd")
	for line := range strings.Lines(string(accounts)) {
		if fields := strings.Split(line, ":"); len(fields) > 2 && fields[2] == strconv.Itoa(uid) {
			return true
		}
	}
	return false
}

// Restore sets the environment to what it was. The caller must import the library.
func Restore() {
	for _, v := range hidden {
		if v.set {
			_ = os.Setenv(v.name, v.value)
		} else {
			_ = os.Unsetenv(v.name)
		}
	}
	hidden = nil
}
