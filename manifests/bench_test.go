// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/targets"
)

// manyTargets returns n copies of a built-in release, and a manifest with a native and a
// cross job for each.
func manyTargets(b *testing.B, n int) (facts.Layer, string) {
	b.Helper()
	tree := fstest.MapFS{}
	text := strings.Builder{}
	text.WriteString(head + "targets:\n")
	for _, like := range []struct {
		name, version string
		first         int // version of the copies
		cross         string
	}{{"debian-12", "'12'", 1000, "s390x"}, {"debian-13", "'13'", 5000, "aarch64"}, {"fedora-44", "'44'", 1000, "mingw64"}} {
		data, err := targets.BuiltIn().Read(like.name + ".yml")
		if err != nil {
			b.Fatal(err)
		}
		for i := range n {
			version := fmt.Sprint(like.first + i)
			name := like.name[:len(like.name)-2] + version
			tree[name+".yml"] = &fstest.MapFile{Data: []byte(strings.Replace(string(data), "version: "+like.version, "version: \""+version+"\"", 1))}
			fmt.Fprintf(&text, "  %s:\n    jobs:\n      - arch: x86_64\n      - arch: %s\n", name, like.cross)
		}
	}
	return facts.Layer{Name: "copies", FS: tree}, text.String()
}

// BenchmarkManifest measures three steps for growing numbers of targets: read and plan,
// render, write the files.
func BenchmarkManifest(b *testing.B) {
	for _, n := range []int{1, 10, 100} {
		layer, text := manyTargets(b, n)
		b.Run(fmt.Sprintf("render/targets=%d", 3*n), func(b *testing.B) {
			for b.Loop() {
				renderAll(b, layer, text)
			}
		})
		files := renderAll(b, layer, text)
		b.Run(fmt.Sprintf("unchanged/targets=%d", 3*n), func(b *testing.B) {
			tree, _ := openTree(b)
			syncTree(b, tree, files)
			for b.Loop() {
				syncTree(b, tree, files)
			}
		})
		b.Run(fmt.Sprintf("written/targets=%d", 3*n), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				tree, dir := openTree(b)
				b.StartTimer()
				syncTree(b, tree, files)
				b.StopTimer()
				if err := os.RemoveAll(dir); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}

func renderAll(b *testing.B, layer facts.Layer, text string) []File {
	b.Helper()
	m, err := Load([]byte(text), LoadOptions{File: "m.yml", Releases: catalogue(b, layer)})
	if err != nil {
		b.Fatal(err)
	}
	plan, err := NewPlan(m, "ci")
	if err != nil {
		b.Fatal(err)
	}
	files, err := plan.Render(renderOptions(b))
	if err != nil {
		b.Fatal(err)
	}
	return files
}
