// SPDX-License-Identifier: GPL-2.0-or-later

package repodata

import (
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
)

// BenchmarkVerifyWarm looks up 100 names, ten of them missing, in a cached index of the size
// of Debian's main.
func BenchmarkVerifyWarm(b *testing.B) {
	s := newSigner(b)
	src, names := largeSource(b, s)
	o := Options{CacheDir: b.TempDir()}
	if _, err := newClient(b, o).Verify(b.Context(), src, names); err != nil {
		b.Fatal(err)
	}
	forgetMemory(b)
	b.ReportAllocs()
	for b.Loop() {
		r, err := newClient(b, o).Verify(b.Context(), src, names)
		if err != nil || r.Packages != largeIndex {
			b.Fatal(r, err)
		}
	}
	reportMemory(b)
}

// BenchmarkVerifyCold decompresses and parses the index each time.
func BenchmarkVerifyCold(b *testing.B) {
	s := newSigner(b)
	src, names := largeSource(b, s)
	forgetMemory(b)
	b.ReportAllocs()
	for b.Loop() {
		r, err := newClient(b, Options{}).Verify(b.Context(), src, names)
		if err != nil || r.Packages != largeIndex {
			b.Fatal(r, err)
		}
	}
	reportMemory(b)
}

const largeIndex = 65_000

func largeSource(b *testing.B, s signer) (Source, []string) {
	var text strings.Builder
	for i := range largeIndex {
		fmt.Fprintf(&text, "Package: lib%x-%d-dev\nArchitecture: amd64\nProvides: virtual-%d, v%d (= 1)\n"+
			"Description: %s\n\n", i*2654435761%(1<<32), i, i%100, i, strings.Repeat("word ", 120))
	}
	var names []string
	for i := range 90 {
		n := i * 700
		names = append(names, fmt.Sprintf("lib%x-%d-dev", n*2654435761%(1<<32), n))
	}
	for i := range 10 {
		names = append(names, fmt.Sprintf("libmissing%d-dev", i))
	}
	m := debSite(b, s, releaseHead, map[string]string{"main/binary-amd64/Packages.xz": text.String()})
	return debSource(m.dir(b), s), names
}

// forgetMemory resets the process's peak memory, which creating the index raised.
func forgetMemory(b *testing.B) {
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0o600); err != nil {
		b.Fatal(err)
	}
}

// reportMemory reports the peak memory since then.
func reportMemory(b *testing.B) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(kib)/1024, "peak-MiB")
}
