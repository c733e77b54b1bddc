// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"runtime"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/domstats/check"
	"gitlab.com/lcitool/lcitool/domstats/suite"
	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/statsrun"
)

type statsRun struct {
	app     *app
	engine  engineFlags
	build   imageFlags
	targets []string
	statsrun.Options
}

func newStatsRun(a *app) *cobra.Command {
	s := &statsRun{app: a, engine: engineFlags{app: a}}
	cmd := &cobra.Command{
		Use:   "run -t TARGET",
		Short: "Run the statistics suite in containers",
		Long: `Build an image with libvirt and QEMU for each target and run the statistics suite in it,
with /dev/kvm and /dev/net/tun if this machine has them. Cases whose requirements are not
met are skipped, with the reason. Several targets run in parallel.

With --libvirt and --qemu, a build tree or an installation prefix of this machine is
tested instead of the distribution's packages. It is mounted at the same path, and the
image contains what such a build needs.`,
		Args: cliflags.Args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(s.targets) == 0 {
				return cliflags.Usagef(cmd, "the following arguments are required: -t/--target")
			}
			if s.Jobs < 1 {
				return cliflags.Usagef(cmd, "argument --jobs: must be positive, got %d", s.Jobs)
			}
			if err := check.CheckNeeds(s.Require); err != nil {
				return cliflags.Usagef(cmd, "argument --require: %w", err)
			}
			return s.run(cmd)
		},
	}
	f := cmd.Flags()
	f.StringArrayVarP(&s.targets, "target", "t", nil, "target to run on; may be repeated (required)")
	f.IntVarP(&s.Jobs, "jobs", "j", 2, "maximum number of cases to run in parallel on each target, beside one that only waits and one that runs alone")
	f.StringArrayVar(&s.Patterns, "run", nil, "pattern for the IDs of the cases to run, for example 'BLK-*'; may be repeated (default all)")
	f.StringSliceVar(&s.Require, "require", nil, "requirements without which cases fail instead of being skipped, for example kvm,perf")
	f.StringVar(&s.Libvirt, "libvirt", "", "build tree or installation prefix of the libvirt to test (default that of the target)")
	f.StringVar(&s.QEMU, "qemu", "", "build tree or installation prefix of the QEMU to test (default that of the target)")
	f.StringArrayVar(&s.Sources, "source", nil, "source tree that such a build tree may have, even if it does not look like that of libvirt or QEMU; may be repeated")
	f.StringVar(&s.Reports, "reports", "", "directory to write TARGET.json, .html, .xml and .tap to")
	f.BoolVar(&s.Privileged, "privileged", false, "run privileged containers, for perf events and cgroups")
	s.build.flags(f)
	s.app.verboseFlag(f)
	s.engine.flags(cmd)
	return cmd
}

func (s *statsRun) run(cmd *cobra.Command) error {
	if err := needLinux(runtime.GOOS); err != nil {
		return err
	}
	if _, err := suite.Select(suite.Cases(), s.Patterns...); err != nil {
		return cliflags.Usagef(cmd, "argument --run: %w", err)
	}
	if err := s.Prepare(); err != nil {
		return err
	}
	engine, err := s.engine.connect(cmd.Context(), cmd)
	if err != nil {
		return err
	}
	r := &statsrun.Runner{
		Options: s.Options, Engine: engine, Planner: s.app.planner(s.build), Ensure: s.app.ensure, Stdout: s.app.Stdout, Stderr: s.app.Stderr, Warnf: s.app.warnf,
	}
	return r.Run(cmd.Context(), s.targets)
}
