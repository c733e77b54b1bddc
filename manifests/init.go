// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/targets"
)

// A Start contains the values of a project's first manifest.
type Start struct {
	Namespace string   // of the upstream project
	Project   string   // also the name of its list of dependencies
	Targets   []string // in the order of the file
	CIDir     string   // where generated files go, "" for the usual directory
}

// First returns a first manifest with comments.
func First(s Start, catalogue releases) ([]byte, error) {
	dir, err := CleanDir(cmp.Or(s.CIDir, "ci"))
	if err != nil {
		return nil, err
	}
	s.CIDir = dir
	if strings.Contains(s.Project, "/") {
		return nil, fmt.Errorf("--project: expected a name without %q, got %q: --namespace takes the group or user", "/", s.Project)
	}
	list, err := startTargets(s.Targets, catalogue)
	if err != nil {
		return nil, err
	}
	t := filler{ciDir: s.CIDir}
	flags := ""
	if s.CIDir != "ci" {
		flags = " --ci-dir " + s.CIDir
	}
	var checks []string
	for _, c := range allChecks {
		checks = append(checks, fmt.Sprintf("    %s: %t", c.Name, c.ByDefault))
	}
	text := t.fill("manifest.yml", map[string]string{
		"flags": flags, "project": t.word(s.Project), "namespace": t.word(s.Namespace),
		"checks": strings.Join(checks, "\n"), "targets": targetLines(&t, list),
	})
	return []byte(text), t.err
}

func targetLines(t *filler, list []startTarget) string {
	if len(list) == 0 {
		return "targets: {}"
	}
	text := "targets:"
	for _, target := range list {
		text += fmt.Sprintf("\n  %s: %s", t.word(target.Name), target.Arch)
	}
	return text
}

// A startTarget is a target of a first manifest in the short form.
type startTarget struct {
	Name string
	Arch targets.Arch
}

// startTargets returns the targets with these names, each once.
func startTargets(names []string, catalogue releases) ([]startTarget, error) {
	var list []startTarget
	var errs []error
	seen := map[string]bool{}
	for _, name := range names {
		if seen[name] {
			continue
		}
		seen[name] = true
		release, err := catalogue.Release(name)
		switch {
		case errors.Is(err, targets.ErrNoTarget):
			errs = append(errs, diag.WithHint(fmt.Errorf("--targets: Invalid target '%s'", name), diag.Hint(err)))
		case err != nil:
			errs = append(errs, err)
		case release.Cirrus != nil:
			list = append(list, startTarget{name, release.Cirrus.Arch})
		default:
			list = append(list, startTarget{name, "x86_64"})
		}
	}
	return list, errors.Join(errs...)
}

// PipelineLines returns the lines that a project's .gitlab-ci.yml needs for the
// files generated below ciDir.
func PipelineLines(ciDir string) ([]byte, error) {
	dir, err := CleanDir(ciDir)
	if err != nil {
		return nil, err
	}
	t := filler{ciDir: dir}
	text := t.fill("pipeline.yml", map[string]string{"gitlab": t.word("/" + t.path("gitlab.yml"))})
	return []byte(text), t.err
}

// ProjectName converts a directory's name to a valid name of a GitLab project.
// It returns "" if no character is allowed, and for names with letters that are
// not: what remains of such a name would be another one.
func ProjectName(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return r >= utf8.RuneSelf && unicode.In(r, unicode.L, unicode.M, unicode.N) }) {
		return ""
	}
	words := strings.FieldsFunc(name, func(r rune) bool {
		plain := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '.' || r == '_' || r == '-'
		return !plain
	})
	return strings.Trim(strings.Join(words, "-"), ".-_")
}

// NewestReleases returns those of the targets that are the newest stable release
// of their distribution and have container images.
func NewestReleases(catalogue releases, names []string) ([]string, error) {
	latest := map[string]*targets.Release{}
	var order []string
	for _, name := range names {
		r, err := catalogue.Release(name)
		if err != nil {
			return nil, err
		}
		if r.Containers == nil || !r.OS.Stable {
			continue
		}
		old, seen := latest[r.OS.Name]
		if !seen {
			order = append(order, r.OS.Name)
		}
		if !seen || newer(r.OS.Version, old.OS.Version) {
			latest[r.OS.Name] = r
		}
	}
	var list []string
	for _, distribution := range order {
		list = append(list, latest[distribution].Name)
	}
	return list, nil
}

// newer compares the numbers in versions.
func newer(a, b string) bool { return slices.Compare(numbers(a), numbers(b)) > 0 }

func numbers(version string) []int {
	var list []int
	for _, word := range strings.FieldsFunc(version, func(r rune) bool { return r < '0' || r > '9' }) {
		n, err := strconv.Atoi(word)
		if err != nil {
			continue
		}
		list = append(list, n)
	}
	return list
}

// Create writes the first manifest of the project in a directory. It does not replace an
// existing file, and writes through no symbolic link that leads out of the project.
func Create(base string, text []byte) error {
	file := filepath.Join(base, filepath.FromSlash(DefaultPath))
	root, err := makeRoot(base)
	if err != nil {
		return fmt.Errorf("cannot make %s: %w", base, diag.Cause(err))
	}
	defer root.Close()
	if err := root.MkdirAll(path.Dir(DefaultPath), 0o777); err != nil {
		return fmt.Errorf("cannot make %s: %w", filepath.Dir(file), diag.Cause(err))
	}
	f, err := root.OpenFile(DefaultPath, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s already exists", file)
	}
	if err == nil {
		_, err = f.Write(text)
		err = errors.Join(err, f.Close())
		if err != nil {
			_ = root.Remove(DefaultPath)
		}
	}
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", file, diag.Cause(err))
	}
	return nil
}

func makeRoot(dir string) (*os.Root, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	return os.OpenRoot(dir)
}
