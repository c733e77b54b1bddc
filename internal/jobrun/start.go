// SPDX-License-Identifier: GPL-2.0-or-later

package jobrun

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/internal/treetar"
)

// Labels of a job's container.
const (
	LabelJob     = "lcitool.job"
	LabelProject = "lcitool.project"
)

// image makes sure that the image is there.
func (r *Runner) image(ctx context.Context, j *Job, log io.Writer) (id string, built bool, err error) {
	if j.Image.Build != nil {
		result, err := j.Image.Build.Ensure(ctx, r.Engine, log)
		return result.ID, err == nil && !result.Cached, err
	}
	if !j.Image.Pull {
		image, err := r.Engine.Inspect(ctx, j.Image.Reference)
		if err == nil || !errors.Is(err, container.ErrNoImage) {
			return image.ID, false, err
		}
	}
	image, err := r.Engine.Pull(ctx, j.Image.Reference, log)
	return image.ID, false, err
}

// start makes the container with the tree, the scripts and what earlier jobs
// hand on.
func (r *Runner) start(ctx context.Context, j *Job, env []string) (*container.Container, error) {
	o := container.RunOptions{
		Image: j.Image.Reference, WorkDir: r.Tree.At, Env: env, Name: "lcitool-job",
		Devices: r.Limits.Devices, Network: r.Limits.Network, Memory: r.Limits.Memory, CPUs: r.Limits.CPUs,
		Labels: map[string]string{LabelJob: label(j.Name), LabelProject: label(r.Project)},
	}
	if err := r.tree(&o); err != nil {
		return nil, err
	}
	if j.Job.Image != nil && j.Job.Image.User != "" {
		o.User = j.Job.Image.User
	} else if image, err := r.Engine.Inspect(ctx, j.Image.Reference); err == nil {
		o.User = image.User
	}
	if r.Caches != "" && value(env, "CCACHE_DIR") == ccacheDir {
		o.Volumes = append(o.Volumes, container.Volume{Name: r.ccacheVolume(j), Target: ccacheDir})
	}
	c, err := r.Engine.Start(ctx, o)
	if err != nil {
		return nil, err
	}
	for _, w := range c.Warnings() {
		r.warn(j, w)
	}
	if err := r.furnish(ctx, j, c); err != nil {
		return nil, errors.Join(err, c.Remove(ctx))
	}
	return c, nil
}

// tree lets the container see the project's files, or sends them where it
// cannot: to an engine on another machine, or to stay there after they are gone
// here.
func (r *Runner) tree(o *container.RunOptions) error {
	switch {
	case r.Engine.Local() && (!r.Keep || !r.Tree.Passing):
		m := container.Mount{Source: r.Tree.Dir, Target: r.Tree.At, Overlay: !r.Tree.Writable}
		if own := filepath.Dir(r.Artifacts); m.Overlay && filepath.Dir(own) == r.Tree.Dir {
			// What other jobs leave there is none of this one's business, and
			// an archive of a directory that changes ends where it does.
			m.Hide = filepath.Base(own)
		}
		o.Mounts = append(o.Mounts, m)
	case r.Tree.Writable:
		return fmt.Errorf("cannot let jobs change the project's directory: podman at %s is on another machine", r.Engine.Address())
	default:
		own, err := filepath.Rel(r.Tree.Dir, r.Artifacts)
		keep := func(name string, _ fs.DirEntry) bool { return err != nil || name != filepath.ToSlash(own) }
		o.Trees = append(o.Trees, container.Tree{Target: r.Tree.At, Tar: func(ctx context.Context, w io.Writer) error {
			return treetar.Pack(ctx, w, r.Tree.Dir, treetar.PackOptions{Keep: keep})
		}})
	}
	return nil
}

// furnish puts into a new container what the job finds there.
func (r *Runner) furnish(ctx context.Context, j *Job, c *container.Container) error {
	scripts, err := j.scripts(r.Tree.At)
	if err != nil {
		return err
	}
	if err := c.Put(ctx, path.Dir(stateDir), bytes.NewReader(scripts)); err != nil {
		return err
	}
	if err := r.restoreCaches(ctx, j, c); err != nil {
		return err
	}
	for _, from := range j.From {
		if err := r.handOn(ctx, j, from, c); err != nil {
			return fmt.Errorf("artifacts of job %q: %w", from.Name, err)
		}
	}
	return nil
}

// label keeps a value from being none.
func label(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, s)
}
