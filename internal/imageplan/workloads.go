// SPDX-License-Identifier: GPL-2.0-or-later

package imageplan

import (
	"context"
	"os"
	"slices"
	"strings"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/internal/safefs"
	"gitlab.com/lcitool/lcitool/internal/workload"
	"gitlab.com/lcitool/lcitool/targets"
)

// WorkloadOptions say what runs in the images of targets or Dockerfiles.
type WorkloadOptions struct {
	Targets     []string // or patterns, which stand for those that have images
	Cross       string
	Projects    string // "" for those that the manifest has for each target
	Dockerfiles Dockerfiles

	// Workload is what all have in common. Its Tree.Dir is that of the project and
	// its Script a file, both as the user names them.
	Workload workload.Workload
}

// Workloads says what to run on each target, all found out before the first one
// runs.
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
		w.Name, w.Labels = target, map[string]string{container.LabelTarget: target}
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

// expand puts the targets that have images in the place of patterns.
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

// buildNetwork is that of builds for commands that have a network. Rootless
// podman 4.3 may have no other than the host's for them.
func buildNetwork(commands container.Network) container.Network {
	if commands == container.NetworkHost {
		return container.NetworkHost
	}
	return ""
}
