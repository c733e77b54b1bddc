// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"gitlab.com/lcitool/lcitool/facts"
	"gitlab.com/lcitool/lcitool/manifests"
)

// manifestProjects lists the projects that the manifest of the project at
// hand has for a target, and gives that manifest's digest.
func (a *app) manifestProjects(target string) (names []string, digest string, err error) {
	file := filepath.Join(a.baseDirectory(), filepath.FromSlash(defaultManifest))
	data, err := readManifest(a.baseDirectory())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", facts.WithHint(fmt.Errorf("no projects for target %q: there is no %s", target, file), "name them with --projects")
	}
	if err != nil {
		return nil, "", fmt.Errorf("cannot read the manifest: %w", err)
	}
	catalogue, err := a.catalogue()
	if err != nil {
		return nil, "", err
	}
	// What has no effect in it is said by the verb that writes its files.
	manifest, err := manifests.Load(data, manifests.LoadOptions{File: file, Releases: catalogue})
	if err != nil {
		return nil, "", err
	}
	for _, t := range manifest.Targets {
		if t.Release.Name != target {
			continue
		}
		for _, p := range t.Projects {
			names = append(names, p.Name)
		}
		return a.fromBase(names), manifest.Digest, nil
	}
	return nil, "", facts.WithHint(fmt.Errorf("no projects for target %q: it is not in %s", target, file), "name them with --projects")
}
