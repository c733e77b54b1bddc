// SPDX-License-Identifier: GPL-2.0-or-later

package envimage

import (
	"log/slog"
	"slices"
	"testing"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/aptsources"
	"gitlab.com/lcitool/lcitool/internal/render"
	"gitlab.com/lcitool/lcitool/targets"
)

func target(t *testing.T, name string, cross targets.Arch) *targets.Target {
	t.Helper()
	catalogue, err := targets.Load(targets.Options{Layers: []facts.Layer{targets.BuiltIn()}})
	if err != nil {
		t.Fatal(err)
	}
	release, err := catalogue.Release(name)
	if err != nil {
		t.Fatal(err)
	}
	out, err := release.For("x86_64", cross)
	if err != nil {
		t.Fatal(err)
	}
	return &out
}

func TestNew(t *testing.T) {
	debian := target(t, "debian-13", "")
	body := render.Body{Text: []byte("FROM x\n"), Packages: []string{"gcc"}, Rest: []byte("FROM x\n")}
	if i := New(debian, Options{Body: body, Manifest: "m"}); i.Build.Tag != "lcitool.debian-13" || i.Build.Delta == nil ||
		!slices.Equal(i.Build.Delta.Packages, body.Packages) || i.Build.ExtraLabels[api.LabelManifest] != "m" || i.Build.Pull == api.PullNever {
		t.Errorf("%+v", i.Build)
	}
	if i := New(target(t, "debian-13", "s390x"), Options{PullBase: true}); i.Build.Tag != "lcitool.debian-13-cross-s390x" || i.Build.Pull != api.PullNewer {
		t.Errorf("%+v", i.Build)
	}
	foreign := *debian
	foreign.Host = "s390x"
	if i := New(&foreign, Options{Foreign: true}); i.Build.Tag != "lcitool.debian-13-s390x" || i.Build.Platform != "linux/s390x" {
		t.Errorf("%+v", i.Build)
	}
	if i := New(&foreign, Options{Foreign: true, Tag: "mine"}); i.Build.Tag != "mine" || i.Build.Platform != "linux/s390x" {
		t.Errorf("%+v", i.Build)
	}
	if i := New(debian, Options{Tag: "mine", Offline: true, PullBase: true}); i.Build.Tag != "mine" || i.Build.Pull != api.PullNever || !i.Build.Offline || i.Build.Delta != nil {
		t.Errorf("%+v", i.Build)
	}
	if i := New(nil, Options{Tag: "x", Body: Committed(nil, []byte("FROM x\n"))}); i.Build.Delta != nil || string(i.Build.Dockerfile) != "FROM x\n" {
		t.Errorf("of an unknown target: %+v", i.Build)
	}
}

func TestMirrors(t *testing.T) {
	m := ReadMirrors(map[string]string{"debian": "http://d", "debian-12": "http://twelve"}, slog.New(slog.DiscardHandler))
	if !slices.Equal(m.Settings(), []string{"debian", "debian-12"}) {
		t.Fatal(m.Settings())
	}
	for _, test := range []struct{ option, target, want string }{
		{"", "debian-12", "http://twelve"}, {"", "debian-13", "http://d"}, {"http://o", "debian-13", "http://o"}, {"http://o", "debian-12", "http://o"},
	} {
		release := &target(t, test.target, "").Release
		if got := m.For(test.option, release); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
		base, err := m.Base(test.option, release)
		if err != nil || len(base.Sources) != 1 || base.Reference != release.Containers.Base || base.Suite != release.Mirror.Suite || base.Distro != "debian" {
			t.Errorf("%+v: %+v, %v", test, base, err)
		}
	}
	if base, err := m.Base("", &target(t, "fedora-44", "").Release); err != nil || base.Sources != nil {
		t.Errorf("of rpm packages: %+v, %v", base, err)
	}
}

// An image from the distribution's own mirror includes updates and security fixes, as the
// distribution's image does; a mirror that the user names may lack them.
func TestSourcesOfABaseImage(t *testing.T) {
	m := &Mirrors{machine: &aptsources.Machine{ID: "fedora"}}
	for _, test := range []struct {
		option, target string
		want           []string
	}{
		{"", "debian-sid", []string{"deb http://ftp.debian.org/debian sid main"}},
		{"", "debian-12", []string{
			"deb http://ftp.debian.org/debian bookworm main",
			"deb http://security.debian.org/debian-security bookworm-security main",
			"deb http://ftp.debian.org/debian bookworm-updates main",
		}},
		{"", "ubuntu-2404", []string{
			"deb http://archive.ubuntu.com/ubuntu noble main universe",
			"deb http://archive.ubuntu.com/ubuntu noble-backports main universe",
			"deb http://archive.ubuntu.com/ubuntu noble-security main universe",
			"deb http://archive.ubuntu.com/ubuntu noble-updates main universe",
		}},
		{"http://own.example/debian", "debian-12", []string{"deb http://own.example/debian bookworm main"}},
	} {
		o, err := m.Base(test.option, &target(t, test.target, "").Release)
		if err != nil || !slices.Equal(o.Sources, test.want) {
			t.Errorf("%s: %q, %v", test.target, o.Sources, err)
		}
	}
}
