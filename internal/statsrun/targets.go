// SPDX-License-Identifier: GPL-2.0-or-later

package statsrun

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"

	"golang.org/x/sync/errgroup"

	"gitlab.com/lcitool/lcitool/container/api"
	"gitlab.com/lcitool/lcitool/domstats/check"
	"gitlab.com/lcitool/lcitool/domstats/daemon"
	"gitlab.com/lcitool/lcitool/internal/diag"
	"gitlab.com/lcitool/lcitool/internal/envimage"
	"gitlab.com/lcitool/lcitool/internal/imageplan"
	"gitlab.com/lcitool/lcitool/internal/safefs"
)

// Prepare fails if a libvirt or a QEMU of this machine cannot be tested, before
// anything is built. It resolves their directories, and makes the one for reports.
func (o *Options) Prepare() error {
	dirs := []*string{&o.Libvirt, &o.QEMU}
	o.Sources = slices.Clone(o.Sources)
	for i := range o.Sources {
		dirs = append(dirs, &o.Sources[i])
	}
	for _, dir := range dirs {
		real, err := safefs.Existing(*dir, "directory", os.FileMode.IsDir)
		if err != nil {
			return err
		}
		*dir = real
	}
	if _, err := check.FindEmulator(o.QEMU); err != nil {
		return err
	}
	if o.Libvirt != "" {
		if err := daemon.Check(o.Libvirt); err != nil {
			return err
		}
	}
	for _, dir := range dirs[:2] {
		if err := checkSource(*dir, o.Sources); err != nil {
			return err
		}
	}
	if o.Reports == "" {
		return nil
	}
	return os.MkdirAll(o.Reports, 0o755)
}

// checkSource returns an error for a build tree whose source tree would not be
// given to the container.
func checkSource(dir string, allowed []string) error {
	if dir == "" {
		return nil
	}
	_, err := daemon.Needs(dir, allowed...)
	if _, ok := errors.AsType[*daemon.SourceError](err); ok {
		return diag.WithHint(err, "the container can read all files of that directory; if you want that, name it with --source")
	}
	return err
}

// An EnsureFunc makes sure that an image is there; what the builder says goes to
// log.
type EnsureFunc func(ctx context.Context, engine envimage.Builder, image envimage.Image, log io.Writer) (api.BuildResult, error)

// A Runner runs the suite on targets side by side.
type Runner struct {
	Options        // for all targets; its Target and NewLog are the runner's
	Engine         Engine
	Planner        *imageplan.Planner
	Ensure         EnsureFunc
	Stdout, Stderr io.Writer
	Warnf          func(about, format string, args ...any)
}

// Run builds the image of each target and runs the suite in it. Each target runs to
// its end, even if others fail.
func (r *Runner) Run(ctx context.Context, targets []string) error {
	out := &Output{W: r.Stdout}
	var group errgroup.Group
	errs := make([]error, len(targets))
	for i, target := range targets {
		group.Go(func() error {
			errs[i] = r.target(ctx, target, out)
			return nil
		})
	}
	return errors.Join(group.Wait(), errors.Join(errs...))
}

func (r *Runner) target(ctx context.Context, target string, out *Output) error {
	image, err := r.Planner.Image(ctx, r.wanted(target))
	if err != nil {
		return err
	}
	log := out.Lines(r.Stderr, target)
	defer log.Close()
	built, err := r.Ensure(ctx, r.Engine, image, log)
	if err != nil {
		return r.Planner.Advise(err, target)
	}
	o := r.Options
	o.Target, o.NewLog = target, func() *Lines { return out.Lines(r.Stderr, target) }
	o.Warn = func(line string) { r.Warnf(target, "%s", line) }
	summary, err := o.Run(ctx, r.Engine, built.ID)
	return errors.Join(err, out.WriteAll(target+"\n"+summary))
}

// wanted is what a target needs: a libvirt or a QEMU of this machine also needs
// what it was built with.
func (o *Options) wanted(target string) imageplan.Wanted {
	want := imageplan.Wanted{Target: target, Projects: "libvirt-stats", Tag: "lcitool.stats." + target}
	for _, tested := range []struct{ project, dir string }{{"libvirt", o.Libvirt}, {"qemu", o.QEMU}} {
		if tested.dir != "" {
			want.Projects += "," + tested.project
			want.Tag += "." + tested.project
		}
	}
	return want
}
