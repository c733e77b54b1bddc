// SPDX-License-Identifier: GPL-2.0-or-later

package scratch

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestAbandoned lists what Sweep removes, and nothing that is in use.
func TestAbandoned(t *testing.T) {
	parent := t.TempDir()
	used, done, err := New(parent)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	left := filepath.Join(parent, prefix+"left")
	for _, dir := range []string{left, filepath.Join(parent, "other")} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if got := Abandoned(parent); !slices.Equal(got, []string{left}) {
		t.Errorf("got %v, want %s without %s", got, left, used)
	}
	Sweep(parent)
	if got := Abandoned(parent); len(got) > 0 {
		t.Errorf("after a sweep: %v", got)
	}
	if got := Abandoned(filepath.Join(parent, "none")); len(got) > 0 {
		t.Errorf("got %v", got)
	}
}
