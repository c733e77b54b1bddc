// SPDX-License-Identifier: GPL-2.0-or-later

package daemon

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// An installation is a libvirt and how to run it.
type installation struct {
	command []string // libvirtd, with what starts it
	env     []string // NAME=VALUE beside the environment
	etc     []string // where its configuration may be
}

// Check tells whether there is a libvirt to run in a directory: an installed
// prefix, a build tree, or a source tree with a build tree called build.
func Check(dir string) error {
	_, err := find(dir)
	return err
}

// find tells how to run the libvirtd of a prefix or a build tree, or the
// distribution's for "".
func find(dir string) (installation, error) {
	const system = "/etc/libvirt"
	if dir == "" {
		return installation{command: []string{"libvirtd"}, etc: []string{system}}, nil
	}
	for _, tree := range []string{dir, filepath.Join(dir, "build")} {
		script, built := filepath.Join(tree, "run"), filepath.Join(tree, "src", "libvirtd")
		if isFile(script) && isFile(built) {
			return installation{command: []string{script, built}, etc: []string{system, sysconfdir(tree) + "/libvirt"}}, nil
		}
	}
	for _, sub := range []string{"sbin", "bin"} {
		if path := filepath.Join(dir, sub, "libvirtd"); isFile(path) {
			return installation{command: []string{path}, env: libraries(dir), etc: []string{system, filepath.Join(dir, "etc/libvirt")}}, nil
		}
	}
	return installation{}, fmt.Errorf("%s is neither a build tree of libvirt nor where one is installed", dir)
}

// sysconfdir is where a build tree was told that configuration is.
func sysconfdir(tree string) string {
	text, err := os.ReadFile(filepath.Join(tree, "meson-config.h"))
	if err != nil {
		return "/etc"
	}
	if m := regexp.MustCompile(`(?m)^#define SYSCONFDIR "(/[^"]*)"$`).FindSubmatch(text); m != nil {
		return string(m[1])
	}
	return "/etc"
}

// libraries makes a prefix find its own libraries and drivers, whatever path
// it was built for.
func libraries(prefix string) []string {
	var paths, env []string
	for _, lib := range []string{"lib", "lib64", "lib/*-linux-gnu"} {
		found, _ := filepath.Glob(filepath.Join(prefix, lib)) // the pattern is a good one
		paths = append(paths, found...)
	}
	for _, p := range paths {
		if drivers := filepath.Join(p, "libvirt", "connection-driver"); isDir(drivers) {
			env = append(env, "LIBVIRT_DRIVER_DIR="+drivers)
		}
	}
	return append(env, "LD_LIBRARY_PATH="+strings.Join(paths, ":"))
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
