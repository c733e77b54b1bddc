// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"slices"
	"testing"
)

// TestPackageLines: apk lists a package with its description, which may contain spaces.
func TestPackageLines(t *testing.T) {
	text := "musl-1.2.5-r0 x86_64 {musl} (MIT)\nname\u00a0with space\r\n\n \nlast"
	want := []string{"musl-1.2.5-r0 x86_64 {musl} (MIT)", "name\u00a0with space", "last"}
	if got := nonEmptyLines(text); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
