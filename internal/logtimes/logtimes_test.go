// SPDX-License-Identifier: GPL-2.0-or-later

package logtimes

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestTimes(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b)
	for _, part := range []struct {
		n  int
		ms int64
	}{{3, 1000}, {4, 1000}, {0, 1500}, {5, 2000}, {1, 2001}} {
		if err := w.Wrote(part.n, time.UnixMilli(part.ms)); err != nil {
			t.Fatal(err)
		}
	}
	if want := "0 1000\n7 2000\n12 2001\n"; b.String() != want {
		t.Fatalf("wrote %q, want %q", b.String(), want)
	}
	r := NewReader(&b)
	for _, test := range []struct{ offset, want int64 }{{0, 1000}, {6, 1000}, {7, 2000}, {7, 2000}, {11, 2000}, {12, 2001}, {1 << 40, 2001}} {
		if got := r.At(test.offset); got.UnixMilli() != test.want {
			t.Errorf("offset %d: %v, want %d", test.offset, got.UnixMilli(), test.want)
		}
	}
}

// TestGrowing reads times while they are written, one byte at a time.
func TestGrowing(t *testing.T) {
	var b bytes.Buffer
	r := NewReader(&b)
	if at := r.At(0); !at.IsZero() {
		t.Errorf("of nothing: %v", at)
	}
	for _, c := range "0 1000\n5 3000\n" {
		if at := r.At(4); !at.IsZero() && at.UnixMilli() != 1000 {
			t.Errorf("halfway: %v", at)
		}
		b.WriteRune(c)
	}
	if at := r.At(5); at.UnixMilli() != 3000 {
		t.Errorf("at the end: %v", at)
	}
}

// TestNoTimes: other files have no times, and reading them ends.
func TestNoTimes(t *testing.T) {
	for _, text := range []string{"", "x\n", "-1 5\n", "1\n2\n", strings.Repeat("9", 1<<20), strings.Repeat("x\n", 1000)} {
		if at := NewReader(strings.NewReader(text)).At(100); !at.IsZero() {
			t.Errorf("%.20q: %v", text, at)
		}
	}
	if at := NewReader(nil).At(1); !at.IsZero() {
		t.Errorf("without a file: %v", at)
	}
	if got := File("/a/b.log"); got != "/a/b.times" {
		t.Errorf("file %s", got)
	}
}
