// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"gitlab.com/lcitool/lcitool/internal/stdio"
	"gitlab.com/lcitool/lcitool/manifests"
	"gitlab.com/lcitool/lcitool/targets"
)

// A manifestCase is a command line of the original whose body is also in a file of a
// manifest.
type manifestCase struct {
	id       string
	target   string
	projects string // as on the command line
	arch     string // of the job
	file     string // below the CI folder
	want     []byte // the body with the end of its last line
}

// TestManifestBodies compares the files of a manifest with the output of commands for the
// same targets and projects.
func TestManifestBodies(t *testing.T) {
	a := &app{Streams: stdio.Streams{Stdin: os.Stdin, Stdout: io.Discard, Stderr: io.Discard, Getenv: func(string) string { return "" }}}
	a.prepare()
	catalogue, err := a.workspace().Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	var cases []manifestCase
	for _, name := range catalogue.Names() {
		release, err := catalogue.Release(name)
		if err != nil {
			t.Fatal(err)
		}
		lines := []string{"variables " + name + " libvirt"}
		if release.Containers != nil {
			lines = []string{"dockerfile " + name + " libvirt", "buildenvscript " + name + " libvirt-python"}
			for _, arch := range targets.Arches() {
				if _, err := release.For("x86_64", arch); err == nil && arch != "x86_64" {
					lines = append(lines, "dockerfile "+name+" libvirt --cross-arch "+string(arch))
				}
			}
		}
		host := "x86_64"
		if release.Cirrus != nil {
			host = string(release.Cirrus.Arch)
		}
		for _, line := range lines {
			args := append(strings.Fields(line), "--host-arch", host)
			c, ok := inManifest(t, line, args)
			if !ok {
				t.Fatalf("%s is in no manifest", line)
			}
			_, c.want, _ = bytes.Cut(runOutput(t, args...), []byte("\n\n"))
			cases = append(cases, c)
		}
	}
	compareManifests(t, cases)
}

// TestManifestConformance does the same with the original's bodies, if they are available.
func TestManifestConformance(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(conformance, "cases.csv"))
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var cases []manifestCase
	for _, row := range rows[1:] {
		c, ok := inManifest(t, row[0], strings.Fields(row[1]))
		if !ok {
			continue
		}
		want, err := os.ReadFile(filepath.Join(conformance, "expected", c.id))
		if err != nil {
			t.Fatal(err)
		}
		c.want = append(bytes.TrimSuffix(want, []byte("\n")), '\n')
		cases = append(cases, c)
	}
	// Left out are rows with a base image, some layers, another build machine, or variables
	// that no Cirrus job has.
	if without := len(rows) - 1 - len(cases); without > 10 {
		t.Fatalf("%d of %d command lines are in no manifest", without, len(rows)-1)
	}
	compareManifests(t, cases, "-d", mayFacts)
}

// compareManifests writes as many manifests as the cases need: a manifest has one list of
// projects for each target.
func compareManifests(t *testing.T, cases []manifestCase, options ...string) {
	t.Helper()
	for i, round := range rounds(cases) {
		dir := t.TempDir()
		writeManifest(t, dir, round)
		runOutput(t, append(options, "manifest", "--base-dir", dir)...)
		for _, c := range round {
			t.Run(fmt.Sprintf("%d/%s", i, c.id), func(t *testing.T) { compareBody(t, filepath.Join(dir, "ci", c.file), c.want) })
		}
	}
}

// inManifest returns the file of a manifest with the body of a command line, if there is
// one.
func inManifest(t *testing.T, id string, args []string) (c manifestCase, ok bool) {
	t.Helper()
	flags := pflag.NewFlagSet(args[0], pflag.ContinueOnError)
	host := flags.String("host-arch", "", "")
	cross := flags.String("cross-arch", "", "")
	base := flags.String("base", "", "")
	layers := flags.String("layers", "", "")
	format := flags.StringP("format", "f", "shell", "")
	if err := flags.Parse(args[1:]); err != nil || flags.NArg() != 2 {
		t.Fatalf("%s: %v", id, err)
	}
	c = manifestCase{id: id, target: flags.Arg(0), projects: flags.Arg(1), arch: cmp.Or(*cross, *host)}
	name := c.target
	if *cross != "" {
		name += "-cross-" + *cross
	}
	image := *host == "x86_64" && *base == "" && *layers == ""
	switch args[0] {
	case "dockerfile":
		c.file = "containers/" + name + ".Dockerfile"
		return c, image
	case "buildenvscript":
		c.file = "buildenv/" + name + ".sh"
		return c, image
	case "variables":
		c.file = "cirrus/" + name + ".vars"
		return c, *format == "shell"
	}
	t.Fatalf("%s: unknown action", id)
	return c, false
}

// rounds groups cases so that each target has one list of projects in a group.
func rounds(cases []manifestCase) [][]manifestCase {
	var groups [][]manifestCase
	for _, c := range cases {
		i := slices.IndexFunc(groups, func(group []manifestCase) bool {
			return !slices.ContainsFunc(group, func(other manifestCase) bool {
				return other.target == c.target && other.projects != c.projects
			})
		})
		if i < 0 {
			groups = append(groups, nil)
			i = len(groups) - 1
		}
		groups[i] = append(groups[i], c)
	}
	return groups
}

func writeManifest(t *testing.T, dir string, cases []manifestCase) {
	t.Helper()
	jobs := map[string][]string{}
	projects := map[string]string{}
	var order []string
	for _, c := range cases {
		if projects[c.target] == "" {
			order = append(order, c.target)
		}
		projects[c.target] = c.projects
		if job := "{arch: " + c.arch + "}"; !slices.Contains(jobs[c.target], job) {
			jobs[c.target] = append(jobs[c.target], job)
		}
	}
	text := "projects: [libvirt]\ngitlab: {namespace: n, project: p}\ntargets:\n"
	for _, target := range order {
		text += fmt.Sprintf("  %s: {projects: [%s], jobs: [%s]}\n", target, projects[target], strings.Join(jobs[target], ", "))
	}
	if err := manifests.Create(dir, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

// compareBody ignores the header of the generated file.
func compareBody(t *testing.T, file string, want []byte) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	header, got, _ := bytes.Cut(data, []byte("\n\n"))
	if !bytes.HasPrefix(header, []byte("# THIS FILE WAS AUTO-GENERATED\n#\n#  $ lcitool manifest ci/manifest.yml\n")) {
		t.Errorf("header is\n%s", header)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("body differs:\n%s", firstDifference(string(got), string(want)))
	}
}
