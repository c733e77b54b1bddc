// SPDX-License-Identifier: GPL-2.0-or-later

// Command sbom prints which modules a Go program was built from, as CycloneDX
// has it. The same program gives the same text.
package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: sbom PROGRAM VERSION")
		os.Exit(2)
	}
	if err := run(os.Stdout, os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

// A document is a CycloneDX one, as far as it is used here.
type document struct {
	Format       string      `json:"bomFormat"`
	Spec         string      `json:"specVersion"`
	Serial       string      `json:"serialNumber"`
	Version      int         `json:"version"`
	Metadata     metadata    `json:"metadata"`
	Components   []component `json:"components"`
	Dependencies []relation  `json:"dependencies"`
}

type metadata struct {
	Component component `json:"component"`
}

type component struct {
	Ref        string     `json:"bom-ref"`
	Type       string     `json:"type"`
	Name       string     `json:"name"`
	Version    string     `json:"version"`
	Purl       string     `json:"purl"`
	Hashes     []hash     `json:"hashes,omitempty"`
	Properties []property `json:"properties,omitempty"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type relation struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn"`
}

func run(w io.Writer, program, version string) error {
	data, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return fmt.Errorf("%s: %w", program, err)
	}
	sum := sha256.Sum256(data)
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(describe(info, version, sum))
}

// describe lists the modules of a program and the release of Go.
func describe(info *debug.BuildInfo, version string, sum [sha256.Size]byte) document {
	main := component{
		Ref: purl(info.Main.Path, version), Type: "application", Name: info.Main.Path, Version: version, Purl: purl(info.Main.Path, version),
		Hashes: []hash{{"SHA-256", hex.EncodeToString(sum[:])}},
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "GOOS", "GOARCH", "-tags", "CGO_ENABLED", "-trimpath":
			main.Properties = append(main.Properties, property{"build:" + s.Key, s.Value})
		}
	}
	d := document{Format: "CycloneDX", Spec: "1.5", Serial: serial(sum), Version: 1, Metadata: metadata{main}, Components: []component{}}
	names := []string{}
	add := func(name, version, goSum string) {
		c := component{Ref: purl(name, version), Type: "library", Name: name, Version: version, Purl: purl(name, version)}
		if goSum != "" {
			c.Properties = []property{{"go:sum", goSum}}
		}
		d.Components = append(d.Components, c)
		names = append(names, c.Ref)
	}
	add("stdlib", strings.TrimPrefix(info.GoVersion, "go"), "")
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		add(m.Path, m.Version, m.Sum)
	}
	d.Dependencies = []relation{{main.Ref, names}}
	return d
}

// purl is the package URL of a module.
func purl(name, version string) string {
	return "pkg:golang/" + name + "@" + strings.ReplaceAll(version, "+", "%2B")
}

// serial is a UUID that a program always has.
func serial(sum [sha256.Size]byte) string {
	u := sum[:16]
	u[6], u[8] = u[6]&0x0f|0x80, u[8]&0x3f|0x80 // version 8, made our own way
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}
