// SPDX-License-Identifier: GPL-2.0-or-later

//go:build browser

package headless

import (
	"strings"
	"testing"
)

// TestOpen checks that Open detects what other tests look for.
func TestOpen(t *testing.T) {
	const style = `<!DOCTYPE html><style>:root { color-scheme: light dark }</style><title>x</title><p id="p">before`
	for _, test := range []struct {
		html     string
		scheme   Scheme
		messages int
	}{
		{style, Light, 0},
		{style, Dark, 0},
		{style + `<script>console.error("no"); p.textContent = "after"</script>`, Light, 1},
		{style + `<script>nosuch()</script>`, Light, 1},
		{`<meta http-equiv="Content-Security-Policy" content="default-src 'none'">` + `<p>before<script>document.title = "pwned"</script>`, Light, 1},
	} {
		p := Open(t, test.html, test.scheme)
		if len(p.Console) != test.messages || Bright(p.Background) != (test.scheme == Light) {
			t.Errorf("%s: scheme %d, background %v, messages %q, want %d", test.html, test.scheme, p.Background, p.Console, test.messages)
		}
		if want := map[bool]string{true: "after", false: "before"}[strings.Contains(test.html, "after")]; !strings.Contains(p.DOM, ">"+want) || strings.Contains(p.DOM, "<title>pwned") {
			t.Errorf("%s: %s", test.html, p.DOM)
		}
	}
}
