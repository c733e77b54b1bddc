// SPDX-License-Identifier: GPL-2.0-or-later

package userdirs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/userdirs"
)

func TestDirectoriesFollowXDG(t *testing.T) {
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
			getenv := func(name string) string {
				return map[string]string{"XDG_CACHE_HOME": c.variable, "HOME": c.home}[name]
			}
			if got := userdirs.Cache(getenv); got != c.want {
				t.Errorf("Cache() = %q, want %q", got, c.want)
			}
		})
	}
	getenv := func(name string) string { return map[string]string{"HOME": "/h"}[name] }
	if got, want := userdirs.Config(getenv), "/h/.config/lcitool"; got != want {
		t.Errorf("Config() = %q, want %q", got, want)
	}
	if got, want := userdirs.State(getenv), "/h/.local/state/lcitool"; got != want {
		t.Errorf("State() = %q, want %q", got, want)
	}
	getenv = func(name string) string {
		return map[string]string{"XDG_CONFIG_HOME": "/x/c", "XDG_STATE_HOME": "/x/s", "HOME": "/h"}[name]
	}
	if got := userdirs.Config(getenv) + " " + userdirs.State(getenv); got != "/x/c/lcitool /x/s/lcitool" {
		t.Errorf("with variables: %q", got)
	}
}

// TestSudoWithTheCallersHome: root makes no directories in the home of the user who
// called sudo, who could not write to them.
func TestSudoWithTheCallersHome(t *testing.T) {
	home, own := t.TempDir(), t.TempDir()
	env := map[string]string{"HOME": home, "XDG_STATE_HOME": filepath.Join(own, "state")}
	getenv := func(name string) string { return env[name] }
	if got := userdirs.Cache(getenv); got != filepath.Join(home, ".cache/lcitool") {
		t.Errorf("without sudo: %q", got)
	}
	if os.Getuid() != 0 {
		return
	}
	if err := os.Chown(home, 4242, 4242); err != nil {
		t.Fatal(err)
	}
	if got := userdirs.Cache(getenv); got != filepath.Join(home, ".cache/lcitool") {
		t.Errorf("in a container whose home belongs to another user: %q", got)
	}
	env["SUDO_UID"] = "4242"
	if got := userdirs.Cache(getenv); strings.HasPrefix(got, home) || !strings.HasSuffix(got, "/.cache/lcitool") {
		t.Errorf("cache: %q", got)
	}
	if got := userdirs.State(getenv); got != filepath.Join(own, "state/lcitool") {
		t.Errorf("state: %q", got)
	}
	if got := userdirs.Config(getenv); got != filepath.Join(home, ".config/lcitool") {
		t.Errorf("settings: %q", got)
	}
}
