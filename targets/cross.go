// SPDX-License-Identifier: GPL-2.0-or-later

package targets

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A CrossError says why a release cannot build for an architecture.
type CrossError struct {
	Target  string
	Message string
}

func (e *CrossError) Error() string { return e.Message }

func (t Target) checkCross() error {
	refuse := func(format string, args ...any) error {
		return &CrossError{Target: t.Name, Message: fmt.Sprintf(format, args...)}
	}
	limit := t.CrossLimit
	if limit == nil {
		return refuse("Cannot cross compile on %s", t.OS.Name)
	}
	system := "linux"
	if t.Cross.IsWindows() {
		system = "windows"
	}
	if !slices.Contains(limit.Systems, system) {
		return refuse("Cannot cross compile for %s on %s", t.Cross, t.OS.Name)
	}
	release, ok := t.releaseNumber()
	if !ok {
		return nil
	}
	if since := limit.Since[t.Cross]; release < since {
		return refuse("Cross compiling for %s is not supported on %s < %d", t.Cross, t.OS.Name, since)
	}
	if until, ok := limit.Until[t.Cross]; ok && release > until {
		return refuse("Cross compiling for %s is not supported on %s > %d", t.Cross, t.OS.Name, until)
	}
	return nil
}

// releaseNumber returns the part of the version before the first dot. ok is
// false for releases without a numeric version (sid, rawhide).
func (t Target) releaseNumber() (number int, ok bool) {
	major, _, _ := strings.Cut(t.OS.Version, ".")
	v, err := strconv.Atoi(major)
	return v, err == nil
}
