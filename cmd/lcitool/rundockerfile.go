// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/internal/containerjob"
	"gitlab.com/lcitool/lcitool/internal/envimage"
	"gitlab.com/lcitool/lcitool/internal/jobrun"
	"gitlab.com/lcitool/lcitool/internal/workspace"
	"gitlab.com/lcitool/lcitool/targets"
)

// dockerfileFlags name Dockerfiles of the project to run in.
type dockerfileFlags struct {
	files   []string
	context string
	args    []string
}

func (d *dockerfileFlags) flags(f *pflag.FlagSet) {
	f.StringArrayVar(&d.files, "dockerfile", nil, "Dockerfile of the project to run in instead of a target; may be repeated")
	f.StringVar(&d.context, "context", "", "directory that the Dockerfiles copy from (default the project's)")
	f.StringArrayVar(&d.args, "build-arg", nil, "argument of the Dockerfiles, NAME=VALUE; may be repeated")
}

// check refuses what makes no sense.
func (d *dockerfileFlags) check(cmd *cobra.Command) error {
	for _, a := range d.args {
		if name, _, ok := strings.Cut(a, "="); !ok || name == "" {
			return &usageError{cmd, fmt.Errorf("argument --build-arg: expected NAME=VALUE, got %q", a)}
		}
	}
	if len(d.files) == 0 && (d.context != "" || len(d.args) > 0) {
		return &usageError{cmd, fmt.Errorf("arguments --context and --build-arg: only allowed with argument --dockerfile")}
	}
	return nil
}

// dockerfileImage describes the image of a Dockerfile of a tree. It is the one
// that jobs have whose pipeline builds it from this Dockerfile.
func (r *runVerb) dockerfileImage(tree, file string) (name string, _ envimage.Image, err error) {
	inTree, err := pathInTree(tree, file)
	if err != nil {
		return "", envimage.Image{}, fmt.Errorf("argument --dockerfile: %w", err)
	}
	context := "."
	if r.dockerfiles.context != "" {
		if context, err = pathInTree(tree, r.dockerfiles.context); err != nil {
			return "", envimage.Image{}, fmt.Errorf("argument --context: %w", err)
		}
	}
	d, err := containerjob.ReadDockerfile(tree, containerjob.Build{Dockerfiles: []string{inTree}})
	if err != nil {
		return "", envimage.Image{}, err
	}
	var t *targets.Target
	if d.Target != "" {
		if known, err := r.app.workspace().Target(d.Target, workspace.Arches{Cross: d.Cross}); err == nil {
			t = &known
		}
	}
	project := containerjob.ImageName(filepath.Base(tree))
	labels := map[string]string{jobrun.LabelProject: project}
	if d.Target != "" {
		labels[container.LabelTarget] = d.Target
	}
	if d.Cross != "" {
		labels[container.LabelArch] = d.Cross
	}
	image := envimage.New(t, envimage.Options{
		Tag: r.dockerfiles.tag(project, d), Body: envimage.Committed(t, d.Text), File: inTree, Labels: labels,
		NoCache: r.build.noCache, Exact: r.build.exact || r.app.getenv("CI") != "", AllowUnsafe: r.build.unsafe,
		Offline: r.app.offline, PullBase: r.build.pull, Network: r.buildNetwork(),
	})
	image.Build.Args = map[string]string{}
	for _, a := range r.dockerfiles.args {
		name, value, _ := strings.Cut(a, "=")
		image.Build.Args[name] = value
	}
	if image.Bootstrap = r.build.bootstrap && !r.app.offline && t != nil; image.Bootstrap {
		if image.Base, err = r.app.baseImage(&t.Release, ""); err != nil {
			return "", envimage.Image{}, err
		}
	}
	return d.Path, image, image.AddContext(tree, context, func() ([]string, error) { return nil, nil })
}

// tag gives the name of an image. Arguments and another context make another
// image, and so does another Dockerfile of the same name.
func (d *dockerfileFlags) tag(project string, file *containerjob.Dockerfile) string {
	tag := file.Tag(project)
	if len(d.args) == 0 && d.context == "" && len(d.files) == 1 {
		return tag
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", file.Path, d.context, d.args))
	return fmt.Sprintf("%s-%x", tag, sum[:4])
}

// pathInTree gives a path below a tree of one from the current directory.
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

// resolved is a path without links, or itself if it cannot be resolved.
func resolved(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}
