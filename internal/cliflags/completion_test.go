// SPDX-License-Identifier: GPL-2.0-or-later

package cliflags

import (
	"slices"
	"testing"

	"github.com/spf13/cobra"
)

// TestHostileWords: bash runs no part of a name that it has completed, and takes none for
// an option.
func TestHostileWords(t *testing.T) {
	words := Words("build: [a, b]\ttest", "$(touch x)a\ttest", "$(touch x)b\ttest", "a;b\ttest", "a`b`", "a\nb", "--writable\ttest", "it's")
	for word, want := range map[string][]string{
		"": {"build: [a, b]\ttest", "it's"}, "$": {}, "$(touch x)a": {"$(touch x)a\ttest"}, "b": {"build: [a, b]\ttest"}, "a": {}, "a;": {"a;b\ttest"}, "--": {},
	} {
		if got, _ := words.function(false)(&cobra.Command{}, nil, word); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
	if got, _ := Words("$x", "a").function(true)(&cobra.Command{}, nil, "b,"); !slices.Equal(got, []string{"b,a"}) {
		t.Errorf("in a list: %q", got)
	}
}
