// SPDX-License-Identifier: GPL-2.0-or-later

//go:build browser

package report

import (
	"bytes"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/headless"
)

func TestInBrowser(t *testing.T) {
	hostile := sample()
	const bad = `</title></style></table><script>document.title = "pwned"</script><img src=x onerror=nosuch()>"'&{{.}}`
	hostile.Where.Machine, hostile.Where.Kernel, hostile.Where.URI = bad, bad, bad
	for i := range hostile.Results {
		r := &hostile.Results[i]
		r.Title, r.Messages = bad, []string{bad}
	}
	for name, r := range map[string]*Run{"sample": sample(), "hostile": hostile} {
		html := text(t, func(b *bytes.Buffer) error { return r.WriteHTML(b) })
		for _, scheme := range []headless.Scheme{headless.Light, headless.Dark} {
			p := headless.Open(t, html, scheme)
			if len(p.Console) > 0 {
				t.Errorf("%s: %q", name, p.Console)
			}
			if headless.Bright(p.Background) != (scheme == headless.Light) {
				t.Errorf("%s: background %v for scheme %d", name, p.Background, scheme)
			}
			if strings.Contains(p.DOM, "<script") || strings.Contains(p.DOM, "<img") || strings.Contains(p.DOM, "<title>pwned") {
				t.Errorf("%s: text became an element", name)
			}
		}
	}
}
