// SPDX-License-Identifier: GPL-2.0-or-later

//go:build browser

package jobreport

import (
	"fmt"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/headless"
	"gitlab.com/lcitool/lcitool/internal/jobrecord"
)

func TestInBrowser(t *testing.T) {
	for name, s := range map[string]*jobrecord.Stored{"sample": sample(t), "hostile": hostile(t), "2 jobs": many(2), "500 jobs": many(500)} {
		var html strings.Builder
		if err := HTML(&html, s); err != nil {
			t.Fatal(err)
		}
		for _, scheme := range []headless.Scheme{headless.Light, headless.Dark} {
			p := headless.Open(t, html.String(), scheme)
			if len(p.Console) > 0 {
				t.Errorf("%s: %q", name, p.Console)
			}
			if headless.Bright(p.Background) != (scheme == headless.Light) {
				t.Errorf("%s: background %v for scheme %d", name, p.Background, scheme)
			}
			if strings.Contains(p.DOM, "<script") || strings.Count(p.DOM, "<title") != strings.Count(html.String(), "<title") {
				t.Errorf("%s: the text of a job became an element", name)
			}
			if !strings.HasSuffix(strings.TrimSpace(p.DOM), "</html>") {
				t.Errorf("%s: the page ends with %.100q", name, p.DOM[max(0, len(p.DOM)-100):])
			}
			for i := range s.Jobs {
				if strings.HasSuffix(name, " jobs") && !strings.Contains(p.DOM, fmt.Sprintf(">job-%d<", i)) {
					t.Errorf("%s: job-%d is not on the page", name, i)
				}
			}
		}
	}
}
