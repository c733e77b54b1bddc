// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration && nightly

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

type patchRoom struct {
	statsRoom
	project string
	tree    string
}

// newPatchRoom unpacks the distribution's sources, fetched with the target's package
// manager.
func newPatchRoom(t *testing.T, project, archive string) patchRoom {
	t.Helper()
	room := newEngineRoom(t)
	p := patchRoom{statsRoom{room, room.path("lcitool")}, project, room.path("source")}
	goBuild(t, "build", "-o", p.program, ".")
	if err := os.Mkdir(p.tree, 0o755); err != nil {
		t.Fatal(err)
	}
	const fetch = `site=$(apt-get indextargets --format '$(SITE)' | head -n 1)
/usr/lib/apt/apt-helper download-file "$site/pool/main/$0" /tmp/archive
python3 -m tarfile --extract /tmp/archive /tmp/source # the images need have no xz
cp --archive /tmp/source/*/. .`
	p.inTree(t, "--user", "root", "--", "sh", "-ec", fetch, archive)
	return p
}

func (p patchRoom) inTree(t *testing.T, args ...string) {
	t.Helper()
	words := []string{"run", "-t", "debian-13", "-p", p.project, "--bootstrap", "--base-dir", p.tree, "--writable", "--mount-at", p.tree}
	if out, err := p.run(t, 4*time.Hour, p.program, append(words, args...)...); err != nil {
		t.Fatalf("%q: %v\n%s", args, err, lastLines(out))
	}
}

func lastLines(out string) string {
	const most = 4000
	return out[max(0, len(out)-most):]
}

// judge runs cases on the built program and returns the output.
func (p patchRoom) judge(t *testing.T, args ...string) (string, error) {
	t.Helper()
	return p.run(t, 2*time.Hour, p.program, append([]string{"stats", "run", "-t", "debian-13", "--bootstrap"}, args...)...)
}

// pass fails the test unless all cases ran and none failed.
func (p patchRoom) pass(t *testing.T, args ...string) {
	t.Helper()
	out, err := p.judge(t, args...)
	if err != nil || !regexp.MustCompile(`[1-9][0-9]* pass, 0 fail`).MatchString(out) {
		t.Errorf("%q: %v\n%s", args, err, lastLines(out))
	}
}

func (p patchRoom) replace(t *testing.T, file, old, now string) {
	t.Helper()
	path := filepath.Join(p.tree, file)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(text), old) != 1 {
		t.Fatalf("%s has %q %d times", file, old, strings.Count(string(text), old))
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), old, now, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestPatchOfLibvirt follows docs/stats.md: build, test, break a line, test again. It also
// tests an installed prefix, and errors.
func TestPatchOfLibvirt(t *testing.T) {
	p := newPatchRoom(t, "libvirt", "libv/libvirt/libvirt_11.3.0.orig.tar.xz")
	prefix := filepath.Join(p.tree, "installed")
	p.inTree(t, "--", "meson", "setup", "build", "-Dauto_features=disabled", "-Dsystem=false", "--prefix="+prefix, "-Dlibnl=enabled", "-Djson_c=enabled",
		"-Ddriver_libvirtd=enabled", "-Ddriver_remote=enabled", "-Ddriver_qemu=enabled", "-Ddriver_test=enabled", "-Dqemu_user=root", "-Dqemu_group=root")
	p.inTree(t, "--", "ninja", "-C", "build", "install")
	build := filepath.Join(p.tree, "build")
	cases := []string{"--run", "API-0[1-4]", "--run", "BLK-0[1-3]", "--run", "BLK-32"}
	p.pass(t, append([]string{"--libvirt", build}, cases...)...)
	p.pass(t, append([]string{"--libvirt", prefix}, cases...)...)

	p.replace(t, "src/qemu/qemu_driver.c", "par, en->rd_total_times,", "par, en->wr_total_times,")
	p.inTree(t, "--", "ninja", "-C", "build", "src/libvirt_driver_qemu.so")
	if out, err := p.judge(t, append([]string{"--libvirt", build}, cases...)...); err == nil || !strings.Contains(out, "block.0.rd.times") {
		t.Errorf("with a bug in it: %v\n%s", err, lastLines(out))
	}

	elsewhere := p.path("elsewhere")
	if err := os.Rename(p.tree, elsewhere); err != nil {
		t.Fatal(err)
	}
	if out, err := p.judge(t, "--libvirt", filepath.Join(elsewhere, "build")); err == nil || !strings.Contains(out, "was built as "+build) {
		t.Errorf("a tree that was moved: %v\n%s", err, lastLines(out))
	}
	moved := filepath.Join(elsewhere, "installed")
	if out, err := p.judge(t, "--libvirt", moved, "--run", "API-01"); err == nil || !strings.Contains(out, prefix+"/share/libvirt/cpu_map is not there") {
		t.Errorf("a prefix that was moved: %v\n%s", err, lastLines(out))
	}
}

func TestPatchOfQEMU(t *testing.T) {
	p := newPatchRoom(t, "qemu", "q/qemu/qemu_10.0.13+ds.orig.tar.xz")
	// Debian patches what its source archive lacks: a Python package and the firmware.
	p.inTree(t, "--", "sh", "-ec", `sed -i /^pycotap/d pythondeps.toml
sed -i '/unpack_edk2_blobs = bzip2.found/d' meson.build
./configure --target-list=x86_64-softmmu --without-default-features --enable-kvm --enable-tcg --enable-slirp \
	--disable-install-blobs --firmwarepath=/usr/share/qemu:/usr/share/seabios
ninja -C build qemu-system-x86_64
ln -s /usr/share build/qemu-bundle/usr/share`)
	for _, dir := range []string{p.tree, filepath.Join(p.tree, "build")} {
		p.pass(t, "--qemu", dir, "--run", "API-0[1-4]", "--run", "BLK-0[1-3]", "--run", "QST-0*")
	}
}
