// SPDX-License-Identifier: GPL-2.0-or-later

package manifests

import (
	"bytes"
	"cmp"
	"fmt"
)

// A Start is what a project's first manifest says.
type Start struct {
	Namespace string   // of the upstream project
	Project   string   // also the name of its list of dependencies
	Targets   []string // in the order of the file
	CIDir     string   // where generated files go, "" for the usual directory
}

// First writes a commented manifest.
func First(s Start) ([]byte, error) {
	dir, err := CleanDir(cmp.Or(s.CIDir, "ci"))
	if err != nil {
		return nil, err
	}
	s.CIDir = dir
	return start("manifest.yml", struct {
		Start
		Checks []Check
	}{s, allChecks})
}

// PipelineLines are what a project's .gitlab-ci.yml needs for the files
// generated below ciDir to work.
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
