// SPDX-License-Identifier: GPL-2.0-or-later

package repodata

import (
	"bufio"
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

func writeRecords(t testing.TB, out *bytes.Buffer, records []record) *nameList {
	t.Helper()
	out.Reset()
	z, err := zstd.NewWriter(out)
	if err != nil {
		t.Fatal(err)
	}
	l := &nameList{}
	w := listWriter{w: bufio.NewWriter(z), meta: &l.meta}
	for _, r := range records {
		if err := w.add(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	if _, err := file.WriteAt(out.Bytes(), cacheHeader); err != nil {
		t.Fatal(err)
	}
	l.file = file
	return l
}

// checkList writes records and reads them back: every printable name has everything that it
// provides, and nothing else.
func checkList(t testing.TB, out *bytes.Buffer, records []record) {
	t.Helper()
	want := map[string]bool{}
	for _, r := range records {
		if !printable(r.name) || r.arch != "" && !printable(r.arch) {
			continue
		}
		want[r.name+"\t"+r.arch] = true
		for _, p := range r.provides {
			if printable(p) && p != r.name {
				want[r.name+"\t"+r.arch+"\t"+p] = true
			}
		}
	}
	got := map[string]bool{}
	l := writeRecords(t, out, records)
	err := l.scan(t.Context(), func(r record) {
		got[r.name+"\t"+r.arch] = true
		for _, p := range r.provides {
			got[r.name+"\t"+r.arch+"\t"+p] = true
		}
	})
	if err != nil || !maps.Equal(got, want) {
		t.Fatalf("read back %q, %v, not %q", slices.Sorted(maps.Keys(got)), err, slices.Sorted(maps.Keys(want)))
	}
	if l.packages() != len(records) {
		t.Fatalf("%d packages of %d", l.packages(), len(records))
	}
}

func TestListRoundTrip(t *testing.T) {
	many := make([]string, 50_000)
	for i := range many {
		many[i] = fmt.Sprintf("ksym(symbol_%d)", i)
	}
	long := strings.Repeat("a", maxNameLength)
	checkList(t, &bytes.Buffer{}, []record{
		{"a", "amd64", nil},
		{"a", "amd64", []string{"a", "b"}},
		{"kernel", "x86_64", many},
		{"tab\there", "x", nil},
		{"arch", "line\nend", nil},
		{"none", "", []string{"", "\x1b[2J", "ünï", "b\xff", "with space"}},
		{long, long, slices.Repeat([]string{long + "b", long}, 500)},
	})
}

func TestPrintable(t *testing.T) {
	cases := map[string]bool{
		"zlib1g-dev": true, "perl(Foo::Bar)": true, "ünï": true, "with space": true,
		"": false, "a\nb": false, "a\tb": false, "\x1b[2J": false, "a\x00": false, "\xff": false,
		"a\u202eb": false, "a\u2028b": false, strings.Repeat("a", maxNameLength+1): false,
	}
	for s, want := range cases {
		if printable(s) != want {
			t.Errorf("printable(%q) is %v", s, !want)
		}
	}
}
