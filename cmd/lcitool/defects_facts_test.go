// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/stdio"
)

// These tests are named after numbered defects of the original in reading facts and in
// general behaviour.

// Each error in facts is one line, and only commands that use these facts report it.
func TestD48BadFactsHarmNobodyElse(t *testing.T) {
	for _, c := range []struct{ name, target, want string }{
		{"version not quoted", "os: {name: Debian, version: 12}", `d/targets/debian-12.yml:1: os.version: expected a string, got a number: quote it as "12"`},
		{"no mapping", "os: 5", "d/targets/debian-12.yml:1: expected a mapping, got a number"},
		{"not YAML", "os: [\n", "d/targets/debian-12.yml:1: invalid YAML: did not find expected node content"},
		{"null base", "\ncontainers: {base: }", `d/targets/debian-12.yml:2: key "containers.base" is missing`},
		{"null path", "paths:\n  pip3:\n", `d/targets/debian-12.yml:2: key "paths.pip3" is missing`},
		{"name that does not fit", "os: {name: Devuan}", `d/targets/debian-12.yml:1: OS name "Devuan" does not match file name debian-12.yml`},
		{"version that does not fit", "os: {version: '13'}", `d/targets/debian-12.yml:1: OS version "13" does not match version in file name debian-12.yml (12)`},
		{"unknown format", "packaging: {format: dep}", `d/targets/debian-12.yml:1: unknown packaging format "dep", expected one of apk, brew, deb, pkg, rpm`},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := project("", "gcc") + "-- d/targets/debian-12.yml --\n" + c.target + "\n"
			r := lcitool(t, files, "-d", "d", "dockerfile", "debian-12", "p")
			if first, _, _ := strings.Cut(r.stderr, "\n"); r.status != 1 || r.stdout != "" || first != "Targets error: "+c.want {
				t.Errorf("status %d, stderr:\n%swant:\n%s", r.status, r.stderr, c.want)
			}
			lcitoolHere(t, "-d", "d", "dockerfile", "fedora-43", "p").ok(t)
			lcitoolHere(t, "-d", "d", "targets").ok(t)
		})
	}
	for _, c := range []struct{ name, mapping, args, want string }{
		{"number", "\n  x: {default: 12}", "", `d/mappings.yml:2: expected a string, got a number: quote it as "12"`},
		{"boolean", "\n  x: {default: on}", "", `d/mappings.yml:2: expected a string, got a boolean: quote it as "on"`},
		{"list", "\n  x: {default: [a]}", "", "d/mappings.yml:2: expected a string, got a list"},
		{"policy", "\n  x: {cross-policy-default: bogus}", "-x s390x", `d/mappings.yml:2: mapping "x": cross-policy-default is "bogus", expected native, foreign or skip`},
		{"null policy", "\n  x: {cross-policy-default: }", "-x s390x", `d/mappings.yml:2: mapping "x": cross-policy-default is "", expected native, foreign or skip`},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := project("mappings:"+c.mapping, "x") + "-- d/projects/q.yml --\npackages: [gcc]\n"
			lcitool(t, files, append([]string{"-d", "d", "dockerfile", "debian-12", "p"}, strings.Fields(c.args)...)...).fails(t,
				"Package generic name resolution error: "+c.want)
			lcitoolHere(t, "-d", "d", "dockerfile", "debian-12", "q").ok(t)
		})
	}
	t.Run("null entry", func(t *testing.T) {
		lcitool(t, project("mappings: {x: }", "x"), "-d", "d", "dockerfile", "debian-12", "p").ok(t)
	})
	t.Run("empty target file", func(t *testing.T) {
		lcitool(t, project("", "gcc")+"-- d/targets/debian-12.yml --\n", "-d", "d", "dockerfile", "debian-12", "p").ok(t)
	})
	t.Run("project items", func(t *testing.T) {
		lcitool(t, "-- d/projects/p.yml --\npackages:\n- {a: b}\n- gcc\n- 5\n", "-d", "d", "dockerfile", "debian-12", "p").fails(t,
			"Project error: Can't load packages for 'p' from 'd/projects/p.yml': d/projects/p.yml:2: expected a string, got a mapping",
			`Project error: Can't load packages for 'p' from 'd/projects/p.yml': d/projects/p.yml:4: expected a string, got a number: quote it as "5"`)
	})
}

func TestD49MissingDataDirIsAnError(t *testing.T) {
	for _, verb := range []string{"projects", "targets", "dockerfile debian-12 all", "facts lint"} {
		lcitool(t, "-- file --\n", append([]string{"-d", "no/such"}, strings.Fields(verb)...)...).fails(t,
			`Application error: cannot use data directory "no/such": no such file or directory`)
		lcitoolHere(t, append([]string{"-d", "file"}, strings.Fields(verb)...)...).fails(t,
			`Application error: cannot use data directory "file": not a directory`)
	}
	lcitool(t, "", "projects").ok(t)
}

func TestD50DataDirReplacesListsAndEntries(t *testing.T) {
	files := project("mappings: {gcc: , make: {default: my-make}}", "gcc", "make") +
		"-- d/targets/opensuse-leap-15.yml --\npackaging: {repos: ['https://a/b.repo', 'https://c/{d}.repo']}\n" +
		"-- e/mappings.yml --\n-- e/projects/p.yml --\npackages: [make]\n"
	r := lcitool(t, files, "-d", "d", "dockerfile", "opensuse-leap-15", "p").ok(t)
	has(t, r.stdout, "zypper addrepo -fc https://a/b.repo && \\\n    zypper addrepo -fc 'https://c/{d}.repo' && \\\n", " my-make ")
	hasNot(t, r.stdout, "Backports", " gcc ")
	has(t, lcitoolHere(t, "-d", "e", "dockerfile", "opensuse-leap-15", "p").ok(t).stdout, " make ", "Backports")
}

func TestD51ReposAreRefusedWhereUnsupported(t *testing.T) {
	for _, target := range []string{"debian-12", "alpine-323", "fedora-44", "almalinux-9"} {
		files := project("", "gcc") + "-- d/targets/" + target + ".yml --\npackaging:\n  repos: ['https://a/b.repo']\n"
		r := lcitool(t, files, "-d", "d", "dockerfile", target, "p")
		if r.status != 1 || r.stdout != "" {
			t.Errorf("%s: %+v", target, r)
		}
		has(t, r.stderr, "Targets error: d/targets/"+target+".yml:2: packaging.repos not supported for ")
	}
	for _, url := range []string{"https://a/$(id)'", "a", "https://a b"} {
		files := project("", "gcc") + "-- d/targets/opensuse-leap-16.yml --\npackaging: {repos: [\"" + url + "\"]}\n"
		if r := lcitool(t, files, "-d", "d", "dockerfile", "opensuse-leap-16", "p"); r.status != 1 || r.stdout != "" {
			t.Errorf("%s: %+v", url, r)
		}
	}
}

func TestD52DroppedPackagesAreTold(t *testing.T) {
	files := project("mappings:\n  x: {Debain: foo}\n  y: {default: }", "x", "y")
	r := lcitool(t, files, "--debug", "-d", "d", "dockerfile", "debian-12", "p").ok(t)
	has(t, r.stderr, `msg="no package" mapping=x target=debian-12`, `msg="no package" mapping=y target=debian-12`,
		`warning: d/mappings.yml:2: mapping "x": unknown selector "Debain" (did you mean "Debian"?)`)
	lcitoolHere(t, "--strict", "-d", "d", "dockerfile", "debian-12", "p").fails(t,
		`Application error: d/mappings.yml:2: mapping "x": unknown selector "Debain" (did you mean "Debian"?)`)
	has(t, lcitoolHere(t, "-d", "d", "explain", "debian-12", "x").ok(t).stdout,
		"mapping x means nothing on debian-12: no selector of it matches\n")
}

func TestD53PipAndCpanAreLookedUpAlone(t *testing.T) {
	files := project("pypi_mappings: {x: {default: foo, s390x-default: bar}}\ncpan_mappings: {y: {default: 'A::B', x86_64-deb: 'C::D'}}", "x", "y")
	r := lcitool(t, files, "-d", "d", "dockerfile", "debian-12", "p", "-a", "x86_64").ok(t)
	has(t, r.stdout, "pip3 install foo\n", "cpanm --notest C::D\n")
	r = lcitoolHere(t, "-d", "d", "dockerfile", "debian-12", "p", "-a", "s390x").ok(t)
	has(t, r.stdout, "pip3 install bar\n", "cpanm --notest A::B\n")
	if r.stderr != "" {
		t.Errorf("said %q", r.stderr)
	}
	files = project("pypi_mappings: {x: {default: foo, cross-policy-deb: skip}}", "x")
	has(t, lcitool(t, files, "-d", "d", "dockerfile", "debian-12", "p").ok(t).stderr,
		`warning: d/mappings.yml:1: mapping "x": selector "cross-policy-deb" has no effect in pypi_mappings`)
}

func TestD62NoCacheFolderIsMade(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, cache := range []string{"", "/proc/x", filepath.Join(dir, "cache")} {
		a := &app{Streams: stdio.Streams{Stdin: os.Stdin, Stdout: io.Discard, Stderr: io.Discard, Getenv: func(name string) string {
			return map[string]string{"XDG_CACHE_HOME": cache, "HOME": dir}[name]
		}}}
		for _, verb := range []string{"targets", "projects", "dockerfile debian-12 libvirt", "version"} {
			if status := run(t.Context(), a, strings.Fields(verb)); status != 0 {
				t.Errorf("%s with %q: status %d", verb, cache, status)
			}
		}
	}
	if made, err := os.ReadDir(dir); err != nil || len(made) != 0 {
		t.Errorf("made %v (%v)", made, err)
	}
}

// failing is a stream whose reader has gone.
type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestD63BrokenPipeAndInterruptAreQuiet(t *testing.T) {
	for _, verb := range []string{"dockerfile debian-12 libvirt", "targets", "targets --format json", "variables debian-12 qemu", "explain debian-12 gcc", "facts diff debian-12 fedora-44", "version"} {
		var said strings.Builder
		pipe := &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.EPIPE}
		a := &app{Streams: stdio.Streams{Stdin: os.Stdin, Stdout: failing{pipe}, Stderr: &said, Getenv: func(string) string { return "" }}}
		if status := run(t.Context(), a, strings.Fields(verb)); status != 141 || said.String() != "" {
			t.Errorf("%s, broken pipe: status %d, said %q", verb, status, said.String())
		}
		full := errors.New("no space left on device")
		a = &app{Streams: stdio.Streams{Stdin: os.Stdin, Stdout: failing{full}, Stderr: &said, Getenv: func(string) string { return "" }}}
		if status := run(t.Context(), a, strings.Fields(verb)); status != 1 || !strings.Contains(said.String(), full.Error()) {
			t.Errorf("%s, full disk: status %d, said %q", verb, status, said.String())
		}
	}
}

func TestD64NonsenseIsRefusedOrTold(t *testing.T) {
	files := project("", "gcc")
	r := lcitool(t, files, "-d", "d", "dockerfile", "debian-12", "p", "--layers", "foreign").ok(t)
	if r.body() != "FROM docker.io/library/debian:12-slim" || r.stderr != "warning: without --cross-arch there is no foreign layer\n" {
		t.Errorf("got %+v", r)
	}
	for _, arch := range []string{"mingw32", "mingw64"} {
		r := lcitoolHere(t, "-d", "d", "dockerfile", "debian-12", "p", "--host-arch", arch)
		if r.status != 2 || r.stdout != "" {
			t.Errorf("got %+v", r)
		}
		has(t, r.stderr, "lcitool dockerfile: error: argument --host-arch: invalid choice: '"+arch+"'")
	}
	want := lcitoolHere(t, "version").ok(t)
	for _, args := range []string{"--version", "-v", "--version job list", "--version no-command", "no-command --version", "-c no/such.yml --version", "--data-dir no/such --version facts verify"} {
		if r := lcitoolHere(t, strings.Fields(args)...).ok(t); !strings.HasPrefix(r.stdout, "lcitool ") || r.stdout != want.stdout || r.stderr != "" {
			t.Errorf("%s: got %+v", args, r)
		}
	}
}

func TestD65ConfigIsReadWhenUsed(t *testing.T) {
	for _, verb := range []string{"targets", "projects", "version", "dockerfile debian-12 libvirt"} {
		lcitool(t, "", append([]string{"-c", "no/such.yml"}, strings.Fields(verb)...)...).ok(t)
	}
	verify := []string{"facts", "verify", "-t", "debian-12", "--offline"}
	r := lcitool(t, "", append([]string{"-c", "no/such.yml"}, verify...)...)
	if r.status != 2 || r.stdout != "" {
		t.Errorf("got %+v", r)
	}
	has(t, r.stderr, "usage: lcitool facts verify", "lcitool facts verify: error: argument --config: cannot read")
	r = lcitool(t, "-- c.yml --\nmirrors: [a]\n", append([]string{"-c", "c.yml"}, verify...)...)
	if r.status != 1 {
		t.Errorf("got %+v", r)
	}
	has(t, r.stderr, "Application error: c.yml:1: expected a mapping, got a list\n")
}
