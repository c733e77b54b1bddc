// SPDX-License-Identifier: GPL-2.0-or-later

package doctor

import (
	"fmt"
	"strings"

	"gitlab.com/lcitool/lcitool/container/internal/buildrisk"
)

// An escape is a known vulnerability that permits leaving a container.
type escape struct {
	runtime, name string
	fixed         []string // the first and all later ones are safe, the others are fixes on older branches
}

// escapes returns vulnerabilities that a container can use without help, from
// the advisories of November 2025.
func escapes() []escape {
	return []escape{
		{"runc", "CVE-2024-21626", []string{"1.1.12"}},
		{"runc", "CVE-2025-31133", []string{"1.4.0-rc.3", "1.3.3", "1.2.8"}},
		{"runc", "CVE-2025-52565", []string{"1.4.0-rc.3", "1.3.3", "1.2.8"}},
		{"runc", "CVE-2025-52881", []string{"1.4.0-rc.3", "1.3.3", "1.2.8"}},
	}
}

// runtimeCheck reports the known vulnerabilities of the engine's runtime.
func (i engineInfo) runtimeCheck() Check {
	const name = "runtime"
	runtime := i.Host.OCIRuntime
	if runtime.Name == "" {
		return Check{name, Warn, "unknown", "no service could be asked"}
	}
	line, _, _ := strings.Cut(runtime.Version, "\n")
	version := strings.TrimPrefix(strings.TrimSpace(line), runtime.Name+" version ")
	found := strings.TrimSpace(runtime.Name + " " + version)
	var open []string
	for _, e := range escapes() {
		// An unknown version counts as new, because users ignore a warning that is
		// always shown.
		if lacks, _ := buildrisk.Lacks(version, e.fixed); lacks && e.runtime == runtime.Name {
			open = append(open, e.name)
		}
	}
	if len(open) == 0 {
		return Check{name, OK, found, ""}
	}
	hint := "install a newer " + runtime.Name
	if runtime.Package != "" && !strings.HasPrefix(runtime.Package, "Unknown") {
		hint += fmt.Sprintf("; distributions fix this without a new version: see the changes of %s", runtime.Package)
	}
	return Check{name, Warn, found + " lets containers out: " + strings.Join(open, ", "), hint}
}

// selinux reports how SELinux labels are used.
func (i engineInfo) selinux() Check {
	if i.Host.Security.SELinuxEnabled {
		return Check{"SELinux", OK, "enabled: only lcitool's own files are relabelled", ""}
	}
	return Check{"SELinux", OK, "not enabled", ""}
}
