// SPDX-License-Identifier: GPL-2.0-or-later

package libraryconf

import (
	"os"
	"testing"
)

func TestHideAndRestore(t *testing.T) {
	t.Setenv("CONTAINERS_CONF", "/mine")
	t.Setenv("CONTAINERS_CONF_OVERRIDE", "")
	t.Setenv("STORAGE_DRIVER", "x")
	t.Setenv("XDG_RUNTIME_DIR", "/nosuch")
	_ = os.Unsetenv("STORAGE_DRIVER")
	all := hide()
	for name, want := range map[string]string{"CONTAINERS_CONF": os.DevNull, "CONTAINERS_CONF_OVERRIDE": "", "STORAGE_DRIVER": "overlay", "XDG_RUNTIME_DIR": ""} {
		if got := os.Getenv(name); got != want {
			t.Errorf("hidden %s is %q, not %q", name, got, want)
		}
	}
	hidden = all
	Restore()
	for name, want := range map[string]string{"CONTAINERS_CONF": "/mine", "CONTAINERS_CONF_OVERRIDE": "", "XDG_RUNTIME_DIR": "/nosuch"} {
		if got, set := os.LookupEnv(name); got != want || !set {
			t.Errorf("restored %s is %q, not %q", name, got, want)
		}
	}
	if _, set := os.LookupEnv("STORAGE_DRIVER"); set {
		t.Error("a variable that was not set is set")
	}
}

func TestIsOurs(t *testing.T) {
	dir := t.TempDir()
	if !isOurs(dir) || isOurs(dir+"/nosuch") {
		t.Error("a directory of this user is not told from one that does not exist")
	}
	if os.Getuid() != 0 && isOurs("/") {
		t.Error("root's directory is an ordinary user's")
	}
}

func TestHasAccount(t *testing.T) {
	if !hasAccount(0) || hasAccount(1<<30) {
		t.Error("root has an account, and this other user has none")
	}
}
