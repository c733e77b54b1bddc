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
	dir := t.TempDir()
	project := filepath.Join(dir, "project")
	if err := os.MkdirAll(filepath.Join(project, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Join(project, "sub"))
	const (
		start = `{"name":"debian-13","initializeCommand":["lcitool",`
		end   = `],"image":"localhost/lcitool.debian-13","init":true}`
		build = `"container","build","--target","debian-13","--projects",`
	)
	for _, test := range []struct {
		cross, pattern string
		dirs           Dirs
		want           string
	}{
		{"", "libvirt", Dirs{Base: "."}, start + build + `"libvirt"` + end},
		{"s390x", "libvirt", Dirs{Base: ".", Data: "ci/lcitool"}, `{"name":"debian-13-cross-s390x","initializeCommand":["lcitool","--data-dir","ci/lcitool",` + build +
			`"libvirt","--cross-arch","s390x"],"image":"localhost/lcitool.debian-13-cross-s390x","init":true}`},
		// The command runs in the project's directory.
		{"", "libvirt,./p.yml,../q.yml", Dirs{Base: "..", Data: "../data", Facts: "facts"}, start + `"--data-dir","data","--facts-dir","sub/facts",` + build + `"libvirt,sub/p.yml,./q.yml"` + end},
		// What is not below it has only one name.
		{"", "../p.yml", Dirs{Base: ".", Data: "../data", Facts: dir + "/facts"}, start + `"--data-dir","` + project + `/data","--facts-dir","` + dir + `/facts",` + build + `"` + project + `/p.yml"` + end},
	} {
		target := targets.Target{Release: targets.Release{Name: "debian-13"}, Cross: targets.Arch(test.cross)}
		if got := text(t, Built(target, test.pattern, test.dirs)); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}
