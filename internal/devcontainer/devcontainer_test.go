// SPDX-License-Identifier: GPL-2.0-or-later

package devcontainer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/targets"
)

func text(t *testing.T, f *File) string {
	t.Helper()
	data, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestCommitted(t *testing.T) {
	dir := t.TempDir()
	target := targets.Target{Release: targets.Release{Name: "debian-13"}, Cross: "s390x"}
	_, err := Committed(target, dir, "ci")
	if err == nil || !strings.Contains(err.Error(), "the project has no ci/containers/debian-13-cross-s390x.Dockerfile") {
		t.Errorf("no Dockerfile: %v", err)
	}
	file := filepath.Join(dir, "ci", "containers", "debian-13-cross-s390x.Dockerfile")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := Committed(target, dir, "ci")
	if err != nil {
		t.Fatal(err)
	}
	want := `{"name":"debian-13-cross-s390x","build":{"dockerfile":"../ci/containers/debian-13-cross-s390x.Dockerfile","context":"../ci/containers"},"init":true}`
	if got := text(t, f); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestBuilt(t *testing.T) {
	for _, test := range []struct {
		cross, data, want string
	}{
		{"", "", `{"name":"debian-13","initializeCommand":["lcitool","container","build","--target","debian-13","--projects","libvirt"],"image":"localhost/lcitool.debian-13","init":true}`},
		{"s390x", "ci/lcitool", `{"name":"debian-13-cross-s390x","initializeCommand":["lcitool","--data-dir","ci/lcitool","container","build","--target","debian-13","--projects","libvirt",` +
			`"--cross-arch","s390x"],"image":"localhost/lcitool.debian-13-cross-s390x","init":true}`},
	} {
		target := targets.Target{Release: targets.Release{Name: "debian-13"}, Cross: targets.Arch(test.cross)}
		if got := text(t, Built(target, "libvirt", test.data)); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}
