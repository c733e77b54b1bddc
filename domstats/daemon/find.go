// SPDX-License-Identifier: GPL-2.0-or-later

package daemon

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// An installation is a libvirt and how to run it.
type installation struct {
	dir     string   // prefix or build tree, "" for the distribution's
	tree    bool     // a build tree, which finds its data beside itself
	command []string // libvirtd, with what starts it
	env     []string // NAME=VALUE beside the environment
	etc     []string // where its configuration may be
}

// Check reports whether there is a libvirt to run in a directory: an installed
// prefix, a build tree, or a source tree with a build tree called build. It does not
// check what the installation needs on the machine where it runs.
func Check(dir string) error {
	i, err := find(dir)
	if err != nil {
		return err
	}
	return i.built()
}

// Needs are the directories that must be there for what was built in dir, or in
// its build, or is installed there: a build tree finds data in its source tree.
//
// A hostile build tree can name any directory as its source. One that is neither
// dir, nor below it, nor among allowed, must be a source tree of libvirt or QEMU.
func Needs(dir string, allowed ...string) ([]string, error) {
	for _, tree := range []string{dir, filepath.Join(dir, "build")} {
		source := sourceOf(tree)
		if source == "" {
			continue
		}
		real, err := filepath.EvalSymlinks(source)
		if err != nil || !within(real, dir) && !slices.Contains(allowed, real) && !isSourceTree(real) {
			return nil, &SourceError{Tree: tree, Source: source}
		}
		switch {
		case within(tree, source):
			return []string{source}, nil
		case within(source, tree):
			return []string{tree}, nil
		}
		return []string{tree, source}, nil
	}
	return []string{dir}, nil
}

// A SourceError reports a build tree whose source directory is not used.
type SourceError struct{ Tree, Source string }

func (e *SourceError) Error() string {
	return fmt.Sprintf("%s names %q as its source tree, but the %s there is not that of libvirt or QEMU",
		e.Tree, e.Source, mesonFile)
}

const mesonFile = "meson.build"

// isSourceTree reports whether a directory is the top of libvirt's or QEMU's
// source tree.
func isSourceTree(dir string) bool {
	text, err := safefs.ReadFile(filepath.Join(dir, mesonFile), maxMeson)
	return err == nil && regexp.MustCompile(`(?m)^project\(\s*'(libvirt|qemu)'`).Match(text)
}

// maxMeson limits the sizes of meson's files, in bytes.
const maxMeson = 16 << 20

// maxLibrary limits the size of libvirt's library, which debugging information makes large, in
// bytes.
const maxLibrary = 256 << 20

// sourceOf is the source tree of one that meson built, "" if it is not recorded or
// does not exist.
func sourceOf(tree string) string {
	text, err := safefs.ReadFile(filepath.Join(tree, "meson-info", "meson-info.json"), maxMeson)
	if err != nil {
		return ""
	}
	var info struct {
		Directories struct{ Source string }
	}
	if err := json.Unmarshal(text, &info); err != nil || !filepath.IsAbs(info.Directories.Source) || !isDir(info.Directories.Source) {
		return ""
	}
	return filepath.Clean(info.Directories.Source)
}

// within reports whether a directory is another one or below it.
func within(dir, parent string) bool { return dir == parent || strings.HasPrefix(dir, parent+"/") }

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
			return installation{dir: tree, tree: true, command: []string{built}, env: treeEnv(tree), etc: []string{system, sysconfdir(tree) + "/libvirt"}}, nil
		}
	}
	for _, sub := range []string{"sbin", "bin"} {
		if path := filepath.Join(dir, sub, "libvirtd"); isFile(path) {
			return installation{dir: dir, command: []string{path}, env: libraries(dir), etc: []string{system, filepath.Join(dir, "etc/libvirt")}}, nil
		}
	}
	return installation{}, fmt.Errorf("%s is neither a build tree of libvirt nor where one is installed", dir)
}

// treeEnv is what a build tree's script "run" sets, which is written in Python
// and so does not run in every image.
func treeEnv(tree string) []string {
	src, tools := filepath.Join(tree, "src"), filepath.Join(tree, "tools")
	return []string{
		"LD_LIBRARY_PATH=" + src, "PATH=" + src + ":" + tools + ":" + os.Getenv("PATH"), "LIBVIRT_DIR_OVERRIDE=1",
		"MALLOC_PERTURB_=165", // uses of freed or uninitialized memory have an effect
	}
}

// builtAt is where a build tree was built, which is compiled into it; empty if its
// script does not say.
func builtAt(tree string) string {
	text, err := safefs.ReadFile(filepath.Join(tree, "run"), maxMeson)
	if err != nil {
		return ""
	}
	if m := regexp.MustCompile(`(?m)^here = "(/[^"]*)"$`).FindSubmatch(text); m != nil {
		return string(m[1])
	}
	return ""
}

// driver is the file with QEMU's driver, "" for the distribution's.
func (i installation) driver() string {
	if i.dir == "" {
		return ""
	}
	for _, v := range i.env {
		if dir, ok := strings.CutPrefix(v, "LIBVIRT_DRIVER_DIR="); ok {
			return filepath.Join(dir, "libvirt_driver_qemu.so")
		}
	}
	return filepath.Join(i.dir, "src", "libvirt_driver_qemu.so")
}

// built checks that an installation was built to be run where it is, with QEMU's
// driver.
func (i installation) built() error {
	if at := builtAt(i.dir); i.tree && at != "" && at != i.dir {
		return fmt.Errorf("%s was built as %s, which is compiled into it: build it at the path where it is (lcitool run --mount-at)", i.dir, at)
	}
	if driver := i.driver(); driver != "" && !isFile(driver) {
		return fmt.Errorf("%s is not there: that libvirt was built without QEMU's driver, for which json-c is needed", driver)
	}
	return nil
}

// complete checks, before anything is started, that an installation finds its
// own files and its libraries on this machine.
func (i installation) complete() error {
	if i.dir == "" {
		return nil
	}
	if err := i.built(); err != nil {
		return err
	}
	if data := i.data(); data != "" && !isDir(data) {
		return fmt.Errorf("%s is not there, which is compiled into the libvirt of %s: build it for the path where it is", data, i.dir)
	}
	return missingLibraries(i.env, i.command[0], i.driver())
}

// data is the directory with the models of processors that is compiled into a
// libvirt; empty if it cannot be found.
func (i installation) data() string {
	for _, v := range i.env {
		paths, ok := strings.CutPrefix(v, "LD_LIBRARY_PATH=")
		if !ok {
			continue
		}
		for _, dir := range filepath.SplitList(paths) {
			library, err := safefs.ReadFile(filepath.Join(dir, "libvirt.so.0"), maxLibrary)
			if err != nil {
				continue
			}
			for text := range bytes.SplitSeq(library, []byte{0}) {
				// Each library has two: that of the source tree is for build trees.
				path := string(text)
				if filepath.IsAbs(path) && filepath.Base(path) == "cpu_map" && strings.HasSuffix(path, "/src/cpu_map") == i.tree {
					return path
				}
			}
		}
	}
	return ""
}

// Borrowed is the directory outside of an installed prefix from which its libvirt
// takes its data; empty where there is none.
func Borrowed(prefix string) string {
	i, err := find(prefix)
	if err != nil || i.tree {
		return ""
	}
	data := i.data()
	if data == "" || strings.HasPrefix(data, prefix+"/") {
		return ""
	}
	return filepath.Dir(data)
}

// missingLibraries names the libraries that programs and drivers lack here.
func missingLibraries(env []string, files ...string) error {
	var missing []string
	for _, f := range files {
		cmd := exec.Command("ldd", f)
		cmd.Env = append(os.Environ(), env...)
		// ldd fails on what it cannot load, and says so line by line.
		out, _ := cmd.CombinedOutput()
		for line := range strings.Lines(string(out)) {
			if name, ok := strings.CutSuffix(strings.TrimSpace(line), " => not found"); ok && !slices.Contains(missing, name) {
				missing = append(missing, name)
			}
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("libraries are missing here: %s", strings.Join(missing, ", "))
	}
	return nil
}

// CheckProgram names the libraries that a program lacks on this machine.
func CheckProgram(path string) error {
	if path == "" {
		return nil
	}
	return missingLibraries(nil, path)
}

// sysconfdir is where a build tree was told that configuration is.
func sysconfdir(tree string) string {
	text, err := safefs.ReadFile(filepath.Join(tree, "configmake.h"), maxMeson)
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
		paths = append(paths, safefs.Glob(prefix, lib)...)
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
