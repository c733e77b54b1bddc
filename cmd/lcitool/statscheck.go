// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/spf13/cobra"

	"gitlab.com/lcitool/lcitool/domstats/check"
	"gitlab.com/lcitool/lcitool/domstats/report"
	"gitlab.com/lcitool/lcitool/domstats/suite"
	"gitlab.com/lcitool/lcitool/internal/cliflags"
	"gitlab.com/lcitool/lcitool/internal/termtext"
)

type statsCheck struct {
	app    *app
	daemon *daemonFlags

	patterns []string
	required []string
	list     bool
	jobs     int
	format   string
	dir      string
	files    check.Files

	startDaemon bool
	own         check.Daemon
	qemu        string
}

func newStatsCheck(a *app) *cobra.Command {
	s := &statsCheck{app: a, daemon: &daemonFlags{app: a}}
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Run the statistics suite against a libvirt daemon",
		Long: `Run the extended statistics suite against a libvirt daemon. Each case creates its own
small guests and removes them; domains that the suite did not create are never changed.
Cases whose requirements this machine does not meet are skipped, with the reason.

The exit status is 1 if a case fails. Known deviations of released software are reported
as such and do not count as failures.`,
		Args: cliflags.Args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if s.jobs < 1 {
				return cliflags.Usagef(cmd, "argument --jobs: must be positive, got %d", s.jobs)
			}
			cases, err := suite.Select(suite.Cases(), s.patterns...)
			if err != nil {
				return cliflags.Usagef(cmd, "argument --run: %w", err)
			}
			if err := check.CheckNeeds(s.required); err != nil {
				return cliflags.Usagef(cmd, "argument --require: %w", err)
			}
			if s.list {
				listed, lines := suite.List(cases)
				return a.Result(s.format, listed, lines)
			}
			return s.run(cmd.Context(), cases)
		},
	}
	s.daemon.flags(cmd)
	flags := cmd.Flags()
	flags.StringArrayVar(&s.patterns, "run", nil, "pattern for the IDs of the cases to run, for example 'BLK-*'; may be repeated (default all)")
	flags.StringSliceVar(&s.required, "require", nil, "requirements without which cases fail instead of being skipped, for example kvm,perf")
	flags.BoolVar(&s.list, "list", false, "list the cases and their requirements instead of running them")
	flags.IntVarP(&s.jobs, "jobs", "j", 2, "maximum number of cases to run in parallel, beside one that only waits")
	cliflags.Choice(flags, &s.format, "format", "", "output format: text, json or tap", "text", "json", "tap")
	flags.StringVar(&s.dir, "dir", "", "directory for the disks of the guests, readable by QEMU (default the system's temporary directory)")
	flags.BoolVar(&s.startDaemon, "start-daemon", false, "start a libvirt daemon first; only in a container where none runs")
	flags.StringVar(&s.own.Libvirt, "libvirt", "", "build tree or installation prefix of the libvirt to start (default that of the distribution)")
	flags.StringVar(&s.own.Log, "daemon-log", "", "log file of the daemon that --start-daemon starts")
	flags.StringVar(&s.qemu, "qemu", "", "build tree or installation prefix of the QEMU to test (default that of the distribution)")
	flags.StringVar(&s.files.TAP, "tap", "", "file to write the results to as TAP")
	flags.StringVar(&s.files.JUnit, "junit", "", "file to write the results to as JUnit XML")
	flags.StringVar(&s.files.JSON, "json", "", "file to write the whole run to as JSON, for lcitool stats diff")
	flags.StringVar(&s.files.HTML, "html", "", "file to write an HTML page with the coverage map to")
	return cmd
}

func (s *statsCheck) run(ctx context.Context, cases []suite.Case) error {
	if err := needLinux(runtime.GOOS); err != nil {
		return err
	}
	o := check.Options{
		Cases: cases, Jobs: s.jobs, Require: check.Needs(s.required),
		RPC: s.daemon.options(), Dir: cmp.Or(s.dir, os.TempDir()), QEMU: s.qemu,
		Log:    s.app.log(),
		Notice: func(line string) { s.app.Infof("%s", line) },
		Done: func(r suite.Result) {
			fmt.Fprintf(s.app.Stderr, "%-6s  %5.1f s  %s\n", r.ID, r.Duration.Seconds(), termtext.Line(r.Verdict()))
		},
	}
	if s.startDaemon {
		o.Daemon = &s.own
	}
	found, err := check.Run(ctx, o)
	if found == nil {
		return err
	}
	return errors.Join(s.finish(ctx, found), err)
}

// finish writes the reports and returns the exit status. It also writes the
// partial results of an interrupted run.
func (s *statsCheck) finish(ctx context.Context, r *report.Run) error {
	show := map[string]func(io.Writer) error{"text": r.WriteSummary, "json": r.WriteJSON, "tap": r.WriteTAP}
	err := errors.Join(show[s.format](s.app.Stdout), s.files.Write(ctx, r))
	if err != nil {
		return err
	}
	if r.Failed() {
		return statusError(1)
	}
	return ctx.Err()
}
