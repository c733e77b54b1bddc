// SPDX-License-Identifier: GPL-2.0-or-later

package targets

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

func tree(name string, files map[string]string) facts.Layer {
	m := fstest.MapFS{}
	for file, text := range files {
		m[file] = &fstest.MapFile{Data: []byte(text)}
	}
	return facts.Layer{Name: name, FS: m}
}

const whole = `os: {name: Debian, version: '99'}
packaging: {format: deb, command: apt-get}
paths: {ccache: /usr/bin/ccache, make: /usr/bin/make, ninja: /usr/bin/ninja, pip3: /usr/bin/pip3, python: /usr/bin/python3}
containers: {base: 'docker.io/library/debian:99'}
`

func release(t *testing.T, name string, layers ...facts.Layer) (*Release, []string, error) {
	t.Helper()
	var warnings []string
	c, err := Load(Options{Layers: layers, Warn: func(f *facts.Problem) { warnings = append(warnings, f.Error()) }})
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Release(name)
	return r, warnings, err
}

func TestNearerFilesWin(t *testing.T) {
	below := tree("f", map[string]string{
		"opensuse-leap-99.yml": strings.NewReplacer("Debian", "OpenSUSE", "'99'", "Leap99", "deb,", "rpm,", "apt-get}", "zypper, repos: [http://a, http://b]}").Replace(whole),
		"all.yml":              "ansible_ssh_pass: root\nos: {stable: false}\npaths: {bash: /bin/bash, make: /never}\n",
	})
	for _, c := range []struct {
		name, near string
		check      func(*Release) any
		want       string
	}{
		{"nothing", "", func(r *Release) any { return r.Packaging.Repos }, "[http://a http://b]"},
		{"scalar", "paths: {make: /usr/bin/gmake}", func(r *Release) any { return r.Paths.Make + r.Paths.Ninja }, "/usr/bin/gmake/usr/bin/ninja"},
		{"list", "packaging: {repos: ['http://c']}", func(r *Release) any { return r.Packaging.Repos }, "[http://c]"},
		{"empty list", "packaging: {repos: []}", func(r *Release) any { return r.Packaging.Repos }, "[]"},
		{"null list", "packaging: {repos: }", func(r *Release) any { return r.Packaging.Repos }, "[]"},
		{"null group", "containers:", func(r *Release) any { return r.Containers == nil }, "true"},
		{"empty group", "containers: {}", func(r *Release) any { return r.Containers.Base }, "docker.io/library/debian:99"},
		{"all.yml fills", "", func(r *Release) any { return fmt.Sprint(r.OS.Stable, r.Paths.Bash, r.Paths.Make) }, "false/bin/bash/usr/bin/make"},
		{"nearer than all.yml", "os: {stable: yes}", func(r *Release) any { return r.OS.Stable }, "true"},
		{"merge key", "x: &x {make: /a}\npaths: {<<: *x}", func(r *Release) any { return r.Paths.Make }, "/a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, _, err := release(t, "opensuse-leap-99", tree("d", map[string]string{"opensuse-leap-99.yml": c.near}), below)
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(c.check(r)); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestTargetFaults(t *testing.T) {
	with := func(old, changed string) string {
		if !strings.Contains(whole, old) {
			t.Fatalf("no %q", old)
		}
		return strings.Replace(whole, old, changed, 1)
	}
	for _, c := range []struct{ name, text, want string }{
		{"name", with("Debian", "Devuan"), `d/debian-99.yml:1: OS name "Devuan" does not match file name debian-99.yml`},
		{"name in other letters", with("Debian", "DEBIAN"), ""},
		{"version", with("'99'", "'9.9'"), `d/debian-99.yml:1: OS version "9.9" does not match version in file name debian-99.yml (99)`},
		{"version a number", with("'99'", "99"), `d/debian-99.yml:1: os.version: expected a string, got a number: quote it as "99"`},
		{"stable no boolean", with("'99'", "'99', stable: maybe"), `d/debian-99.yml:1: os.stable: expected true or false, got a string`},
		{"no group", with("os:", "so:"), "d/debian-99.yml:1: key \"os.name\" is missing\nd/debian-99.yml:1: key \"os.version\" is missing"},
		{"keys of a target that is gone", "cirrus: {image_name: x}\n", `d/debian-99.yml:1: the keys os.name, os.version and packaging.format are missing, and no other facts have the target "debian-99"`},
		{"group a list", with("{format: deb, command: apt-get}", "[deb]"), "d/debian-99.yml:2: key \"packaging.format\" is missing\nd/debian-99.yml:2: key \"packaging.command\" is missing\nd/debian-99.yml:2: expected a mapping, got a list"},
		{"format", with("deb,", "dep,"), `d/debian-99.yml:2: unknown packaging format "dep", expected one of apk, brew, deb, pkg, rpm`},
		{"command", with("apt-get", "'apt-get; id'"), `d/debian-99.yml:2: packaging.command: "apt-get; id" is not a command: ";" is not allowed in it`},
		{"command of words", with("apt-get", "'env A=1 apt-get -q'"), ""},
		{"command with two blanks", with("apt-get", "'apt-get  -q'"), `d/debian-99.yml:2: packaging.command: "apt-get  -q" is not a command: it begins with "-", or has blanks at an end or in a row`},
		{"path a list", with("/usr/bin/make", "[a]"), `d/debian-99.yml:3: paths.make: expected a string, got a list`},
		{"path a word", with("/usr/bin/make", "make"), ""},
		{"path a word with a version", with("/usr/bin/make", "g++-14.2_x"), ""},
		{"path in the home directory", with("/usr/bin/make", "~/bin/make"), ""},
		{"path relative", with("/usr/bin/make", "bin/make"), ""},
		{"path empty", with("/usr/bin/make", "''"), `d/debian-99.yml:3: paths.make: "" is not a program's name or path: it is empty`},
		{"path an option", with("/usr/bin/make", "-n"), `d/debian-99.yml:3: paths.make: "-n" is not a program's name or path: it begins with a blank or with "-"`},
		{"path a variable", with("/usr/bin/make", "$HOME/make"), `d/debian-99.yml:3: paths.make: "$HOME/make" is not a program's name or path: "$" is not allowed in it`},
		{"path with a glob", with("/usr/bin/make", "make*"), `d/debian-99.yml:3: paths.make: "make*" is not a program's name or path: "*" is not allowed in it`},
		{"path not ASCII", with("/usr/bin/make", "/usr/bin/mäke"), `d/debian-99.yml:3: paths.make: "/usr/bin/mäke" is not a program's name or path: "ä" is not allowed in it`},
		{"mirror", whole + "mirror: {url: example.org, keyring: a/b}\n", `d/debian-99.yml:5: mirror.url: "example.org" is not a URL: it does not begin with a scheme such as "https://"` + "\n" +
			`d/debian-99.yml:5: mirror.keyring: "a/b" is not an absolute path: it does not begin with "/"`},
		{"repos", with("apt-get}", "apt-get, repos: [http://a]}"), `d/debian-99.yml:2: packaging.repos not supported for Debian`},
		{"repos a string", with("apt-get}", "apt-get, repos: http://a}"), `d/debian-99.yml:2: packaging.repos: expected a list, got a string`},
		{"base", with("'docker.io/library/debian:99'", `"a\nRUN id"`), `d/debian-99.yml:4: containers.base: "a\nRUN id" is not an image reference: "\n" is not allowed in it`},
		{"base an option", with("'docker.io/library/debian:99'", "--platform=x"), `d/debian-99.yml:4: containers.base: "--platform=x" is not an image reference: it begins with a character that image references do not begin with`},
		{"cirrus with a blank", whole + "cirrus: {instance_type: a b, image_selector: b, image_name: c, arch: x86_64}\n", `d/debian-99.yml:5: cirrus.instance_type: "a b" is not a word: " " is not allowed in it`},
		{"cirrus", whole + "cirrus: {instance_type: a, image_selector: b, image_name: c, arch: d}\n", "d/debian-99.yml:5: Unsupported architecture d"},
		{"compilers", whole + "cross: {compilers: {x86_64: [s390x, vax], vax: [], s390x: x86_64}}\n", "d/debian-99.yml:5: cross.compilers.x86_64: Unsupported architecture vax\nd/debian-99.yml:5: cross.compilers.s390x: expected a list, got a string"},
		{"not YAML", "os: [", "d/debian-99.yml:1: invalid YAML: did not find expected node content"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := release(t, "debian-99", tree("d", map[string]string{"debian-99.yml": c.text}))
			got := ""
			if err != nil {
				got = err.Error()
			}
			if c.name == "not YAML" {
				got, _, _ = strings.Cut(got, "\n")
			}
			if got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestUnknownKeysAreWarnings(t *testing.T) {
	text := "os: {name: Hurd}\n" + whole + "packging: {format: rpm}\nmirror: {url: 'http://a', repos: {any: b}, surl: c}\n5: {a: b}\n"
	_, warnings, err := release(t, "debian-99", tree("d", map[string]string{"debian-99.yml": text}))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`d/debian-99.yml:2: key "os" appears twice, first in line 1: the last one counts`,
		`d/debian-99.yml:8: unknown key "5"`,
		`d/debian-99.yml:7: unknown key "mirror.surl" (did you mean "mirror.url"?)`,
		`d/debian-99.yml:6: unknown key "packging" (did you mean "packaging"?)`,
	}
	if strings.Join(warnings, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q", warnings)
	}
}

func TestTargetsThatAreNotThere(t *testing.T) {
	layer := tree("d", map[string]string{"debian-99.yml": whole, "all.yml": "", "x.yaml": "", "y.yml/z": "", ".yml": ""})
	c, err := Load(Options{Layers: []facts.Layer{layer}})
	if err != nil {
		t.Fatal(err)
	}
	if names := fmt.Sprint(c.Names()); names != "[debian-99]" {
		t.Errorf("names %s", names)
	}
	for name, want := range map[string]string{
		"all": "Target not found: all", "": "Target not found: ", "debian-9": "Target not found: debian-9",
		"../x": "Target not found: ../x", "a\nb": `Target not found: a\nb`,
	} {
		if _, err := c.Release(name); err == nil || err.Error() != want {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestCrossRules(t *testing.T) {
	for _, c := range []struct {
		os, version, arch, want string
	}{
		{"Debian", "12", "s390x", ""}, {"Debian", "12", "x86_64", ""}, {"Debian", "13", "riscv64", ""}, {"Debian", "Sid", "riscv64", ""},
		{"Debian", "12", "mips64el", ""}, {"Debian", "Sid", "mipsel", ""}, {"Debian", "12.5", "mipsel", ""}, {"Fedora", "44", "mingw64", ""},
		{"Debian", "12", "riscv64", "Cross compiling for riscv64 is not supported on Debian < 13"},
		{"Debian", "12.9", "riscv64", "Cross compiling for riscv64 is not supported on Debian < 13"},
		{"Debian", "13", "mipsel", "Cross compiling for mipsel is not supported on Debian > 12"},
		{"Debian", "13", "mips64el", "Cross compiling for mips64el is not supported on Debian > 12"},
		{"Debian", "Sid", "mingw32", "Cannot cross compile for mingw32 on Debian"},
		{"Fedora", "Rawhide", "s390x", "Cannot cross compile for s390x on Fedora"},
		{"Ubuntu", "2404", "s390x", "Cannot cross compile on Ubuntu"},
		{"FreeBSD", "14", "mingw64", "Cannot cross compile on FreeBSD"},
	} {
		r := &Release{OS: OS{Name: c.os, Version: c.version}}
		of, err := new(distributionReader).of(r.OS)
		if err != nil {
			t.Fatal(err)
		}
		r.CrossLimit = of.Cross
		_, err = r.For("x86_64", Arch(c.arch))
		if got := fmt.Sprint(err); err == nil && c.want != "" || err != nil && got != c.want {
			t.Errorf("%s %s for %s: %v", c.os, c.version, c.arch, err)
		}
	}
}

// FuzzTarget: errors of a target begin with its file; accepted values are safe in a command.
func FuzzTarget(f *testing.F) {
	files, err := fs.Glob(embedded, "debian-*.yml")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, file := range files {
		data, err := fs.ReadFile(embedded, file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(whole))
	f.Add([]byte("os: &o {<<: *o}\npaths: *o\nmirror: {repos: *o}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, _, err := release(t, "debian-12", tree("d", map[string]string{"debian-12.yml": string(data)}), tree("f", map[string]string{"debian-12.yml": strings.Replace(whole, "99", "12", 1)}))
		if err != nil {
			for _, line := range strings.Split(err.Error(), "\n") {
				if !strings.HasPrefix(line, "d/debian-12.yml:") && !strings.HasPrefix(line, "f/debian-12.yml:") {
					t.Errorf("no place in %q", line)
				}
			}
			return
		}
		words := r.Packaging.Command + r.Paths.CCache + r.Paths.Make + r.Paths.Ninja + r.Paths.Pip3 + r.Paths.Python
		if r.Containers != nil {
			words += r.Containers.Base
		}
		if strings.ContainsAny(words, "\n\r\"'`$\\;&|<>()*?[]#!{}") {
			t.Errorf("unsafe: %q", words)
		}
	})
}

// TestLintOfTheSharedFile: what all targets would fail for does not pass.
func TestLintOfTheSharedFile(t *testing.T) {
	for text, want := range map[string]string{
		"[]":                           "near/all.yml:1: expected a mapping, got a list",
		"os: 5":                        "near/all.yml:1: expected a mapping, got a number",
		"containrs: {}":                `near/all.yml:1: unknown key "containrs" (did you mean "containers"?)`,
		"ansible_ssh_pass: root\nos: ": "",
	} {
		layers := []facts.Layer{
			{Name: "near", FS: fstest.MapFS{"all.yml": {Data: []byte(text)}}},
			{Name: "far", FS: fstest.MapFS{"all.yml": {Data: []byte("nosuch: {}")}}},
		}
		_, lines := facts.ListFindings(Lint(layers, 1))
		if strings.Join(lines, "\n") != want {
			t.Errorf("%q: %q, want %q", text, lines, want)
		}
	}
}

// TestDanglingTargetsAreWarnings: a link that leads nowhere does not override a target, which
// the original lcitool leaves unsaid.
func TestDanglingTargetsAreWarnings(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink("nosuch", filepath.Join(dir, "debian-13.yml")); err != nil {
		t.Fatal(err)
	}
	var warnings []string
	c, err := Load(Options{
		Layers: []facts.Layer{{Name: "d", FS: safefs.DirFS(dir)}, BuiltIn()},
		Warn:   func(f *facts.Problem) { warnings = append(warnings, f.Error()) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Release("debian-13"); err != nil || strings.Join(warnings, "\n") != "d/debian-13.yml: cannot read: no such file or directory" {
		t.Errorf("%v, %q", err, warnings)
	}
}
