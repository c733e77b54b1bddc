// SPDX-License-Identifier: GPL-2.0-or-later

package doctor

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// engineInfo is what podman info reports about the programs that podman calls.
type engineInfo container.Info

// setInfo adds what the engine reports. Otherwise, checks depend on what is
// installed.
func (m *machine) setInfo(i container.Info) {
	m.info = engineInfo(i)
	if i.Host.OCIRuntime.Name != "" {
		m.conf = i.Host.OCIRuntime.Name
	}
}

// firewall returns the program that sets up bridge networks, or "".
func (i engineInfo) firewall() string {
	var major, minor int
	version := i.Host.NetworkBackendInfo.Version
	if _, err := fmt.Sscanf(strings.TrimPrefix(version, "netavark "), "%d.%d", &major, &minor); err != nil || i.Host.NetworkBackend != "netavark" {
		return ""
	}
	switch {
	case major > 1 || minor >= 12:
		return "nft"
	case minor < 10:
		return "iptables"
	}
	return "" // depends on the build
}

// rootlessNetwork returns the program for networks of rootless containers, or
// "".
func (i engineInfo) rootlessNetwork() string {
	if i.Host.RootlessNetworkCmd != "" {
		return i.Host.RootlessNetworkCmd
	}
	var major int
	if _, err := fmt.Sscanf(i.Version.Version, "%d.", &major); err != nil {
		return ""
	}
	if major >= 5 {
		return "pasta"
	}
	return "slirp4netns"
}

func (m machine) runtimeName() string { return filepath.Base(m.conf) }

// kvmByGroup reports whether /dev/kvm is accessible only through a group.
func (m machine) kvmByGroup() bool {
	info, err := fs.Stat(m.root, "dev/kvm")
	if err != nil {
		return false
	}
	const others = 0o006
	return info.Mode().Perm()&others != others && safefs.UID(info) != m.uid
}
