// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

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
func First(s Start) ([]byte, error) {
	dir, err := CleanDir(cmp.Or(s.CIDir, "ci"))
	if err != nil {
		return nil, err
	}
	s.CIDir = dir
	var names []string
	for _, name := range s.Targets {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	s.Targets = names
	return start("manifest.yml", struct {
		Start
		Checks []Check
	}{s, allChecks})
}

// PipelineLines returns the lines that a project's .gitlab-ci.yml needs for the
// files generated below ciDir.
func PipelineLines(ciDir string) ([]byte, error) {
	dir, err := CleanDir(ciDir)
	if err != nil {
		return nil, err
	}
	return start("pipeline.yml", parts{CIDir: dir})
}

func start(name string, values any) ([]byte, error) {
	set, err := templateSet()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := set.ExecuteTemplate(&b, name, values); err != nil {
		return nil, fmt.Errorf("cannot write %s: %w", name, err)
	}
	return b.Bytes(), nil
}

// ProjectName converts a directory's name to a valid name of a GitLab project.
// It returns "" if no character is allowed.
func ProjectName(name string) string {
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

// Create writes a first manifest. It does not replace an existing file.
func Create(file string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return fmt.Errorf("cannot make %s: %w", filepath.Dir(file), diag.Cause(err))
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s already exists", file)
	}
	if err == nil {
		_, err = f.Write(text)
		err = errors.Join(err, f.Close())
		if err != nil {
			_ = os.Remove(file)
		}
	}
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", file, diag.Cause(err))
	}
	return nil
}
