// SPDX-License-Identifier: GPL-2.0-or-later

package targets

import (
	"slices"
	"testing"
)

func TestPockets(t *testing.T) {
	m := &Mirror{URL: "http://a.example/debian", Suite: "s", Repos: map[string]string{
		"updates": "s-updates", "security": "http://sec.example/debian-security s-security",
	}}
	for mirror, security := range map[string]string{
		"http://a.example/debian":      "http://sec.example/debian-security",
		"http://a.example/debian/":     "http://sec.example/debian-security",
		"http://b.example/pub/debian":  "http://b.example/pub/debian-security",
		"http://b.example/pub/debian/": "http://b.example/pub/debian-security",
		"file:///srv/mirror":           "file:///srv/debian-security",
	} {
		updates := mirror
		if updates[len(updates)-1] == '/' {
			updates = updates[:len(updates)-1]
		}
		want := []Pocket{{security, "s-security"}, {updates, "s-updates"}}
		if got := m.Pockets(mirror); !slices.Equal(got, want) {
			t.Errorf("%s: %v", mirror, got)
		}
	}
	if got := (&Mirror{URL: "http://a.example/debian"}).Pockets("http://b.example/debian"); got != nil {
		t.Errorf("a release without any: %v", got)
	}
}
