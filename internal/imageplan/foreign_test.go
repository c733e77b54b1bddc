// SPDX-License-Identifier: GPL-2.0-or-later

package imageplan

import (
	"log/slog"
	"testing"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/envimage"
	"gitlab.com/lcitool/lcitool/targets"
)

// The image for another architecture starts from a base image made here if bootstrap is on,
// and from the registry's otherwise.
func TestForeign(t *testing.T) {
	catalogue, err := targets.Load(targets.Options{Layers: []facts.Layer{targets.BuiltIn()}})
	if err != nil {
		t.Fatal(err)
	}
	release, err := catalogue.Release("debian-13")
	if err != nil {
		t.Fatal(err)
	}
	const usual = "docker.io/library/debian:13-slim"
	mirrors := envimage.ReadMirrors(nil, slog.New(slog.DiscardHandler))
	for name, c := range map[string]struct {
		arch      string
		bootstrap bool
		base      string // that the Dockerfile starts from
		made      string // that is made if need be, "" for nothing of another architecture
	}{
		"none named":       {"", true, usual, ""},
		"of a registry":    {"s390x", false, usual, "lcitool.base.debian-13-s390x"},
		"of the mirror":    {"s390x", true, "localhost/lcitool.base.debian-13-s390x", "lcitool.base.debian-13-s390x"},
		"of the mirror, 2": {"ppc64le", true, "localhost/lcitool.base.debian-13-ppc64le", "lcitool.base.debian-13-ppc64le"},
	} {
		host := targets.Arch(c.arch)
		if host == "" {
			host = "x86_64"
		}
		target, err := release.For(host, "")
		if err != nil {
			t.Fatal(err)
		}
		p := &Planner{Options: Options{Bootstrap: c.bootstrap}, Mirrors: func() *envimage.Mirrors { return mirrors }}
		base, err := p.foreign(&target, c.arch)
		made := ""
		if base != nil {
			made = base.Reference
		}
		if err != nil || made != c.made || target.Containers.Base != c.base {
			t.Errorf("%s: from %s, makes %q, %v", name, target.Containers.Base, made, err)
		}
	}
	if release.Containers.Base != usual {
		t.Errorf("the catalogue was changed: %s", release.Containers.Base)
	}
}
