// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The package has a device number of another type on macOS, and its test uses a function
// that only Linux has.
func TestCheckFindsWhatOtherSystemsLack(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":       "module example.org/m\n\ngo 1.24\n",
		"m.go":         "package m\n\nimport \"syscall\"\n\nfunc Device(s syscall.Stat_t) uint64 { return s.Dev }\n",
		"m_linux.go":   "package m\n\nconst System = 1\n",
		"m_test.go":    "package m\n\nconst flag = 1\n",
		"x_test.go":    "package m_test\n\nimport (\n\t\"syscall\"\n\n\t\"example.org/m\"\n)\n\nvar _ = syscall.MNT_DETACH + m.System\n",
		"sub/sub.go":   "package sub\n\nimport \"example.org/m\"\n\nvar Device = m.Device\n",
		"tagged.go":    "//go:build special\n\npackage m\n\nvar broken int = \"\"\n",
		"m_windows.go": "package m\n\nvar alsoBroken int = \"\"\n",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	t.Setenv("GOFLAGS", "-mod=mod")
	t.Setenv("GOWORK", "off")
	if err := check("linux/amd64", "", []string{"./..."}); err != nil {
		t.Errorf("linux: %v", err)
	}
	err := check("darwin/arm64", "", []string{"./..."})
	if err == nil || strings.Count(err.Error(), "m.go:5:") != 1 || !strings.Contains(err.Error(), "MNT_DETACH") || !strings.Contains(err.Error(), "System") {
		t.Errorf("darwin: %v", err)
	}
	if err := check("linux/amd64", "special", []string{"./..."}); err == nil || !strings.Contains(err.Error(), "tagged.go:5:") {
		t.Errorf("with a tag: %v", err)
	}
	if err := check("linux", "", []string{"./..."}); err == nil {
		t.Error("a system without an architecture is checked")
	}
}
