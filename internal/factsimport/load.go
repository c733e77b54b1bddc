// SPDX-License-Identifier: GPL-2.0-or-later

package factsimport

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/targets"
)

// LoadOriginal reads the original's facts in or below a directory.
func LoadOriginal(dir string) (Facts, error) {
	for _, below := range []string{"lcitool/facts", "facts", "."} {
		layer, err := facts.Dir(filepath.Join(dir, below))
		if err == nil && layer.Has("mappings.yml") {
			return Load(layer, layer.Sub("targets"))
		}
	}
	return Facts{}, diag.WithHint(fmt.Errorf("%s has no facts of the original: no mappings.yml", dir),
		"name a checkout of libvirt-ci, or its directory lcitool/facts")
}

// LoadOurs reads the facts of a source tree of ours with the text of its page on
// corrected facts, or the built-in ones if there are none in it; inTree says
// which.
func LoadOurs(tree string) (ours Facts, corrections string, inTree bool, err error) {
	layer, targetsLayer := facts.BuiltIn(), targets.BuiltIn()
	if _, err := os.Stat(filepath.Join(tree, "facts", "mappings")); !errors.Is(err, os.ErrNotExist) {
		inTree = true
		if layer, err = facts.Dir(filepath.Join(tree, "facts")); err != nil {
			return Facts{}, "", true, err
		}
		if targetsLayer, err = facts.Dir(filepath.Join(tree, "targets")); err != nil {
			return Facts{}, "", true, err
		}
	}
	if ours, err = Load(layer, targetsLayer); err != nil {
		return ours, "", inTree, err
	}
	if !layer.Has("CORRECTIONS.md") {
		return ours, "", inTree, nil
	}
	text, err := layer.Read("CORRECTIONS.md")
	return ours, string(text), inTree, err
}
