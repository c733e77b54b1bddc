// SPDX-License-Identifier: GPL-2.0-or-later

package targets

import (
	"fmt"
	"strconv"
	"strings"
)

// A CrossError says why a release cannot build for an architecture.
type CrossError struct {
	Target  string
	Message string
}

func (e *CrossError) Error() string { return e.Message }

// A crossRule names architectures that releases of a distribution can or
// cannot build for.
type crossRule struct {
	os      string
	refused func(Arch) bool
	since   int    // first release that can; 0 means any
	until   int    // last release that can; 0 means any
	limit   string // how the message says it, "" when no release can
}

// crossRules are those of the original; the first that fails decides. Only
// what is refused on some release is listed: what Debian never could build
// for has no name there.
var crossRules = []crossRule{ //nolint:gochecknoglobals // a table that nothing writes to
	{os: "Debian", refused: Arch.IsWindows},
	{os: "Fedora", refused: func(a Arch) bool { return !a.IsWindows() }},
	{os: "Debian", refused: func(a Arch) bool { return a == "riscv64" }, since: 13, limit: "< 13"},
	{os: "Debian", refused: func(a Arch) bool { return a == "mipsel" || a == "mips64el" }, until: 12, limit: "> 12"},
}

func (t Target) checkCross() error {
	refuse := func(format string, args ...any) error {
		return &CrossError{Target: t.Name, Message: fmt.Sprintf(format, args...)}
	}
	known := false
	for _, rule := range crossRules {
		known = known || rule.os == t.OS.Name
	}
	if !known {
		return refuse("Cannot cross compile on %s", t.OS.Name)
	}
	for _, rule := range crossRules {
		if rule.os != t.OS.Name || !rule.refused(t.Cross) {
			continue
		}
		if rule.limit == "" {
			return refuse("Cannot cross compile for %s on %s", t.Cross, t.OS.Name)
		}
		if v, ok := t.releaseNumber(); ok && (v < rule.since || rule.until != 0 && v > rule.until) {
			return refuse("Cross compiling for %s is not supported on %s %s", t.Cross, t.OS.Name, rule.limit)
		}
	}
	return nil
}

// releaseNumber is the version's part before the first dot; a release with a
// word for a version has none, and the limits do not hold for it.
func (t Target) releaseNumber() (int, bool) {
	major, _, _ := strings.Cut(t.OS.Version, ".")
	v, err := strconv.Atoi(major)
	return v, err == nil
}
