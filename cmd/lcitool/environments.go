// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/manifests"
	"gitlab.com/lcitool/lcitool/targets"
)

// environments is what the manifest and the targets say of the environments
// that jobs run in.
type environments struct{ app *app }

// Dockerfiles renders those of a manifest.
func (e *environments) Dockerfiles(ctx context.Context, file string, manifest []byte, ciDir string, requests bool) (map[string][]byte, string, error) {
	m := &manifestVerb{app: e.app, ciDir: ciDir}
	var plan *manifests.Plan
	var files []manifests.File
	render := func() (err error) {
		plan, files, err = m.render(ctx, file, manifest)
		return err
	}
	if !requests {
		if err := e.app.withoutRequests(render); err != nil {
			return nil, "", err
		}
	} else if err := render(); err != nil {
		return nil, "", m.failed(err)
	}
	all := map[string][]byte{}
	for _, f := range files {
		if f.Kind == manifests.DockerfileKind {
			all[f.Environment] = f.Data
		}
	}
	return all, plan.ManifestDigest, nil
}

// Target gives a target, nil if only the project knows it.
func (e *environments) Target(name, crossArch string) *targets.Target {
	t, err := e.app.target(name, "", crossArch)
	if err != nil {
		return nil
	}
	return &t
}

// Base says how to make the base image of a target.
func (e *environments) Base(target string) (container.BootstrapOptions, error) {
	t, err := e.app.target(target, "", "")
	if err != nil {
		return container.BootstrapOptions{}, err
	}
	return e.app.baseImage(&t.Release, "")
}
