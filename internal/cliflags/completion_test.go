// SPDX-License-Identifier: GPL-2.0-or-later

package cliflags

import (
	"io"
	"os/exec"
	"slices"
	"strings"
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

// TestBashScript: cobra's script is the one that is known, and bash accepts the changed one.
func TestBashScript(t *testing.T) {
	for _, descriptions := range []bool{true, false} {
		var b strings.Builder
		if err := WriteBashScript(&cobra.Command{Use: "lcitool"}, &b, descriptions); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(b.String(), "__lcitool_quote_common"); n != 3 {
			t.Errorf("%d places with the function", n)
		}
		cmd := exec.Command("bash", "-n")
		cmd.Stdin = strings.NewReader(b.String())
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	}
	if err := WriteBashScript(&cobra.Command{Use: "other"}, io.Discard, true); err == nil {
		t.Error("another program's script was changed")
	}
}
