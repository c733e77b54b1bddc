// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// hostileStrings returns what a fork could write in place of any string.
func hostileStrings() []string {
	return []string{
		"a\nRUN touch EVIL", "a\r\nb", "'", `"`, "$(touch EVIL)", "`touch EVIL`", "${HOME}", "{}", "{0}", "%s%n", "a b", "; touch EVIL #", "&& touch EVIL",
		"a\\", "\\", "-o", "\x00", "\x1b[2J", "\u2028RUN touch EVIL", "\u202etxt", "../../etc/passwd", "~", "*", "!x", "&x", "<<EOF", "#", "", strings.Repeat("x", 100_000),
	}
}

// hostileFiles puts s in each place of a data directory that holds a string, by the place's
// name.
func hostileFiles(t *testing.T, s string) map[string]string {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	q := strings.ReplaceAll(string(text), "\x7f", `\u007f`)
	const (
		plain   = "-- d/mappings.yml --\nmappings: {x: {default: x}}\n"
		needs   = "-- d/projects/p.yml --\npackages: [x, make, ccache, gcc, meson, python3]\n"
		target  = "-- d/targets/debian-12.yml --\n"
		mapping = "-- d/mappings.yml --\n"
	)
	files := map[string]string{
		"package":      mapping + "mappings: {x: {default: " + q + "}}\n" + needs,
		"selector":     mapping + "mappings: {x: {" + q + ": x}}\n" + needs,
		"mapping":      mapping + "mappings: {x: {default: x}, " + q + ": {default: x}}\n" + needs,
		"section":      mapping + "mappings: {x: {default: x}}\n" + q + ": {y: {default: x}}\n" + needs,
		"pip":          mapping + "pypi_mappings: {x: {default: " + q + "}}\n" + needs,
		"cpan":         mapping + "cpan_mappings: {x: {default: " + q + "}}\n" + needs,
		"cross policy": mapping + "mappings: {x: {default: x, cross-policy-default: " + q + "}}\n" + needs,
		"need":         plain + "-- d/projects/p.yml --\npackages: [x, " + q + "]\n",
		"project key":  plain + "-- d/projects/p.yml --\npackages: [x]\n" + q + ": [y]\n",
		"target key":   plain + needs + target + q + ": {a: b}\n",
	}
	for _, key := range []string{
		"os.name", "os.version", "os.stable", "os.libosinfo_id", "packaging.format", "packaging.command", "packaging.repos",
		"paths.ccache", "paths.make", "paths.ninja", "paths.pip3", "paths.python", "containers.base", "cirrus.arch", "mirror.url", "mirror.suite",
	} {
		group, name, _ := strings.Cut(key, ".")
		value := q
		if name == "repos" {
			value = "[" + q + "]"
		}
		files[key] = plain + needs + target + group + ": {" + name + ": " + value + "}\n"
	}
	return files
}

var placed = regexp.MustCompile(`^(warning: )?([A-Za-z ]+ error: )?(Can't load (mappings|packages for '[^']*' from '[^']*'): )?d/[a-z]+(/[a-z0-9-]+)?\.yml:\d+: `)

// TestHostileStrings: nothing of s is executed, crashes or takes long. Each error is one
// line with a position, and no output has a line that s chose.
func TestHostileStrings(t *testing.T) {
	others := []string{
		"dockerfile debian-12 p -x s390x", "buildenvscript debian-12 p", "variables debian-12 p", "variables debian-12 p -f yaml",
		"explain debian-12 x", "facts diff debian-12 fedora-44 -p p", "facts lint", "projects", "targets",
	}
	for i, s := range hostileStrings() {
		files := hostileFiles(t, s)
		for n, place := range slices.Sorted(maps.Keys(files)) {
			if testing.Short() && (i+n)%15 != 0 { // each string in some of the places, each place with two of the strings
				continue
			}
			archive := files[place]
			dir := t.TempDir()
			write(t, dir, archive)
			t.Chdir(dir)
			for _, args := range []string{"dockerfile debian-12 p", others[(i+len(place))%len(others)]} {
				args = "-d d " + args
				start := time.Now()
				r := lcitoolHere(t, strings.Fields(args)...)
				if took := time.Since(start); took > time.Minute {
					t.Errorf("string %d as %s: %s took %v", i, place, args, took)
				}
				checkHostile(t, fmt.Sprintf("string %d as %s: %s", i, place, args), r)
			}
			if _, err := os.Stat("EVIL"); err == nil {
				t.Fatalf("string %d as %s was executed", i, place)
			}
		}
	}
}

func checkHostile(t *testing.T, what string, r ran) {
	t.Helper()
	if r.status != 0 && r.status != 1 {
		t.Errorf("%s: status %d", what, r.status)
	}
	for _, line := range strings.Split(r.stdout, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "RUN touch") || strings.ContainsAny(line, "\x00\x1b\r\u2028\u202e") {
			t.Errorf("%s: line %q", what, line)
		}
	}
	for _, line := range strings.Split(strings.TrimSuffix(r.stderr, "\n"), "\n") {
		unplaced := strings.HasPrefix(line, "hint: ") || strings.Contains(line, "has a blank in it") || strings.HasPrefix(line, "Package generic name resolution error: Package ")
		if line != "" && !unplaced && !placed.MatchString(line) || len(line) > 1000 {
			t.Errorf("%s: said %.300q", what, line)
		}
	}
	if r.status == 1 && r.stderr == "" && r.stdout == "" {
		t.Errorf("%s: failed without a word", what)
	}
}

// TestHostileTrees: unusual files and directories are ignored or reported.
func TestHostileTrees(t *testing.T) {
	nested := strings.Repeat("[", 100_000)
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'k'; c++ {
		bomb += fmt.Sprintf("%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", c, c, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1)
	}
	for _, c := range []struct{ name, file, text, want string }{
		{"large", "mappings.yml", strings.Repeat("# x\n", 10<<20/4), "Package generic name resolution error: Can't load mappings: d/mappings.yml: cannot read: larger than 2 MiB"},
		{"large project", "projects/p.yml", strings.Repeat(" ", 10<<20), "Project error: Can't load packages for 'p' from 'd/projects/p.yml': d/projects/p.yml: cannot read: larger than 2 MiB"},
		{"large target", "targets/debian-12.yml", strings.Repeat(" ", 10<<20), "Targets error: d/targets/debian-12.yml: cannot read: larger than 2 MiB"},
		{"deep", "mappings.yml", "mappings: " + nested, "Package generic name resolution error: Can't load mappings: d/mappings.yml:1: invalid YAML: exceeded max depth of 10000"},
		{"deep project", "projects/p.yml", "packages: " + nested, "Project error: Can't load packages for 'p' from 'd/projects/p.yml': d/projects/p.yml:1: invalid YAML: exceeded max depth of 10000"},
		{"aliases", "mappings.yml", bomb + "mappings: {x: {default: *k}}\n", ""},
		{"aliases in a project", "projects/p.yml", bomb + "packages: *j\n", "Project error: Can't load packages for 'p' from 'd/projects/p.yml': d/projects/p.yml:9: expected a string, got a list"},
		{"NUL", "mappings.yml", "mappings:\n  x:\n    default: \x00\n", "Package generic name resolution error: Can't load mappings: d/mappings.yml:3: character U+0000 cannot stand in YAML"},
		{"not UTF-8", "projects/p.yml", "packages:\n- \xe9\n", "Project error: Can't load packages for 'p' from 'd/projects/p.yml': d/projects/p.yml:2: byte 0xe9 is not UTF-8, expected text in UTF-8"},
		{"CRLF", "mappings.yml", "mappings:\r\n  x:\r\n    default: y\r\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "-- d/mappings.yml --\nmappings: {x: {default: x}}\n-- d/projects/p.yml --\npackages: [x]\n-- d/targets/x.yml/y --\n-- d/projects/folder.yml/x --\n")
			if err := os.WriteFile(filepath.Join(dir, "d", c.file), []byte(c.text), 0o644); err != nil {
				t.Fatal(err)
			}
			t.Chdir(dir)
			start := time.Now()
			r := lcitoolHere(t, "-d", "d", "dockerfile", "debian-12", "p")
			if took := time.Since(start); took > time.Minute {
				t.Errorf("took %v", took)
			}
			first := ""
			for _, line := range strings.Split(r.stderr, "\n") {
				if line != "" && first == "" && !strings.HasPrefix(line, "warning: ") {
					first = line
				}
			}
			if strings.HasPrefix(c.name, "aliases") && c.want == "" {
				if r.status != 1 || !strings.Contains(r.stderr, ": unknown key") && !strings.Contains(r.stderr, "invalid YAML: unknown anchor 'k' referenced") {
					t.Errorf("got %+v", r)
				}
				return
			}
			if first != c.want || (r.status == 0) != (c.want == "") {
				t.Errorf("status %d, said %.300q, want %q", r.status, first, c.want)
			}
		})
	}
}

func TestHostileFiles(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "-- d/projects/p.yml --\npackages: [gcc]\n")
	t.Chdir(dir)
	for _, err := range []error{
		os.Symlink("loop.yml", "d/projects/loop.yml"),
		os.Symlink("/dev/zero", "d/projects/zero.yml"),
		os.Symlink("nowhere", "d/projects/dangling.yml"),
		os.Symlink(".", "d/mappings"),
		os.Symlink("../d", "d/targets"),
		syscall.Mkfifo("d/projects/pipe.yml", 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	lcitoolHere(t, "-d", "d", "dockerfile", "debian-12", "p").ok(t)
	r := lcitoolHere(t, "-d", "d", "facts", "lint")
	for _, want := range []string{
		"d/projects/loop.yml: cannot read: too many levels of symbolic links\n", "d/projects/zero.yml: is not a regular file\n",
		"d/projects/dangling.yml: cannot read: no such file or directory\n", "d/projects/pipe.yml: is not a regular file\n",
	} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("no %q in:\n%s", want, r.stdout)
		}
	}
	if err := os.WriteFile("d/projects/a\nb.yml", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	lcitoolHere(t, "-d", "d", "projects").fails(t, "warning: d/projects/dangling.yml: cannot read: no such file or directory", `Application error: "d/projects/a\nb.yml": cannot use a file of such a name`)
}
