// SPDX-License-Identifier: GPL-2.0-or-later

package render_test

import (
	"testing"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/render"
	"gitlab.com/lcitool/lcitool/targets"
)

// cold reads the facts again, as a new process does.
func cold(tb testing.TB) (*facts.Set, *targets.Catalogue) {
	tb.Helper()
	set, err := facts.Load(facts.Options{Layers: []facts.Layer{facts.BuiltIn()}})
	if err != nil {
		tb.Fatal(err)
	}
	catalogue, err := targets.Load(targets.Options{Layers: []facts.Layer{targets.BuiltIn()}})
	if err != nil {
		tb.Fatal(err)
	}
	return set, catalogue
}

func dockerfileOf(tb testing.TB, set *facts.Set, catalogue *targets.Catalogue, target string, projects ...string) []byte {
	tb.Helper()
	release, err := catalogue.Release(target)
	if err != nil {
		tb.Fatal(err)
	}
	t, err := release.For("x86_64", "")
	if err != nil {
		tb.Fatal(err)
	}
	packages, err := targets.Select(set, t, projects)
	if err != nil {
		tb.Fatal(err)
	}
	body, err := render.Dockerfile(t, packages, render.DockerfileOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	return body.Text
}

// BenchmarkDockerfileLibvirt measures one process without its start.
func BenchmarkDockerfileLibvirt(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		set, catalogue := cold(b)
		dockerfileOf(b, set, catalogue, "debian-12", "libvirt")
	}
}

// BenchmarkAllTargetsAllProjects renders each project on each target with containers, in one
// process.
func BenchmarkAllTargetsAllProjects(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		set, catalogue := cold(b)
		bodies := 0
		for _, target := range catalogue.Names() {
			release, err := catalogue.Release(target)
			if err != nil {
				b.Fatal(err)
			}
			if release.Containers == nil {
				continue
			}
			for _, project := range set.ProjectNames() {
				dockerfileOf(b, set, catalogue, target, project)
				bodies++
			}
		}
		if bodies < 18*30 {
			b.Fatalf("only %d bodies", bodies)
		}
		b.ReportMetric(float64(bodies), "bodies/op")
	}
}
