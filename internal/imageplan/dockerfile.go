// SPDX-License-Identifier: GPL-2.0-or-later

package imageplan

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"strings"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/internal/containerjob"
	"gitlab.com/lcitool/lcitool/internal/envimage"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/workspace"
	"gitlab.com/lcitool/lcitool/targets"
)

// Dockerfiles are the Dockerfiles of a tree that images are built from.
type Dockerfiles struct {
	Files   []string
	Context string   // directory that they copy from, "" for the tree
	Args    []string // NAME=VALUE
}

// Dockerfile describes the image of a Dockerfile in a tree. Pipelines that build
// this Dockerfile use the same image for their jobs.
func (p *Planner) Dockerfile(tree, file string, from Dockerfiles, network api.Network) (name string, _ envimage.Image, err error) {
	inTree, err := pathInTree(tree, file)
	if err != nil {
		return "", envimage.Image{}, fmt.Errorf("argument --dockerfile: %w", err)
	}
	context := "."
	if from.Context != "" {
		if context, err = pathInTree(tree, from.Context); err != nil {
			return "", envimage.Image{}, fmt.Errorf("argument --context: %w", err)
		}
	}
	d, err := containerjob.ReadDockerfile(tree, containerjob.Build{Dockerfiles: []string{inTree}})
	if err != nil {
		return "", envimage.Image{}, err
	}
	var t *targets.Target
	if d.Target != "" {
		if known, err := p.Workspace.Target(d.Target, workspace.Arches{Cross: d.Cross}); err == nil {
			t = &known
		}
	}
	project := containerjob.ImageName(filepath.Base(tree))
	labels := map[string]string{jobrun.LabelProject: project}
	if d.Target != "" {
		labels[api.LabelTarget] = d.Target
	}
	if d.Cross != "" {
		labels[api.LabelArch] = d.Cross
	}
	image := envimage.New(t, p.imageOptions(envimage.Options{
		Tag: from.tag(project, d), Body: envimage.Committed(t, d.Text), File: inTree, Labels: labels, Network: network,
	}))
	image.Build.Args = map[string]string{}
	for _, a := range from.Args {
		name, value, _ := strings.Cut(a, "=")
		image.Build.Args[name] = value
	}
	if err := p.addBase(&image, t); err != nil {
		return "", envimage.Image{}, err
	}
	return d.Path, image, image.AddContext(tree, context, func() ([]string, error) { return nil, nil })
}

// tag returns the tag of an image. Images with other arguments, another context,
// or another Dockerfile of the same name have other tags.
func (d *Dockerfiles) tag(project string, file *containerjob.Dockerfile) string {
	tag := file.Tag(project)
	if len(d.Args) == 0 && d.Context == "" && len(d.Files) == 1 {
		return tag
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", file.Path, d.Context, d.Args))
	return fmt.Sprintf("%s-%x", tag, sum[:4])
}

// pathInTree converts a path relative to the current directory to one below
// tree.
func pathInTree(tree, name string) (string, error) {
	absolute, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	for _, top := range []string{tree, resolved(tree)} {
		for _, path := range []string{absolute, resolved(absolute)} {
			if rel, err := filepath.Rel(top, path); err == nil && filepath.IsLocal(rel) {
				return filepath.ToSlash(rel), nil
			}
		}
	}
	return "", fmt.Errorf("%q is not below the project's directory %s", name, tree)
}

// resolved returns path with symbolic links resolved, or path itself on an
// error.
func resolved(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}
