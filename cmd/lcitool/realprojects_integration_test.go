// SPDX-License-Identifier: GPL-2.0-or-later

//go:build integration

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"gitlab.com/lcitool/lcitool/internal/aptsources"
)

// testRealProjects builds and tests other projects, from Debian's source packages, with the
// files that a maintainer would add to use lcitool.
func testRealProjects(t *testing.T, room *engineRoom) {
	apt := newSourceFetcher(t, "bookworm")
	for _, name := range []string{"fribidi", "libtasn1-6"} {
		t.Run(name, func(t *testing.T) {
			params := engineParams(t, room, "", "SOURCE="+apt.fetch(t, name))
			params.Files = []string{filepath.Join("testdata/realprojects", name+".txtar")}
			testscript.Run(t, params)
		})
	}
}

// A sourceFetcher fetches source packages without changing the machine's apt.
type sourceFetcher struct{ options []string }

// newSourceFetcher reads the index of a release's sources from the machine's mirror.
func newSourceFetcher(t *testing.T, suite string) *sourceFetcher {
	t.Helper()
	machine, err := aptsources.Read(os.DirFS("/"))
	if err != nil {
		t.Fatal(err)
	}
	lines := machine.Lines(suite, []string{"main"})
	if len(lines) == 0 {
		t.Fatal(aptsources.ErrNone)
	}
	for i, line := range lines {
		lines[i] = "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" + strings.TrimPrefix(line, "deb")
	}
	dir := t.TempDir()
	list := filepath.Join(dir, "sources.list")
	if err := os.WriteFile(list, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, sub := range []string{"lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	f := &sourceFetcher{options: []string{
		"-o", "Dir::Etc::SourceList=" + list, "-o", "Dir::Etc::SourceParts=/dev/null",
		"-o", "Dir::State::Lists=" + filepath.Join(dir, "lists"), "-o", "Dir::Cache=" + filepath.Join(dir, "cache"),
		"-o", "APT::Sandbox::User=", "-o", "Acquire::Languages=none", "-o", "Acquire::Retries=3", "-q",
	}}
	f.run(t, dir, "update")
	return f
}

// fetch returns a directory with the unpacked and patched sources of a package.
func (f *sourceFetcher) fetch(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	f.run(t, dir, "source", name)
	trees, err := filepath.Glob(filepath.Join(dir, "*", "debian"))
	if err != nil || len(trees) != 1 {
		t.Fatalf("sources of %s: %v, %v", name, trees, err)
	}
	tree := filepath.Dir(trees[0])
	t.Logf("%s", filepath.Base(tree))
	return tree
}

func (f *sourceFetcher) run(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "apt-get", append(f.options, args...)...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("apt-get %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}
