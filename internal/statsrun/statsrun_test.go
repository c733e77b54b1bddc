// SPDX-License-Identifier: GPL-2.0-or-later

package statsrun

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/diag"
)

func TestContainerOfTheSuite(t *testing.T) {
	o := Options{Target: "debian-13", Jobs: 3, Patterns: []string{"BLK-*", "DOM-1"}, Require: []string{"kvm"}, Privileged: true}
	run, err := o.container("image", "/reports", part{"", o.Patterns})
	if err != nil {
		t.Fatal(err)
	}
	command := strings.Join(run.Command, " ")
	for _, want := range []string{"stats check --start-daemon", "--jobs 3", "--json " + inside + "/reports/json", "--run BLK-* --run DOM-1", "--require kvm"} {
		if !strings.Contains(command, want) {
			t.Errorf("no %q in %s", want, command)
		}
	}
	if run.Network != api.NetworkNone || !run.Privileged || !run.AllCalls || run.Name != "lcitool-stats-debian-13" || strings.Contains(command, "--libvirt") {
		t.Errorf("%+v", run.ContainerOptions)
	}
	if at := slices.IndexFunc(run.Mounts, func(m api.Mount) bool { return m.Target == inside+"/lcitool" }); at < 0 || !run.Mounts[at].ReadOnly {
		t.Errorf("this program can be written: %+v", run.Mounts)
	}
}

func TestWhatATargetNeeds(t *testing.T) {
	for _, c := range []struct {
		o             Options
		projects, tag string
	}{
		{Options{}, "libvirt-stats", "lcitool.stats.t"},
		{Options{Libvirt: "/l"}, "libvirt-stats,libvirt", "lcitool.stats.t.libvirt"},
		{Options{QEMU: "/q"}, "libvirt-stats,qemu", "lcitool.stats.t.qemu"},
		{Options{Libvirt: "/l", QEMU: "/q"}, "libvirt-stats,libvirt,qemu", "lcitool.stats.t.libvirt.qemu"},
	} {
		if got := c.o.wanted("t"); got.Projects != c.projects || got.Tag != c.tag || got.Target != "t" {
			t.Errorf("%+v", got)
		}
	}
}

func TestPrepare(t *testing.T) {
	tree := t.TempDir()
	o := Options{Reports: filepath.Join(tree, "a", "b")}
	if err := o.Prepare(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(o.Reports); err != nil || !info.IsDir() {
		t.Errorf("no directory for reports: %v", err)
	}
	for _, o := range []Options{{Libvirt: filepath.Join(tree, "none")}, {QEMU: filepath.Join(tree, "none")}, {QEMU: tree}, {Libvirt: tree}} {
		if err := o.Prepare(); err == nil {
			t.Errorf("nothing is wrong with %+v", o)
		}
	}
}

// TestPrepareWithSource: a build tree that names a directory of the user's as its source is
// refused before anything is built.
func TestPrepareWithSource(t *testing.T) {
	home := t.TempDir()
	tree := filepath.Join(home, "tree")
	for name, text := range map[string]string{
		"qemu-system-x86_64": "", "meson-info/meson-info.json": `{"directories": {"source": "` + home + `"}}`,
	} {
		file := filepath.Join(tree, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	o := Options{QEMU: tree}
	if err := o.Prepare(); err == nil || !strings.Contains(err.Error(), "as its source tree") || !strings.Contains(diag.Hint(err), "--source") {
		t.Errorf("got %v", err)
	}
	if run, err := o.container("image", "/reports", part{}); err == nil {
		t.Errorf("got %+v", run.Mounts)
	}
	o.Sources = []string{home + "/."}
	if err := o.Prepare(); err != nil {
		t.Error(err)
	}
	if run, err := o.container("image", "/reports", part{}); err != nil || !slices.ContainsFunc(run.Mounts, func(m api.Mount) bool { return m.Source == home && m.Overlay }) {
		t.Errorf("got %+v, %v", run.Mounts, err)
	}
}

func TestLinesHaveTheirTarget(t *testing.T) {
	var b strings.Builder
	out := &Output{W: &b}
	lines := out.Lines(&b, "t")
	for _, text := range []string{"one\ntw", "o\n\x1b[2J", "\nlast"} {
		if n, err := lines.Write([]byte(text)); n != len(text) || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	}
	lines.Close()
	if err := out.WriteAll("whole\n"); err != nil {
		t.Error(err)
	}
	got := strings.Split(b.String(), "\n")
	if len(got) != 6 || got[0] != "t | one" || got[1] != "t | two" || strings.ContainsRune(got[2], 0x1b) || got[3] != "t | last" || got[4] != "whole" {
		t.Errorf("%q", got)
	}
}
