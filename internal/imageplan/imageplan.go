// SPDX-License-Identifier: GPL-2.0-or-later

// Package imageplan plans the images of build environments from the facts of a
// workspace.
package imageplan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/container/bootstrap"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/envimage"
	"gitlab.com/lcitool/lcitool/internal/render"
	"gitlab.com/lcitool/lcitool/internal/workspace"
	"gitlab.com/lcitool/lcitool/targets"
)

// Options say how images are built.
type Options struct {
	Bootstrap    bool // make the base image if it cannot be pulled
	NoCache      bool
	PullBase     bool // if the registry has a newer one
	KeepPackages bool // that are fetched, for later builds
	Exact        bool // build the whole Dockerfile instead of adding packages to an older image
	AllowUnsafe  bool // permit build steps that may access the host
}

// A Planner decides how images are built.
type Planner struct {
	Options
	Workspace *workspace.Workspace
	Mirrors   func() *envimage.Mirrors
	CacheDir  string // "" for none
	Offline   bool
	Warnf     func(about, format string, args ...any)
}

// A Wanted is an image that was requested.
type Wanted struct {
	Target   string
	Arch     string            // that the image is for, "" for this machine's
	Cross    string            // that is built for in it, "" for none
	Projects string            // as a label of the image has them
	List     []string          // projects and references that replace the pattern in Projects
	Manifest string            // digest of the manifest that lists the projects, "" for none
	Tag      string            // "" for envimage.Tag
	Labels   map[string]string // in addition to those of every image
	Network  api.Network
}

// Image returns how to build the image of a target.
func (p *Planner) Image(ctx context.Context, want Wanted) (envimage.Image, error) {
	list := want.List
	if list == nil {
		var err error
		if list, err = p.Workspace.Patterns(want.Projects); err != nil {
			return envimage.Image{}, err
		}
	}
	t, packages, err := p.Workspace.Resolve(ctx, workspace.Arches{Host: want.Arch, Cross: want.Cross}, want.Target, list, render.CheckDockerfile)
	if err != nil {
		return envimage.Image{}, err
	}
	foreign, err := p.foreign(&t, want.Arch)
	if err != nil {
		return envimage.Image{}, err
	}
	body, err := render.Dockerfile(t, packages, render.DockerfileOptions{Delta: true, PackageCache: p.KeepPackages && p.CacheDir != ""})
	if err != nil {
		return envimage.Image{}, err
	}
	arch := t.Host
	if t.Cross != "" {
		arch = t.Cross
	}
	cache := ""
	switch {
	case !p.KeepPackages:
	case p.CacheDir == "":
		p.Warnf(t.Name, "--package-cache has no effect: neither XDG_CACHE_HOME nor HOME says where")
	case body.Recipe == nil:
		p.Warnf(t.Name, "--package-cache has no effect: only deb packages can be kept")
	default:
		cache = filepath.Join(p.CacheDir, "packages")
	}
	labels := map[string]string{api.LabelTarget: t.Name, api.LabelProjects: want.Projects, api.LabelArch: string(arch)}
	maps.Copy(labels, want.Labels)
	image := envimage.New(&t, p.imageOptions(envimage.Options{
		Tag: want.Tag, Foreign: foreign != nil, Body: body, Manifest: want.Manifest, Network: want.Network, CacheDir: cache, Labels: labels,
	}))
	if foreign == nil {
		return image, p.addBase(&image, &t)
	}
	image.Base, image.Bootstrap = *foreign, p.Bootstrap && !p.Offline
	return image, nil
}

// foreign returns how to build the base image of a target for another
// architecture, and makes its Dockerfile start from that image if it is built
// locally. It returns nil for the host's architecture.
func (p *Planner) foreign(t *targets.Target, arch string) (*bootstrap.Options, error) {
	if arch == "" {
		return nil, nil
	}
	base, err := p.Mirrors().Base("", &t.Release)
	if err != nil {
		return nil, err
	}
	usual := base.Reference
	if base, err = ForeignBase(base, t.Name, t.Host); err != nil || base.Reference == usual {
		return nil, err
	}
	if t.Host.Platform() == "" {
		return nil, fmt.Errorf("registries have no images for %s", t.Host)
	}
	if p.Bootstrap {
		containers := *t.Containers
		containers.Base = "localhost/" + base.Reference // it exists only locally
		t.Containers = &containers
	}
	return &base, nil
}

func (p *Planner) imageOptions(o envimage.Options) envimage.Options {
	o.NoCache, o.Exact, o.AllowUnsafe, o.Offline, o.PullBase = p.NoCache, p.Exact, p.AllowUnsafe, p.Offline, p.PullBase
	return o
}

// addBase sets how to build the base image of a target, if p.Bootstrap permits
// it.
func (p *Planner) addBase(image *envimage.Image, t *targets.Target) (err error) {
	if image.Bootstrap = p.Bootstrap && !p.Offline && t != nil; image.Bootstrap {
		image.Base, err = p.Mirrors().Base("", &t.Release)
	}
	return err
}

// Advise adds a hint to a build error, for example for a base image that cannot
// be pulled.
func (p *Planner) Advise(err error, target string) error {
	var failed *api.BuildError
	switch {
	case !errors.As(err, &failed):
		return err
	case !failed.BaseMissing && p.Offline && failed.Code != 0:
		return diag.WithHint(err, "--offline gives the steps of a build no network")
	case !failed.BaseMissing || !bootstrap.Supports(target):
		return err
	case p.Bootstrap: // only when offline; otherwise the image would have been built
		return diag.WithHint(err, "--offline keeps --bootstrap from making the base image from the distribution's mirror")
	}
	return diag.WithHint(err, fmt.Sprintf("lcitool container bootstrap %s makes the base image from the distribution's mirror; --bootstrap does so here", target))
}

// A platformEngine finds images for platforms.
type platformEngine interface {
	Inspect(ctx context.Context, name string) (api.Image, error)
	ForPlatform(ctx context.Context, name, platform string, log io.Writer) (api.Image, error)
}

// ForPlatform checks that an image is for a platform. It pulls the image if it
// is not, unless offline is true.
func ForPlatform(ctx context.Context, engine platformEngine, image, platform string, offline bool, log io.Writer) error {
	if !offline {
		_, err := engine.ForPlatform(ctx, image, platform, log)
		return err
	}
	found, err := engine.Inspect(ctx, image)
	if err == nil && !api.RunsOn(found, platform) {
		err = fmt.Errorf("image %s is for %s, not for %s, and --offline forbids to pull it", image, found.Architecture, platform)
	}
	return err
}

// ForeignBase is envimage.ForeignBase, but returns o unchanged for the host's
// architecture.
func ForeignBase(o bootstrap.Options, target string, arch targets.Arch) (bootstrap.Options, error) {
	if own, err := workspace.HostArch(""); err != nil || own == arch {
		return o, err
	}
	return envimage.ForeignBase(o, target, arch), nil
}
