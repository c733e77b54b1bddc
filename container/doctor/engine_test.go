// SPDX-License-Identifier: GPL-2.0-or-later

package doctor

import (
	"testing"

	"gitlab.com/lcitool/lcitool/container/internal/explain"
)

func saying(podman, netavark, rootless string) engineInfo {
	var i engineInfo
	i.Version.Version, i.Host.RootlessNetworkCmd = podman, rootless
	if netavark != "" {
		i.Host.NetworkBackend, i.Host.NetworkBackendInfo.Version = "netavark", "netavark "+netavark
	}
	return i
}

func TestHelpersByVersion(t *testing.T) {
	bookworm, noble := saying("4.3.1", "1.4.0", ""), saying("4.9.3", "1.4.0", "")
	trixie, sid := saying("5.4.2", "1.14.0", "pasta"), saying("5.8.6", "1.17.1", "pasta")
	chosen := saying("5.4.2", "1.14.0", "slirp4netns")
	for _, c := range []struct {
		name    string
		says    engineInfo
		lacking []string
		state   State
		hint    string
	}{
		{"12", bookworm, []string{"nft", "pasta"}, OK, ""},
		{"12 without iptables", bookworm, []string{"iptables"}, Fail, "install iptables"},
		{"24.04 without slirp4netns", noble, []string{"slirp4netns"}, Fail, "install slirp4netns"},
		{"13", trixie, []string{"iptables", "slirp4netns"}, OK, ""},
		{"13 without nft", trixie, []string{"nft"}, Fail, explain.HintNft},
		{"13 without pasta", trixie, []string{"pasta"}, Fail, explain.HintPasta},
		{"sid without both", sid, []string{"nft", "pasta"}, Fail, explain.HintNft + "; " + explain.HintPasta},
		{"slirp4netns by choice", chosen, []string{"pasta"}, OK, ""},
		{"not asked", engineInfo{}, []string{"nft", "pasta"}, OK, ""},
	} {
		m := good()
		m.lookPath, m.info = lacking(c.lacking...), c.says
		if got := m.helpers(); got.State != c.state || got.Hint != c.hint {
			t.Errorf("%s: got %+v", c.name, got)
		}
	}
}
