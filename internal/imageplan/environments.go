// SPDX-License-Identifier: GPL-2.0-or-later

package imageplan

import (
	"context"

	"gitlab.com/lcitool/lcitool/container/bootstrap"
	"gitlab.com/lcitool/lcitool/internal/envimage"
	"gitlab.com/lcitool/lcitool/internal/workspace"
	"gitlab.com/lcitool/lcitool/manifests"
	"gitlab.com/lcitool/lcitool/targets"
)

// Environments implements pipelinerun.Environments with the facts of a
// workspace.
type Environments struct {
	Workspace *workspace.Workspace
	Mirrors   func() *envimage.Mirrors

	// ManifestFailed adds context to the error of a manifest.
	ManifestFailed func(error) error
}

// Dockerfiles renders the Dockerfiles of a manifest and returns them by
// environment, with the manifest's digest. With requests false, it sends no
// network requests.
func (e *Environments) Dockerfiles(ctx context.Context, file string, manifest []byte, ciDir string, requests bool) (map[string][]byte, string, error) {
	w := e.Workspace
	if !requests {
		w = w.WithoutRequests()
	}
	plan, files, err := w.RenderManifest(ctx, file, manifest, ciDir)
	if err != nil {
		if requests {
			err = e.ManifestFailed(err)
		}
		return nil, "", err
	}
	all := map[string][]byte{}
	for _, f := range files {
		if f.Kind == manifests.DockerfileKind {
			all[f.Environment] = f.Data
		}
	}
	return all, plan.ManifestDigest, nil
}

// Target returns a target, or nil if the workspace does not have it.
func (e *Environments) Target(name, crossArch string) *targets.Target {
	t, err := e.Workspace.Target(name, workspace.Arches{Cross: crossArch})
	if err != nil {
		return nil
	}
	return &t
}

// Base returns how to build the base image of a target.
func (e *Environments) Base(target string) (bootstrap.Options, error) {
	t, err := e.Workspace.Target(target, workspace.Arches{})
	if err != nil {
		return bootstrap.Options{}, err
	}
	return e.Mirrors().Base("", &t.Release)
}
