// SPDX-License-Identifier: GPL-2.0-or-later

// Command crosscheck type-checks packages and their tests as they would be
// compiled for other systems, dependencies and standard library included.
// It writes nothing and compiles nothing: a cold "go build" of one system
// takes a minute, this a few seconds.
//
//	crosscheck -tags TAGS GOOS/GOARCH... -- PACKAGE...
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	tags := flag.String("tags", "", "build tags")
	flag.Parse()
	split := slices.Index(flag.Args(), "--")
	if split < 1 {
		fmt.Fprintln(os.Stderr, "usage: crosscheck -tags TAGS GOOS/GOARCH... -- PACKAGE...")
		os.Exit(2)
	}
	failed := false
	for _, platform := range flag.Args()[:split] {
		if err := check(platform, *tags, flag.Args()[split+1:]); err != nil {
			failed = true
			fmt.Fprintf(os.Stderr, "crosscheck: %s: %v\n", platform, err)
		}
	}
	if failed {
		os.Exit(1)
	}
}

// A unit is a package as "go list" describes it.
type unit struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	ImportMap  map[string]string
	Module     *struct {
		Main      bool
		GoVersion string
	}
	Error *struct{ Err string }
}

func (u unit) ours() bool { return u.Module != nil && u.Module.Main }

// check returns all errors of one platform.
func check(platform, tags string, packages []string) error {
	goos, goarch, ok := strings.Cut(platform, "/")
	if !ok {
		return errors.New("it is not GOOS/GOARCH")
	}
	units, err := list(goos, goarch, tags, packages)
	if err != nil {
		return err
	}
	checked := map[string]*types.Package{"unsafe": types.Unsafe}
	var faults []error
	seen := map[string]bool{} // a package with its tests has the errors of the package again
	for _, u := range units { // dependencies come first
		if u.Error != nil {
			faults = append(faults, errors.New(u.Error.Err))
			continue
		}
		if u.ImportPath == "unsafe" {
			continue
		}
		p, errs := u.check(goarch, checked)
		for _, err := range errs {
			if u.ours() && !seen[err.Error()] {
				seen[err.Error()] = true
				faults = append(faults, err)
			}
		}
		checked[u.ImportPath] = p
	}
	return errors.Join(faults...)
}

func list(goos, goarch, tags string, packages []string) ([]unit, error) {
	args := append([]string{"list", "-e", "-deps", "-test", "-tags", tags, "-json=ImportPath,Dir,GoFiles,ImportMap,Module,Error"}, packages...)
	cmd := exec.Command("go", args...) //nolint:gosec // arguments of the Makefile
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var units []unit
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var u unit
		if err := decoder.Decode(&u); errors.Is(err, io.EOF) {
			return units, nil
		} else if err != nil {
			return nil, err
		}
		// The programs that run tests are written by "go test".
		if !strings.HasSuffix(u.ImportPath, ".test") {
			units = append(units, u)
		}
	}
}

// check type-checks a package. The bodies of other people's functions are left out.
func (u unit) check(goarch string, checked map[string]*types.Package) (*types.Package, []error) {
	files := token.NewFileSet()
	var parsed []*ast.File
	for _, name := range u.GoFiles {
		file, err := parser.ParseFile(files, filepath.Join(u.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, []error{err}
		}
		parsed = append(parsed, file)
	}
	var faults []error
	config := types.Config{
		Importer: importer(func(path string) (*types.Package, error) {
			if real, ok := u.ImportMap[path]; ok {
				path = real
			}
			if p := checked[path]; p != nil {
				return p, nil
			}
			return nil, fmt.Errorf("%q is not there", path)
		}),
		Sizes:            types.SizesFor("gc", goarch),
		IgnoreFuncBodies: !u.ours(),
		FakeImportC:      true,
		Error:            func(err error) { faults = append(faults, err) },
	}
	if u.Module != nil && u.Module.GoVersion != "" {
		config.GoVersion = "go" + u.Module.GoVersion
	}
	path, _, _ := strings.Cut(u.ImportPath, " ") // "a/b [a/b.test]" is a/b with its tests
	p, _ := config.Check(path, files, parsed, nil)
	return p, faults
}

type importer func(path string) (*types.Package, error)

func (i importer) Import(path string) (*types.Package, error) { return i(path) }
