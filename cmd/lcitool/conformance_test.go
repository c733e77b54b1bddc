// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gitlab.com/lcitool/lcitool/internal/golden"
	"gitlab.com/lcitool/lcitool/internal/stdio"
	"gitlab.com/lcitool/lcitool/targets"
)

// conformance has bodies that the original rendered in May 2026. Only some developers have
// it; TestBodies runs everywhere.
const conformance = "../../../shared/conformance"

// mayFacts has the values of May 2026 that were changed since.
const mayFacts = "../../facts/testdata/may-2026"

// TestBodies compares the bodies for every target with reviewed golden files.
func TestBodies(t *testing.T) {
	a := &app{Streams: stdio.Streams{Stdin: os.Stdin, Stdout: io.Discard, Stderr: io.Discard, Getenv: func(string) string { return "" }}}
	a.prepare()
	catalogue, err := a.workspace().Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]byte{}
	add := func(name string, args ...string) {
		body := runOutput(t, append(args, "--host-arch", "x86_64")...)
		if !slices.Contains(args, "json") {
			_, body, _ = bytes.Cut(body, []byte("\n\n"))
		}
		got[name] = body
	}
	for _, name := range catalogue.Names() {
		release, err := catalogue.Release(name)
		if err != nil {
			t.Fatal(err)
		}
		if release.Containers == nil {
			add(name+".vars", "variables", name, "libvirt,qemu")
			continue
		}
		add(name+".Dockerfile", "dockerfile", name, "libvirt,qemu")
		for _, arch := range targets.Arches() {
			if _, err := release.For("x86_64", arch); err == nil {
				add(name+"-cross-"+string(arch)+".Dockerfile", "dockerfile", name, "libvirt", "--cross-arch", string(arch), "--layers", "foreign")
			}
		}
	}
	add("debian-13.sh", "buildenvscript", "debian-13", "libvirt-python")
	add("fedora-44.sh", "buildenvscript", "fedora-44", "libvirt-tck", "--cross-arch", "mingw64")
	add("alpine-324.json", "variables", "-f", "json", "alpine-324", "libvirt-perl")
	add("opensuse-leap-16.yml", "variables", "-f", "yaml", "opensuse-leap-16", "libvirt-tck")
	golden.Tree(t, "testdata/bodies", got)
}

// TestConformance compares every body with the original's, if it is available.
func TestConformance(t *testing.T) {
	cases, err := os.Open(filepath.Join(conformance, "cases.csv"))
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer cases.Close()
	rows, err := csv.NewReader(cases).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) < 2 {
		t.Fatal("no cases")
	}
	for _, row := range rows[1:] {
		t.Run(row[0], func(t *testing.T) {
			want, err := os.ReadFile(filepath.Join(conformance, "expected", row[0]))
			if err != nil {
				t.Fatal(err)
			}
			got := runOutput(t, append([]string{"-d", mayFacts}, strings.Fields(row[1])...)...)
			if !strings.Contains(row[1], "json") {
				_, got, _ = bytes.Cut(got, []byte("\n\n"))
			}
			if got, want := strings.TrimSpace(string(got)), strings.TrimSpace(string(want)); got != want {
				t.Errorf("body differs:\n%s", firstDifference(got, want))
			}
		})
	}
}

func runOutput(t *testing.T, args ...string) []byte {
	t.Helper()
	var stdout, stderr bytes.Buffer
	a := &app{Streams: stdio.Streams{Stdin: os.Stdin, Stdout: &stdout, Stderr: &stderr, Getenv: func(string) string { return "" }}}
	if status := run(t.Context(), a, args); status != 0 {
		t.Fatalf("lcitool %s: status %d\n%s", strings.Join(args, " "), status, stderr.String())
	}
	return stdout.Bytes()
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return "got  " + g[i] + "\nwant " + w[i]
		}
	}
	return "one ends before the other"
}
