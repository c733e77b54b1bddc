// SPDX-License-Identifier: GPL-2.0-or-later

package imageplan

import (
	"context"
	"os"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/safefs"
	"gitlab.com/lcitool/lcitool/internal/workload"
	"gitlab.com/lcitool/lcitool/targets"
)

// WorkloadOptions say what to run in the images of targets or Dockerfiles.
type WorkloadOptions struct {
	Targets     []string // or patterns, which stand for those that have images
	Cross       string
	Projects    string // "" for those that the manifest has for each target
	Dockerfiles Dockerfiles

	// Workload is common to all workloads. Its Tree.Dir is the project's
	// directory and Script a file, both as given by the user.
	Workload workload.Workload
}

// Workloads returns the workload for each target. It resolves all of them before
// any can run.
func (p *Planner) Workloads(ctx context.Context, o WorkloadOptions) ([]workload.Workload, error) {
	names, err := p.expand(o.Targets)
	if err != nil {
		return nil, err
	}
	common := o.Workload
	if common.Tree.Dir, err = safefs.Existing(common.Tree.Dir, "directory", os.FileMode.IsDir); err != nil {
		return nil, err
	}
	if common.Script, err = safefs.Existing(common.Script, "file", os.FileMode.IsRegular); err != nil {
		return nil, err
	}
	network := buildNetwork(common.Limits.Network)
	var all []workload.Workload
	for _, target := range names {
		want := Wanted{Target: target, Cross: o.Cross, Projects: o.Projects, Network: network}
		if want.Projects == "" {
			if want.List, want.Manifest, err = p.Workspace.ManifestProjects(target); err != nil {
				return nil, err
			}
			want.Projects = strings.Join(want.List, ",")
		}
		w := common
		w.Name, w.Labels = target, map[string]string{api.LabelTarget: target}
		if w.Image, err = p.Image(ctx, want); err != nil {
			return nil, err
		}
		all = append(all, w)
	}
	for _, file := range o.Dockerfiles.Files {
		w := common
		if w.Name, w.Image, err = p.Dockerfile(common.Tree.Dir, file, o.Dockerfiles, network); err != nil {
			return nil, err
		}
		all = append(all, w)
	}
	return all, nil
}

// expand replaces patterns by the matching targets that have images.
func (p *Planner) expand(names []string) ([]string, error) {
	if !slices.ContainsFunc(names, targets.IsPattern) {
		return names, nil
	}
	catalogue, err := p.Workspace.Catalogue()
	if err != nil {
		return nil, err
	}
	known, err := targets.Containerized(catalogue, catalogue.Names())
	if err != nil {
		return nil, err
	}
	return targets.Expand(names, known)
}

// buildNetwork returns the network for builds, given that of the commands.
// Rootless podman 4.3 may support only the host network for builds.
func buildNetwork(commands api.Network) api.Network {
	if commands == api.NetworkHost {
		return api.NetworkHost
	}
	return ""
}
