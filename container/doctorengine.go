// SPDX-License-Identifier: GPL-2.0-or-later

package container

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/containers/podman/v4/pkg/bindings"

	"gitlab.com/lcitool/lcitool/container/internal/podman"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// An engineInfo is what podman info says of the programs that it calls.
type engineInfo struct {
	Host struct {
		OCIRuntime struct {
			Name string
		}
		NetworkBackend     string
		NetworkBackendInfo struct {
			Version string
		}
		RootlessNetworkCmd string // since podman 5
	}
	Version struct {
		Version string
	}
}

// ask fills in what the engine says. If it does not answer the checks go by
// what is installed.
func (m *machine) ask(ctx context.Context, e *Engine) {
	c, err := e.service.Conn(ctx)
	if err != nil {
		return
	}
	defer podman.CloseIdle(c)
	client, err := bindings.GetClient(c)
	if err != nil {
		return
	}
	response, err := client.DoRequest(c, nil, http.MethodGet, "/info", nil, nil)
	if err != nil {
		return
	}
	defer response.Body.Close()
	_ = response.Process(&m.says)
	if name := m.says.Host.OCIRuntime.Name; name != "" {
		m.conf = name
	}
}

// firewall is the program that sets up bridge networks, "" if that is not known.
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
	return "" // built either way
}

// rootlessNetwork is the program that connects containers of ordinary users,
// "" if that is not known.
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

// kvmByGroup reports whether it takes a group to open the device.
func (m machine) kvmByGroup() bool {
	info, err := fs.Stat(m.root, "dev/kvm")
	if err != nil {
		return false
	}
	const others = 0o006
	return info.Mode().Perm()&others != others && safefs.UID(info) != m.uid
}
