// SPDX-License-Identifier: GPL-2.0-or-later

// Package docs holds the guides, which tests compare with the program.
package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

const module = "gitlab.com/lcitool/lcitool/"

const baseLayer = "internal/treetar"

// testOnly lists packages that no program imports.
var testOnly = []string{"internal/golden", "internal/headless", "internal/strictyaml", "docs", "docs/schema", "ci", "ci/crosscheck", "ci/picture", "ci/sbom"}

// picture returns the packages of the list from the top down.
func picture(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```\n")
	block, _, _ := strings.Cut(rest, "```\n")
	var all []string
	for line := range strings.Lines(block) {
		if fields := strings.Fields(line); len(fields) > 1 {
			all = append(all, fields[0])
		}
	}
	return all
}

// imports returns what each package imports, by path below the module.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	all, err := listImports()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var listImports = sync.OnceValues(func() (map[string][]string, error) {
	const tags = "remote containers_image_openpgp exclude_graphdriver_btrfs exclude_graphdriver_devicemapper"
	cmd := exec.Command("go", "list", "-tags", tags, "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...")
	cmd.Dir = ".."
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	all := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		all[strings.TrimPrefix(fields[0], module)] = fields[1:]
	}
	return all, nil
})

// floor returns the position of a package in the list, -1 if it is not there. A package
// below a listed one has its position.
func floor(drawn []string, pkg string) int {
	for name := pkg; name != "."; name = filepath.Dir(name) {
		if at := slices.Index(drawn, name); at >= 0 {
			return at
		}
	}
	return -1
}

func TestPackagesAreDrawn(t *testing.T) {
	drawn, all := picture(t), imports(t)
	for _, name := range drawn {
		if _, ok := all[name]; !ok {
			t.Errorf("%s is drawn and is no package", name)
		}
	}
	for name := range all {
		if floor(drawn, name) < 0 && !slices.Contains(testOnly, name) {
			t.Errorf("%s is not drawn", name)
		}
	}
}

func TestImportsGoDown(t *testing.T) {
	drawn := picture(t)
	base := slices.Index(drawn, baseLayer)
	for pkg, imported := range imports(t) {
		from := floor(drawn, pkg)
		for _, path := range imported {
			name, ours := strings.CutPrefix(path, module)
			switch {
			case !ours && from >= base && strings.Contains(strings.Split(path, "/")[0], ".") && !strings.HasPrefix(path, "golang.org/x/sys"):
				t.Errorf("%s is in the base layer and imports %s", pkg, path)
			case !ours && strings.HasPrefix(path, "github.com/containers/") && drawn[max(from, 0)] != "container":
				t.Errorf("%s imports %s: only container drives podman", pkg, path)
			case ours && slices.Contains(testOnly, name):
				t.Errorf("%s imports %s, which serves tests", pkg, name)
			case ours && from > floor(drawn, name):
				t.Errorf("%s imports %s, which is drawn above it", pkg, name)
			}
		}
	}
}

func TestPackagesWithoutPodman(t *testing.T) {
	all := imports(t)
	for name, imported := range all {
		if slices.Contains(imported, module+"container") && name != "cmd/lcitool" && name != "container/doctor" {
			t.Errorf("%s imports container instead of container/api", name)
		}
	}
	for _, name := range []string{"internal/jobrecord", "internal/jobreport", "internal/jobdiff", "internal/remotepipeline", "internal/scheduler"} {
		seen := map[string]bool{}
		next := []string{name}
		for len(next) > 0 {
			pkg := next[0]
			next = next[1:]
			for _, path := range all[pkg] {
				if below, ours := strings.CutPrefix(path, module); ours && !seen[below] {
					seen[below] = true
					next = append(next, below)
				}
			}
		}
		if seen["container/api"] {
			t.Errorf("%s reaches container/api", name)
		}
	}
}

func TestFilesOfTheJourneysAreThere(t *testing.T) {
	text, err := os.ReadFile("architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	files := regexp.MustCompile("`([a-z/]+/[a-z]+\\.go)`").FindAllStringSubmatch(string(text), -1)
	if len(files) < 10 {
		t.Errorf("%d files named", len(files))
	}
	for _, f := range files {
		if _, err := os.Stat(filepath.Join("..", f[1])); err != nil {
			t.Error(err)
		}
	}
}
