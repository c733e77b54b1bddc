// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package ci

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// otherSystem writes a root file system to $1: busybox as in Alpine, and a podman, a sudo
// and package managers that only log their calls.
const otherSystem = `set -e
mkdir -p "$1"/bin "$1"/etc "$1"/tmp "$1"/src "$1"/log "$1"/stand-in
chmod 1777 "$1"/tmp "$1"/log
cp "$(command -v busybox)" "$1"/bin/busybox
ln -s busybox "$1"/bin/busybox.static
for applet in $("$1"/bin/busybox --list | grep -vx busybox); do ln -sf busybox "$1"/bin/"$applet"; done
for manager in dnf zypper apk; do
	printf '#!/bin/sh\necho "${0##*/} $*" >>/log/packages\ncp /stand-in/podman /bin/podman\n' >"$1"/bin/$manager
done
printf '#!/bin/sh\necho "sudo $*" >>/log/packages\n' >"$1"/bin/sudo
printf '#!/bin/sh\nif [ "$1" = run ]; then echo a container runs; else echo podman version 5.7.1; fi\n' >"$1"/stand-in/podman
chmod +x "$1"/bin/dnf "$1"/bin/zypper "$1"/bin/apk "$1"/bin/sudo "$1"/stand-in/podman
`

// eachSystem runs host-setup on each system in /systems, and again where it succeeded.
const eachSystem = `
for system in /systems/*; do
	rm -rf /bin/podman /etc/containers /log/packages
	cp $system/os-release /etc/os-release
	{ /src/ci/host-setup $(cat $system/purpose) && echo again && /src/ci/host-setup; } >$system/out 2>&1 || echo failed >>$system/out
	grep -rs ^runtime /etc/containers >>$system/out || true
	[ ! -e /log/packages ] || cat /log/packages >$system/packages
done
`

// onOtherSystems runs a script in a container with only cgroups v2 and returns the
// container's root.
func onOtherSystems(t *testing.T, user, script string, systems map[string][2]string) string {
	t.Helper()
	root, cgroups := filepath.Join(t.TempDir(), "root"), t.TempDir()
	run(t, ".", nil, "sh", "-c", otherSystem, "sh", root)
	write := func(text string, names ...string) {
		name := filepath.Join(names...)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil { //nolint:gosec // read in a container
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil { //nolint:gosec // as above
			t.Fatal(err)
		}
	}
	write("cpu memory pids\n", cgroups, "cgroup.controllers")
	write("ID=alpine\n", root, "etc", "os-release")
	for name, system := range systems {
		write(system[0]+"\n", root, "systems", name, "os-release")
		write(system[1]+"\n", root, "systems", name, "purpose")
	}
	scripts, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	run(t, ".", ownStorage(t, t.TempDir()), "podman", "run", "--rm", "--network", "none", "--user", user, "--volume", scripts+":/src/ci:ro",
		"--volume", cgroups+":/sys/fs/cgroup:ro", "--rootfs", root, "/bin/sh", "-c", script)
	return root
}

// said reads a log of the scripts, "" if there is none.
func said(t *testing.T, names ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(names...))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(data)
}

// TestHostSetupWithoutApt runs host-setup with other package managers. They must install
// what ci/hostenv names for the nearest target; none is called where these names may be
// wrong.
func TestHostSetupWithoutApt(t *testing.T) {
	installed := map[string][2]string{ // the package manager's call, the target
		"fedora":      {"dnf --quiet --assumeyes install", "fedora-44"},
		"ultramarine": {"dnf --quiet --assumeyes install", "fedora-44"},
		"rocky":       {"dnf --quiet --assumeyes install", "almalinux-10"},
		"oracle":      {"dnf --quiet --assumeyes install", "almalinux-10"},
		"leap":        {"zypper --quiet --non-interactive install --no-recommends", "opensuse-tumbleweed"},
		"alpine":      {"apk add --quiet", "alpine-323"},
	}
	refused := map[string]string{"arch": "knows apt, dnf, zypper and apk", "tests": `what "test" needs`}
	root := onOtherSystems(t, "0", eachSystem, map[string][2]string{
		"fedora":      {`ID=fedora`, "run"},
		"ultramarine": {"ID=ultramarine\nID_LIKE=fedora", "run"},
		"rocky":       {"ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"", "run"},
		"oracle":      {"ID=\"ol\"\nID_LIKE=\"fedora\"", "run"},
		"leap":        {"ID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"", "run"},
		"alpine":      {`ID=alpine`, "run"},
		"arch":        {`ID=arch`, "run"},
		"tests":       {`ID=fedora`, "test"},
	})
	for name, want := range installed {
		packages := regexp.MustCompile(`(?m)^PKGS='(.* podman .*)'$`).FindStringSubmatch(said(t, "hostenv", want[1]+".vars"))
		if packages == nil {
			t.Fatalf("%s has no podman", want[1])
		}
		if got, want := said(t, root, "systems", name, "packages"), want[0]+" "+packages[1]+"\n"; got != want {
			t.Errorf("%s was asked for %q, not %q", name, got, want)
		}
		out := said(t, root, "systems", name, "out")
		first, again, _ := strings.Cut(out, "\nagain\n")
		for _, part := range []string{"this was not tested", "podman's own settings do", ": a container runs"} {
			if !strings.Contains(first, part) {
				t.Errorf("%s: %q is not in\n%s", name, part, out)
			}
		}
		if !strings.Contains(again, "podman is there") || strings.Contains(again, "runtime =") || strings.Contains(again, "failed") {
			t.Errorf("%s, second run:\n%s", name, out)
		}
	}
	for name, want := range refused {
		out := said(t, root, "systems", name, "out")
		if !strings.Contains(out, want) || !strings.HasSuffix(out, "failed\n") || said(t, root, "systems", name, "packages") != "" {
			t.Errorf("%s is not refused:\n%s", name, out)
		}
	}
}

// TestHostSetupWithoutAptAsksForRoot: an ordinary user's calls use sudo.
func TestHostSetupWithoutAptAsksForRoot(t *testing.T) {
	root := onOtherSystems(t, "1000", `/src/ci/host-setup >/tmp/out`, nil)
	if got := said(t, root, "log", "packages"); got != "sudo -- /src/ci/host-setup run\n" {
		t.Errorf("%q\n%s", got, said(t, root, "tmp", "out"))
	}
}
