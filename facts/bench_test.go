// SPDX-License-Identifier: GPL-2.0-or-later

package facts

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// generated returns a layer with count mappings of ordinary size, 350 in each file.
func generated(count int) Layer {
	tree := fstest.MapFS{}
	for at := 0; at < count; at += 350 {
		var b strings.Builder
		b.WriteString("mappings:\n")
		for i := at; i < min(at+350, count); i++ {
			fmt.Fprintf(&b, "  name-%06d:\n    default: name%d\n    apk: name%d-dev\n    deb: libname%d-dev\n    rpm: name%d-devel\n    cross-policy-default: foreign\n", i, i, i, i, i)
		}
		tree[fmt.Sprintf("mappings/%04d.yml", at/350)] = &fstest.MapFile{Data: []byte(b.String())}
	}
	return Layer{Name: "generated", FS: tree}
}

// BenchmarkLoad must grow linearly with the number of mappings.
func BenchmarkLoad(b *testing.B) {
	for _, times := range []int{1, 10, 100} {
		layer := generated(350 * times)
		b.Run(fmt.Sprintf("x%d", times), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Load(Options{Layers: []Layer{layer}}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(350*times), "ns/mapping")
		})
	}
}

// BenchmarkLookup measures the first look-up of a mapping, which must not depend on their
// number.
func BenchmarkLookup(b *testing.B) {
	for _, times := range []int{1, 10, 100} {
		set, err := Load(Options{Layers: []Layer{generated(350 * times)}})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("x%d", times), func(b *testing.B) {
			i := 0
			for b.Loop() {
				clear(set.decoded)
				name := fmt.Sprintf("name-%06d", i*7%(350*times))
				if m, err := set.Mapping(name); err != nil || len(m.Native) != 5 {
					b.Fatal(m, err)
				}
				i++
			}
		})
	}
}
