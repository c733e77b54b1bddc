// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// These tests are named after numbered defects of the original in its output. Each shows
// that harmless input still gives the same output.

func project(mappings string, packages ...string) string {
	return "-- d/mappings.yml --\n" + mappings + "\n-- d/projects/p.yml --\npackages: [" + strings.Join(packages, ", ") + "]\n"
}

func TestD12SingleNameIsQuoted(t *testing.T) {
	for _, c := range []struct{ name, section, value, want string }{
		{"pip requirement", "pypi_mappings", "foo>=1.0", "RUN /usr/bin/pip3 install 'foo>=1.0'\n"},
		{"pip command", "pypi_mappings", "Foo; touch /x", "RUN /usr/bin/pip3 install 'Foo; touch /x'\n"},
		{"pip harmless", "pypi_mappings", "foo==1.0", "RUN /usr/bin/pip3 install foo==1.0\n"},
		{"cpan", "cpan_mappings", "$(touch /x)", "RUN cpanm --notest '$(touch /x)'\n"},
		{"cpan harmless", "cpan_mappings", "Archive::Tar", "RUN cpanm --notest Archive::Tar\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := project("mappings: {x: {default: }}\n"+c.section+": {x: {default: '"+c.value+"'}}", "x")
			has(t, lcitool(t, files, "-d", "d", "dockerfile", "alpine-edge", "p").ok(t).stdout, c.want)
		})
	}
	t.Run("foreign", func(t *testing.T) {
		files := project("mappings: {x: {deb: '`id`', cross-policy-default: foreign}}", "x")
		r := lcitool(t, files, "-d", "d", "dockerfile", "debian-12", "p", "-x", "s390x").ok(t)
		has(t, r.stdout, "install --no-install-recommends -y '`id`:s390x' && \\\n")
	})
}

func TestD13ShellVariablesAreEscaped(t *testing.T) {
	files := project(`mappings: {x: {default: "it's"}, y: {default: '$(id)'}, z: {default: zlib}}`, "x", "y", "z")
	r := lcitool(t, files, "-d", "d", "variables", "freebsd-14", "p").ok(t)
	for _, shell := range []string{"sh", "bash"} {
		out, err := exec.CommandContext(t.Context(), shell, "-c", r.stdout+`printf '%s' "$PKGS"`).Output()
		if want := "$(id) ca_root_nss git it's zlib"; err != nil || string(out) != want {
			t.Errorf("%s reads %q (%v), want %q", shell, out, err, want)
		}
	}
	has(t, r.stdout, "\nMAKE='/usr/local/bin/gmake'\n")
	files = project(`mappings: {x: {default: "two words"}}`, "x")
	lcitool(t, files, "-d", "d", "variables", "freebsd-14", "p").fails(t,
		`Application error: package name "two words" has a blank in it and cannot stand in a shell list`)
}

func TestD14YAMLIsQuotedAndComplete(t *testing.T) {
	files := project("mappings: {a: {default: 'foo: bar'}, b: {default: '*x'}, c: {}, d: {}, e: {default: g++}}\n"+
		"pypi_mappings: {c: {default: 'meson==0.56.0'}}\ncpan_mappings: {d: {default: 'App::x'}}", "a", "b", "c", "d", "e")
	r := lcitool(t, files, "-d", "d", "variables", "-f", "yaml", "openbsd-78", "p").ok(t)
	var got map[string][]string
	if err := yaml.Unmarshal([]byte(r.stdout), &got); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string][]string{"packages": {"foo: bar", "*x", "g++"}, "pypi_packages": {"meson==0.56.0"}, "cpan_packages": {"App::x"}} {
		for _, name := range want {
			if !slices.Contains(got[key], name) {
				t.Errorf("%s has no %q: %v", key, name, got[key])
			}
		}
	}
	has(t, r.stdout, "\n  - g++\n")
	r = lcitool(t, project("mappings: {e: {default: g++}}", "e"), "-d", "d", "variables", "-f", "yaml", "openbsd-78", "p").ok(t)
	hasNot(t, r.stdout, "pypi", "cpan")
}

func TestD15TargetFactsAreChecked(t *testing.T) {
	for value, char := range map[string]string{
		`a"b`: `"`, "/usr/bin/make; id": ";", "/usr/bin/$(id)": "$", "/usr/bin/`id`": "`", `/usr/bin/ma\ke`: `\`, "/usr/bin/\nRUN id": "\n",
	} {
		quoted, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		r := lcitool(t, project("", "make")+"-- d/targets/debian-12.yml --\npaths: {make: "+string(quoted)+"}\n", "-d", "d", "dockerfile", "debian-12", "p")
		r.fails(t, "Targets error: d/targets/debian-12.yml:1: paths.make: "+string(quoted)+" is not a program's name or path: "+strconv.Quote(char)+" is not allowed in it")
	}
	r := lcitool(t, project("", "make")+"-- d/targets/debian-12.yml --\npaths: {make: /opt/make-4.4/bin/make}\n", "-d", "d", "dockerfile", "debian-12", "p").ok(t)
	has(t, r.stdout, "\nENV MAKE=\"/opt/make-4.4/bin/make\"")
	files := project("mappings: {x: {}}\npypi_mappings: {x: {default: foo}}", "x") + "-- d/targets/debian-12.yml --\npaths: {pip3: pip3}\n"
	has(t, lcitool(t, files, "-d", "d", "dockerfile", "debian-12", "p").ok(t).stdout, "\nRUN pip3 install foo\n")
}

func TestD16BuildEnvScriptRefusesTargetsItCannotSetUp(t *testing.T) {
	for _, target := range []string{"freebsd-14", "openbsd-78", "macos-14"} {
		lcitool(t, project("", "gcc"), "-d", "d", "buildenvscript", target, "p").fails(t,
			"Shell build env formatter error: Target "+target+" doesn't support this generator",
			"hint: no image of "+target+` exists; "lcitool variables `+target+` PROJECTS" lists what a machine needs`)
	}
	has(t, lcitool(t, project("", "gcc"), "-d", "d", "buildenvscript", "alpine-323", "p").ok(t).stdout, "    apk add ")
}

func TestD17PipAlonePutsTheDistributionsRefusalAway(t *testing.T) {
	const fix = "    rm -f /usr/lib*/python3*/EXTERNALLY-MANAGED && \\\n"
	files := project("mappings: {x: {}}\npypi_mappings: {x: {default: foo}}", "x")
	for _, target := range []string{"debian-12", "alpine-323", "fedora-44"} {
		has(t, lcitool(t, files, "-d", "d", "dockerfile", target, "p").ok(t).stdout, fix)
	}
	hasNot(t, lcitool(t, project("", "gcc"), "-d", "d", "dockerfile", "debian-12", "p").ok(t).stdout, "EXTERNALLY-MANAGED")
}

func TestD18HeaderIsAComment(t *testing.T) {
	files := project("", "gcc")
	for _, args := range [][]string{
		{"dockerfile", "debian-12", "p", "--base", "a\nRUN evil"},
		{"dockerfile", "debian-12", "p", "--base", "a RUN"},
		{"dockerfile", "debian-12", "p", "--base", "--platform=x"},
		{"dockerfile", "debian-12", "p", "--base", "a$B"},
	} {
		r := lcitool(t, files+"-- d\r/projects/p.yml --\npackages: []\n", append([]string{"-d", "d"}, args...)...)
		if r.status != 1 || r.stdout != "" || strings.Count(r.stderr, "\n") != 1 {
			t.Errorf("%q: %+v", args, r)
		}
	}
	r := lcitool(t, "-- it's mine/projects/p.yml --\npackages: []\n", "-d", "it's mine", "dockerfile", "debian-12", "p", "-l", "native", "-b", "localhost:5000/debian:12").ok(t)
	has(t, r.stdout, "\n#  $ lcitool dockerfile --base localhost:5000/debian:12 --layers native debian-12 p\n#\n",
		"\n\nFROM localhost:5000/debian:12\n")
}

func TestD19HeaderReproducesTheFile(t *testing.T) {
	files := project("", "gcc")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-d", "d", "variables", "debian-12", "p", "-f", "yaml"}, "variables --format yaml debian-12 p"},
		{[]string{"-d", "d", "variables", "debian-12", "p", "--host-arch", "s390x"}, "variables --host-arch s390x debian-12 p"},
		{[]string{"-d", "d", "dockerfile", "debian-12", "p", "-x", "s390x"}, "dockerfile --layers all --cross-arch s390x debian-12 p"},
		{[]string{"-d", "d", "buildenvscript", "debian-12", "p"}, "buildenvscript debian-12 p"},
	} {
		first := lcitool(t, files, c.args...).ok(t)
		_, line, _ := strings.Cut(first.stdout, "$ lcitool ")
		line, _, _ = strings.Cut(line, "\n")
		if line != c.want {
			t.Errorf("recorded %q, want %q", line, c.want)
		}
		if again := lcitoolHere(t, append([]string{"-d", "d"}, strings.Fields(line)...)...).ok(t); again.stdout != first.stdout {
			t.Errorf("%s: does not reproduce the file", line)
		}
	}
}

// No source says what would be better, so these are as in the original.
func TestD60SmallOnesStay(t *testing.T) {
	files := project("mappings: {x: {default: x, cross-policy-default: foreign}}", "x")
	has(t, lcitool(t, files, "-d", "d", "dockerfile", "debian-13", "p", "-x", "mips").ok(t).stdout, "dpkg --add-architecture mips")
	r := lcitool(t, files+"-- d/targets/debian-testing.yml --\n"+strings.Replace(debianTarget, "'99'", "Testing", 1),
		"-d", "d", "dockerfile", "debian-testing", "p", "-x", "riscv64").ok(t)
	has(t, r.stdout, "x:riscv64")
	lcitool(t, files, "-d", "d", "dockerfile", "freebsd-14", "p", "-x", "s390x").fails(t,
		"Docker formatter error: Target freebsd-14 (cross_arch=s390x) doesn't support this generator",
		`hint: no image of freebsd-14 exists; "lcitool variables freebsd-14 PROJECTS" lists what a machine needs`)
	lcitool(t, "-- f/mappings.yml --\nmappings: {}\n", "--facts-dir", "f", "dockerfile", "debian-12", "all").fails(t,
		"Project error: Failed to expand 'all': Invalid project list '*'")
}

const debianTarget = `os: {name: Debian, version: '99'}
packaging: {format: deb, command: apt-get}
paths: {ccache: /usr/bin/ccache, make: /usr/bin/make, ninja: /usr/bin/ninja, pip3: /usr/bin/pip3, python: /usr/bin/python3}
containers: {base: 'docker.io/library/debian:99'}
`

// No source says what would be better, so the outputs are as in the original.
func TestD61CompilersAndLocaleStay(t *testing.T) {
	r := lcitool(t, project("", "clang", "g++", "gcc", "ccache"), "-d", "d", "dockerfile", "alpine-323", "p").ok(t)
	var links []string
	for _, line := range strings.Split(r.stdout, "\n") {
		if fields := strings.Fields(line); len(fields) > 3 && fields[0] == "ln" {
			links = append(links, filepath.Base(fields[3]))
		}
	}
	if want := []string{"c++", "cc", "clang", "g++", "gcc"}; !slices.Equal(links, want) {
		t.Errorf("wrappers %v, want %v", links, want)
	}
	has(t, r.stdout, "\nENV LANG=\"en_US.UTF-8\"\n")
}
