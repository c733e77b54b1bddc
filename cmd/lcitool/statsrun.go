// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"os"
	"runtime"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"gitlab.com/lcitool/lcitool/container"
	"gitlab.com/lcitool/lcitool/domstats/check"
	"gitlab.com/lcitool/lcitool/domstats/daemon"
	"gitlab.com/lcitool/lcitool/domstats/suite"
	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/imageplan"
	"gitlab.com/lcitool/lcitool/internal/safefs"
	"gitlab.com/lcitool/lcitool/internal/statsrun"
)

// statsRun runs the suite in the containers of targets.
type statsRun struct {
	app        *app
	engine     engineFlags
	build      imageFlags
	targets    []string
	jobs       int
	patterns   []string
	required   []string
	libvirt    string
	qemu       string
	reports    string
	privileged bool
}

func newStatsRun(a *app) *cobra.Command {
	s := &statsRun{app: a, engine: engineFlags{app: a}}
	cmd := &cobra.Command{
		Use:   "run -t TARGET",
		Short: "Run the statistics suite in containers",
		Long: `Build an image with libvirt and QEMU for each target, and run the statistics suite
in it, with /dev/kvm and /dev/net/tun where this machine has them. What is missing
is skipped with the reason. Several targets run side by side.

With --libvirt and --qemu, a build tree or an installed prefix of this machine is
tested instead of the distribution's; it is mounted at the same path. The image then
has what such a build needs.`,
		Args: cliflags.Args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(s.targets) == 0 {
				return cliflags.Usagef(cmd, "the following arguments are required: -t/--target")
			}
			if s.jobs < 1 {
				return cliflags.Usagef(cmd, "argument --jobs: must be positive, got %d", s.jobs)
			}
			if err := check.CheckNeeds(s.required); err != nil {
				return cliflags.Usagef(cmd, "argument --require: %w", err)
			}
			return s.run(cmd)
		},
	}
	f := cmd.Flags()
	f.StringArrayVarP(&s.targets, "target", "t", nil, "target to run on; may be repeated (required)")
	f.IntVarP(&s.jobs, "jobs", "j", 2, "number of cases that run at a time on each target")
	f.StringArrayVar(&s.patterns, "run", nil, "pattern of case ids to run, for example BLK-*; may be repeated (default all)")
	f.StringSliceVar(&s.required, "require", nil, "requirements that fail instead of skip when missing, for example kvm,perf")
	f.StringVar(&s.libvirt, "libvirt", "", "directory of the libvirt to test (default the target's)")
	f.StringVar(&s.qemu, "qemu", "", "directory of the QEMU to test (default the target's)")
	f.StringVar(&s.reports, "reports", "", "directory for TARGET.json, .html, .xml and .tap")
	f.BoolVar(&s.privileged, "privileged", false, "run privileged containers, for performance events and control groups")
	s.build.flags(f)
	s.app.verboseFlag(f)
	s.engine.flags(cmd)
	return cmd
}

func (s *statsRun) run(cmd *cobra.Command) error {
	if err := needLinux(runtime.GOOS); err != nil {
		return err
	}
	for _, dir := range []*string{&s.libvirt, &s.qemu} {
		real, err := safefs.Existing(*dir, "directory", os.FileMode.IsDir)
		if err != nil {
			return err
		}
		*dir = real
	}
	if _, err := check.FindEmulator(s.qemu); err != nil {
		return err
	}
	if _, err := suite.Select(suite.Cases(), s.patterns...); err != nil {
		return cliflags.Usagef(cmd, "argument --run: %w", err)
	}
	if s.libvirt != "" {
		if err := daemon.Check(s.libvirt); err != nil {
			return err
		}
	}
	if s.reports != "" {
		if err := os.MkdirAll(s.reports, 0o755); err != nil {
			return err
		}
	}
	engine, err := s.engine.connect(cmd.Context(), cmd)
	if err != nil {
		return err
	}
	out := &statsrun.Output{W: s.app.Stdout}
	var group errgroup.Group
	errs := make([]error, len(s.targets))
	for i, target := range s.targets {
		group.Go(func() error {
			// Each target runs to its end, even if others fail.
			errs[i] = s.runTarget(cmd.Context(), engine, target, out)
			return nil
		})
	}
	return errors.Join(group.Wait(), errors.Join(errs...))
}

// runTarget builds the image of a target and runs the suite in it.
func (s *statsRun) runTarget(ctx context.Context, engine *container.Engine, target string, out *statsrun.Output) error {
	planner := s.app.planner(s.build)
	image, err := planner.Image(ctx, s.image(target))
	if err != nil {
		return err
	}
	log := out.Lines(s.app.Stderr, target)
	defer log.Close()
	built, err := s.app.ensure(ctx, engine, image, log)
	if err != nil {
		return planner.Advise(err, target)
	}
	summary, err := statsrun.Options{
		Target: target, Libvirt: s.libvirt, QEMU: s.qemu, Reports: s.reports, Privileged: s.privileged,
		Jobs: s.jobs, Patterns: s.patterns, Require: s.required,
		Log: log, Warn: func(line string) { s.app.warnf(target, "%s", line) },
	}.Run(ctx, engine, built.ID)
	return errors.Join(err, out.WriteAll(target+"\n"+summary))
}

// image is what a target needs: a libvirt or a QEMU of this machine also needs
// what it was built with.
func (s *statsRun) image(target string) imageplan.Wanted {
	want := imageplan.Wanted{Target: target, Projects: "libvirt-stats", Tag: "lcitool.stats." + target}
	for _, tested := range []struct{ project, dir string }{{"libvirt", s.libvirt}, {"qemu", s.qemu}} {
		if tested.dir != "" {
			want.Projects += "," + tested.project
			want.Tag += "." + tested.project
		}
	}
	return want
}
