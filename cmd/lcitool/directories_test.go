// SPDX-License-Identifier: GPL-2.0-or-later

package main

import "testing"

// TestD62EmptyVariableIsUnset holds the directories to the XDG rules.
func TestD62EmptyVariableIsUnset(t *testing.T) {
	for _, c := range []struct {
		name, variable, home string
		want                 string // of the cache
	}{
		{"unset", "", "/home/u", "/home/u/.cache/lcitool"},
		{"set", "/c", "/home/u", "/c/lcitool"},
		{"set without a home", "/c", "", "/c/lcitool"},
		{"relative is ignored", "c", "/home/u", "/home/u/.cache/lcitool"},
		{"dot is ignored", ".", "/home/u", "/home/u/.cache/lcitool"},
		{"nothing known", "", "", ""},
		{"relative home", "", "home", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := &app{getenv: func(name string) string {
				return map[string]string{"XDG_CACHE_HOME": c.variable, "HOME": c.home}[name]
			}}
			if got := a.cacheDir(); got != c.want {
				t.Errorf("cacheDir() = %q, want %q", got, c.want)
			}
		})
	}
	a := &app{getenv: func(name string) string { return map[string]string{"HOME": "/h"}[name] }}
	if got, want := a.configDir(), "/h/.config/lcitool"; got != want {
		t.Errorf("configDir() = %q, want %q", got, want)
	}
	if got, want := a.stateDir(), "/h/.local/state/lcitool"; got != want {
		t.Errorf("stateDir() = %q, want %q", got, want)
	}
}
